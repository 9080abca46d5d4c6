//! The stack, in a separate process that can be killed.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use local_stack::access::Credentials;
use local_stack::command_line::Data;
use local_stack::function_calls::Faults;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::options::Options;

/// The addresses of a running stack, and its administrator's credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoint {
    pub api_url: String,
    pub aws_url: String,
    pub credentials: Credentials,
    pub outputs: std::collections::BTreeMap<String, String>,
}

/// Runs a stack in this process until its standard input is closed.
pub async fn serve(options: &Options) -> anyhow::Result<()> {
    let faults = Faults {
        service: options.fault_service.clone(),
        percent: options.fault_percent,
        // Faults differ between runs, so that it is not always the same calls that fail.
        seed: options.seed ^ u64::from(std::process::id()),
    };
    let concurrency = ["AnalyzeConcurrency", "ThumbnailConcurrency"]
        .map(|name| (name.to_owned(), options.concurrency.to_string()));
    let stack = local_stack::Stack::start(&local_stack::Options {
        api_port: 0,
        aws_port: 0,
        data: Data::Kept(options.data.join("stack")),
        parameters: concurrency.into(),
        rekognition_rate: options.rekognition_rate,
        faults: (faults.percent > 0).then(|| Box::new(faults)),
        ..local_stack::Options::default()
    })
    .await?;
    let endpoint = Endpoint {
        api_url: stack.api_url.clone(),
        aws_url: stack.aws_url.clone(),
        credentials: stack.credentials.clone(),
        outputs: stack.outputs.clone(),
    };
    println!("{}", serde_json::to_string(&endpoint)?);
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// A process that runs [`serve`].
pub struct StackProcess {
    child: Child,
    pub endpoint: Arc<Endpoint>,
}

impl StackProcess {
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(options.stack_arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("the stack has no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let Some(line) = line else {
            bail!("the stack did not start");
        };
        Ok(Self {
            child,
            endpoint: Arc::new(serde_json::from_str(&line)?),
        })
    }

    /// Kills the stack as `kill -9` does; its data folder is free when this returns.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Kills one of the processes of the functions, if there are any; `choice` decides which.
    pub async fn kill_function(&self, choice: u64) -> anyhow::Result<bool> {
        let Some(stack) = self.child.id() else {
            return Ok(false);
        };
        let functions = functions_of(stack);
        let Some(count) = u64::try_from(functions.len())
            .ok()
            .filter(|count| *count > 0)
        else {
            return Ok(false);
        };
        let chosen = functions[usize::try_from(choice % count)?];
        let killed = Command::new("kill")
            .args(["-KILL", &chosen.to_string()])
            .status()
            .await?;
        Ok(killed.success())
    }
}

/// The ids of the processes that a stack has started for its functions (Linux).
fn functions_of(stack: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            is_function_of(&entry.path(), stack).then_some(id)
        })
        .collect()
}

fn is_function_of(process: &Path, stack: u32) -> bool {
    let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    // The name, in parentheses, may contain anything.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let parent = after_name.split_whitespace().nth(1);
    let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    parent == Some(stack.to_string().as_str())
        && ["create-thumb", "analyze-image"]
            .iter()
            .any(|function| name.starts_with(function))
}
