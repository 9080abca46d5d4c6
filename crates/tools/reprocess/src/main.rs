//! `cargo run --release -p reprocess -- --help`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use reprocess::{Checkpoint, Clients, Progress, Walk, describe};

const HELP: &str = "\
Makes thumbnails again for every image in the raw bucket, on AWS or on this machine: after ThumbnailSizes
was changed (sizes that are no longer wanted are deleted), or for images that were in the bucket before the
stack. With --analyses it makes analyses again instead; Rekognition costs about $1 for 1,000 images.

Sends events to the function's queue. Can be interrupted: the next run continues where this one stopped. Uses the
standard AWS environment variables; AWS_ENDPOINT_URL=http://127.0.0.1:4566 is the stack of `cargo run`.

Usage: cargo run --release -p reprocess -- [OPTIONS]

      --stack NAME          the stack, whose outputs name bucket, table and queue [default: contact-sheet]
      --analyses            analyses instead of thumbnails
      --prefix PREFIX       only keys that begin with PREFIX
      --max-waiting N       send no more while N messages wait: uploads wait behind them [default: 1000]
      --checkpoint FILE     where progress is kept [default: .reprocess.json]
      --restart             begin anew
      --raw-bucket NAME     instead of the stack's outputs, all three:
      --image-table NAME
      --queue-url URL       the queue of the function that is wanted
  -h, --help
  -V, --version
";

struct Options {
    stack: String,
    analyses: bool,
    prefix: String,
    max_waiting: u64,
    checkpoint: PathBuf,
    restart: bool,
    raw_bucket: Option<String>,
    image_table: Option<String>,
    queue_url: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `None` if only help or the version was requested.
fn options() -> anyhow::Result<Option<Options>> {
    let mut options = Options {
        stack: "contact-sheet".to_owned(),
        analyses: false,
        prefix: String::new(),
        max_waiting: 1000,
        checkpoint: PathBuf::from(".reprocess.json"),
        restart: false,
        raw_bucket: None,
        image_table: None,
        queue_url: None,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("stack") => options.stack = arguments.value()?.string()?,
            Long("analyses") => options.analyses = true,
            Long("prefix") => options.prefix = arguments.value()?.string()?,
            Long("max-waiting") => {
                options.max_waiting = arguments.value()?.parse()?;
                if options.max_waiting == 0 {
                    bail!("--max-waiting must be at least 1");
                }
            }
            Long("checkpoint") => options.checkpoint = arguments.value()?.into(),
            Long("restart") => options.restart = true,
            Long("raw-bucket") => options.raw_bucket = Some(arguments.value()?.string()?),
            Long("image-table") => options.image_table = Some(arguments.value()?.string()?),
            Long("queue-url") => options.queue_url = Some(arguments.value()?.string()?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("reprocess {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            Value(_) | Short(_) | Long(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Some(options))
}

async fn run() -> anyhow::Result<()> {
    let Some(options) = options()? else {
        return Ok(());
    };
    let config = runtime::clients(5).await;
    let given = (
        options.raw_bucket.clone(),
        options.image_table.clone(),
        options.queue_url.clone(),
    );
    let (bucket, table, queue_url) = if let (Some(bucket), Some(table), Some(queue)) = given {
        (bucket, table, queue)
    } else {
        let outputs = describe(&config, &options.stack).await?;
        let output = |given: Option<String>, name: &str| {
            given
                .or_else(|| outputs.get(name).cloned())
                .with_context(|| format!("stack {} has no output {name}", options.stack))
        };
        let queue = if options.analyses {
            "AnalyzeImageQueueUrl"
        } else {
            "CreateThumbnailQueueUrl"
        };
        (
            output(options.raw_bucket, "RawBucketName")?,
            output(options.image_table, "ImageTableName")?,
            output(options.queue_url, queue)?,
        )
    };
    if options.restart {
        Checkpoint::remove(&options.checkpoint)?;
    }
    // For path-style addresses: a bucket is not a host name on this machine.
    let s3 = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(config.endpoint_url().is_some())
        .build();
    let clients = Clients {
        s3: aws_sdk_s3::Client::from_conf(s3),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
    };
    let walk = Walk {
        bucket,
        table,
        queue_url,
        prefix: options.prefix,
        max_waiting: options.max_waiting,
        page: 1000,
        checkpoint: options.checkpoint,
    };
    println!("from {} to {}", walk.bucket, walk.queue_url);
    let done = walk.run(&clients, |progress| println!("{}", line(&progress)));
    println!("done: {}", counts(&done.await?));
    Ok(())
}

fn line(progress: &Progress) -> String {
    match progress {
        Progress::Resumed(after) => format!("continues after {after:?}"),
        Progress::Full(waiting) => format!("{waiting} messages wait in the queue: waiting for it"),
        Progress::Page(checkpoint) => {
            let after = checkpoint.after.as_deref().unwrap_or_default();
            format!("{}, up to {after:?}", counts(checkpoint))
        }
    }
}

fn counts(checkpoint: &Checkpoint) -> String {
    format!(
        "{} events sent, {} images left to their own events",
        checkpoint.sent, checkpoint.skipped
    )
}
