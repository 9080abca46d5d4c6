//! `cargo run`: the stack of `infra/infra.yaml` on this machine.

use std::process::ExitCode;

use local_stack::command_line::{Command, HELP, VERSION};
use local_stack::image_upload::{ApiClient, ImageFile};
use local_stack::{Options, REGION, Stack};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let options = match Options::read(std::env::args_os().skip(1))? {
        Command::Run(options) => options,
        Command::Help => {
            print!("{HELP}");
            return Ok(());
        }
        Command::Version => {
            print!("{VERSION}");
            return Ok(());
        }
    };
    let default = if options.quiet {
        "warn,s3s=off,dynoxide=error"
    } else {
        "warn,s3s=off,dynoxide=error,local_stack=info"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(&options))
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let images = ImageFile::read_all(&options.images)?;
    let stack = Stack::start(options).await?;
    if stack.has_gallery {
        println!("page  {}", stack.api_url);
    }
    println!("aws   {}", stack.aws_url);
    println!(
        "export AWS_ENDPOINT_URL={} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}",
        stack.aws_url
    );
    println!("export AWS_ACCESS_KEY_ID={}", stack.credentials.access_key);
    println!(
        "export AWS_SECRET_ACCESS_KEY={}",
        stack.credentials.secret_key
    );
    if let Some(key) = &stack.api_key {
        println!("export STACK_API_KEY={key}");
    }
    println!("logs  {}", stack.logs.display());
    for (name, value) in &stack.outputs {
        println!("output {name:<33} {value}");
    }
    println!("ready {}", stack.api_url);
    let client = ApiClient::new(&stack);
    for image in &images {
        match client.upload(image).await {
            Ok(description) => println!("\n{description}"),
            Err(error) => eprintln!("error: {error:#}"),
        }
    }
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}
