//! A soak test: many changes on a stack whose services fail and whose processes are killed.

mod client;
mod options;
mod plan;
mod stack;
mod verify;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use http::{Method, StatusCode};
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use client::Client;
use options::Options;
use plan::{Change, Plan};
use stack::StackProcess;

const QUEUES: [&str; 2] = ["CreateThumbnailQueue", "AnalyzeImageQueue"];
const POLL: Duration = Duration::from_millis(200);
/// Counting a hundred thousand messages takes the stack a while.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// Differences that are printed.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<bool> {
    let Some(options) = Options::read(std::env::args_os().skip(1))? else {
        print!("{}", options::HELP);
        return Ok(true);
    };
    std::fs::create_dir_all(&options.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if options.is_stack {
            stack::serve(&options).await.map(|()| true)
        } else {
            soak(&options).await
        }
    })
}

/// A running soak.
struct Soak<'a> {
    options: &'a Options,
    stack: StackProcess,
    client: watch::Sender<Client>,
    made: Arc<AtomicU64>,
    stack_kills: u64,
    function_kills: u64,
}

async fn soak(options: &Options) -> anyhow::Result<bool> {
    let plan = Plan::new(options);
    let start = Instant::now();
    let progress = options.data.join("progress");
    let first = std::fs::read_to_string(&progress).map_or(Ok(0), |text| text.trim().parse())?;
    let stack = StackProcess::start(options).await?;
    let (client, _) = watch::channel(Client::new(Arc::clone(&stack.endpoint)));
    let mut soak = Soak {
        options,
        stack,
        client,
        made: Arc::new(AtomicU64::new(first)),
        stack_kills: 0,
        function_kills: 0,
    };
    println!(
        "changes {first} to {}, in {}",
        options.changes,
        options.data.display()
    );
    let mut next = first;
    while next < options.changes {
        soak.make(&plan, next).await?;
        next = options.changes.min(next + plan::BATCH);
        std::fs::write(&progress, next.to_string())
            .with_context(|| format!("cannot write {}", progress.display()))?;
        println!(
            "{:6.0} s  {next} changes made",
            start.elapsed().as_secs_f64()
        );
    }
    soak.settle(start).await?;
    let dead = soak.redrive().await?;
    soak.settle(start).await?;
    let settled = start.elapsed();
    let client = soak.client.borrow().clone();
    let findings = verify::verify(&client, plan.outcome()).await?;
    println!(
        "{} changes in {:.0} s; the stack was killed {} times, functions {} times; {dead} dead letters before the redrive",
        options.changes - first,
        settled.as_secs_f64(),
        soak.stack_kills,
        soak.function_kills
    );
    println!(
        "{} images done, {} failed with a reason, {} deleted; {} thumbnails, {} label rows; {} wrong",
        findings.done,
        findings.failed_with_reason,
        findings.deleted,
        findings.thumbnails,
        findings.label_rows,
        findings.wrong.len()
    );
    for wrong in findings.wrong.iter().take(SHOWN) {
        println!("  {wrong}");
    }
    let mut left = 0;
    for queue in QUEUES {
        left += client.messages(&dead_letter_queue(queue)).await?;
    }
    println!("{left} dead letters after the redrive");
    Ok(findings.wrong.is_empty() && left == 0)
}

fn dead_letter_queue(queue: &str) -> String {
    queue.replace("Queue", "DeadLetterQueue")
}

impl Soak<'_> {
    /// Makes the changes of one batch, and kills processes meanwhile.
    async fn make(&mut self, plan: &Plan, first: u64) -> anyhow::Result<()> {
        let slots = Arc::new(Semaphore::new(self.options.parallel));
        let mut workers = JoinSet::new();
        for (key, changes) in plan.batch(first) {
            let slots = Arc::clone(&slots);
            let client = self.client.subscribe();
            let made = Arc::clone(&self.made);
            workers.spawn(async move {
                let _slot = slots.acquire().await;
                for change in changes {
                    apply(client.clone(), &key, change).await?;
                    made.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            });
        }
        loop {
            tokio::select! {
                worker = workers.join_next() => match worker {
                    Some(worker) => worker??,
                    None => return Ok(()),
                },
                () = tokio::time::sleep(POLL) => {}
            }
            self.kill_what_is_due().await?;
        }
    }

    async fn kill_what_is_due(&mut self) -> anyhow::Result<()> {
        let made = self.made.load(Ordering::Relaxed);
        let due = |kills: u64| kills * made / self.options.changes;
        if self.function_kills < due(self.options.function_kills) {
            let choice = plan::mix(self.function_kills);
            if self.stack.kill_function(choice).await? {
                self.function_kills += 1;
            }
        }
        if self.stack_kills < due(self.options.stack_kills) {
            self.stack_kills += 1;
            self.stack.kill().await?;
            self.stack = StackProcess::start(self.options).await?;
            self.client
                .send_replace(Client::new(Arc::clone(&self.stack.endpoint)));
        }
        Ok(())
    }

    /// Waits until both queues are empty.
    async fn settle(&self, start: Instant) -> anyhow::Result<()> {
        let client = self.client.borrow().clone();
        let mut shown = 0;
        loop {
            let mut waiting = 0;
            for queue in QUEUES {
                waiting += client.messages(queue).await?;
            }
            if waiting == 0 {
                return Ok(());
            }
            let seconds = start.elapsed().as_secs();
            if seconds >= shown + 10 {
                shown = seconds;
                println!("{seconds:6} s  {waiting} events wait");
            }
            tokio::time::sleep(COUNT_EVERY).await;
        }
    }

    /// Moves the dead letters back to their queues; returns how many there were.
    async fn redrive(&self) -> anyhow::Result<u64> {
        let client = self.client.borrow().clone();
        let mut all = 0;
        for queue in QUEUES {
            let dead = dead_letter_queue(queue);
            all += client.messages(&dead).await?;
            let arn = |attributes: serde_json::Value| attributes["QueueArn"].clone();
            let request = json!({
                "SourceArn": arn(client.queue(&dead).await?),
                "DestinationArn": arn(client.queue(queue).await?),
            });
            client.sqs("StartMessageMoveTask", &request).await?;
            loop {
                let tasks = client.sqs("ListMessageMoveTasks", &request).await?;
                match tasks["Results"][0]["Status"].as_str() {
                    Some("RUNNING") => tokio::time::sleep(POLL).await,
                    Some("COMPLETED") => break,
                    _ => bail!("the message move task has not completed: {tasks}"),
                }
            }
        }
        Ok(all)
    }
}

/// Makes a change until it is acknowledged; a request without a response is sent again.
async fn apply(
    mut client: watch::Receiver<Client>,
    key: &str,
    change: Change,
) -> anyhow::Result<()> {
    let path = format!("images/{}", key.replace(' ', "%20"));
    let (method, expected) = match change {
        Change::Delete => (Method::DELETE, StatusCode::NO_CONTENT),
        _ => (Method::PUT, StatusCode::CREATED),
    };
    let body = change.body().unwrap_or_default();
    loop {
        let current = client.borrow_and_update().clone();
        match current.api(method.clone(), &path, body.clone()).await {
            Ok((status, _)) if status == expected => return Ok(()),
            Ok((status, body)) if !status.is_server_error() => {
                bail!(
                    "{method} {path}: {status}: {}",
                    String::from_utf8_lossy(&body)
                )
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}
