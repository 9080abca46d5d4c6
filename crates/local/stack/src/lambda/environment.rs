//! An execution environment: one process of a function, and the Runtime API that it talks to
//! (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Function;
use super::memory::Memory;
use super::output;
use super::platform_report::{PlatformReport, Status};
use super::process_group::ProcessGroup;
use super::runtime_api::{Invocation, InvocationResult, RuntimeApi};
use crate::{private_files, server};

/// How long a function may take to start.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an invocation failed: an object with `errorType` and `errorMessage`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct InvocationError(Value);

impl InvocationError {
    fn new(kind: &str, message: &str) -> Self {
        Self(json!({"errorType": kind, "errorMessage": message}))
    }

    /// Its `errorMessage`.
    pub fn message(&self) -> &str {
        self.0["errorMessage"].as_str().unwrap_or_default()
    }
}

/// One process of a function.
pub struct Environment {
    process: Child,
    memory: Memory,
    log: File,
    invocations: mpsc::Sender<Invocation>,
    api: Arc<RuntimeApi>,
    server: JoinHandle<()>,
    /// When the process was started, until its first invocation.
    started: Option<Instant>,
    alive: bool,
}

impl Environment {
    /// Starts a process.
    pub async fn start(function: &Function, group: &ProcessGroup) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no port is free")?;
        let (invocations, receiver) = mpsc::channel(1);
        let api = RuntimeApi::new(listener.local_addr()?, receiver);
        let handler = Arc::clone(&api);
        let server = tokio::spawn(server::serve(
            listener,
            Arc::default(),
            move |request, _| {
                let api = Arc::clone(&handler);
                async move { api.handle(request).await }
            },
        ));
        let log = private_files::append(&function.log)
            .with_context(|| format!("cannot write {}", function.log.display()))?;
        let mut process = Command::new(&function.executable)
            .env_clear()
            .envs(&function.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.endpoint())
            .env(
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!("[$LATEST]{}", Uuid::new_v4().simple()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone()?)
            .process_group(group.id())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", function.executable.display()))?;
        if let Some(stdout) = process.stdout.take() {
            let name = function.logical_id.clone();
            tokio::spawn(output::copy(name, stdout, log.try_clone()?));
        }
        Ok(Self {
            memory: Memory::new(process.id(), function.memory_size_mb),
            process,
            log,
            invocations,
            api,
            server,
            started: Some(Instant::now()),
            alive: true,
        })
    }

    /// Hands an event to the process, waits for the result, and logs Lambda's report.
    pub async fn invoke(
        &mut self,
        function: &Function,
        payload: Bytes,
    ) -> Result<(), InvocationError> {
        let request_id = Uuid::new_v4().to_string();
        let mut timing = Timing::default();
        let (mut status, mut result) = self.run(function, &request_id, payload, &mut timing).await;
        // The peak may have been between two checks. A process that Lambda kills has no response.
        if self.memory.is_exceeded() && matches!(status, Status::Success | Status::Failure) {
            (status, result) = self.out_of_memory(&request_id).await;
        }
        let report = PlatformReport {
            request_id: &request_id,
            status,
            duration: timing.taken.map_or(Duration::ZERO, |taken| taken.elapsed()),
            init_duration: timing.init,
            memory_size_mb: function.memory_size_mb,
            max_memory_used_mb: self.memory.max_used_mb(),
        };
        let line = format!("{}\n", report.line(function.log_format));
        if let Err(error) = self.log.write_all(line.as_bytes()) {
            tracing::error!("cannot write {}: {error}", function.log.display());
        }
        result
    }

    async fn run(
        &mut self,
        function: &Function,
        request_id: &str,
        payload: Bytes,
        timing: &mut Timing,
    ) -> (Status, Result<(), InvocationError>) {
        let (taken, has_taken) = oneshot::channel();
        let (result, has_result) = oneshot::channel();
        let invocation = Invocation {
            request_id: request_id.to_owned(),
            function_arn: function.arn.clone(),
            payload,
            timeout: function.timeout,
            taken,
            result,
        };
        if self.invocations.send(invocation).await.is_err() {
            return self.kill(request_id, "Runtime API has ended").await;
        }
        tokio::select! {
            biased;
            taken = has_taken => if taken.is_err() {
                return self.kill(request_id, "Runtime API has ended").await;
            },
            status = self.process.wait() => return self.exited(request_id, status.ok()),
            () = self.memory.exceeded() => return self.out_of_memory(request_id).await,
            () = tokio::time::sleep(INIT_TIMEOUT) => {
                return self.kill(request_id, "Runtime did not start within 10 seconds").await;
            }
        }
        timing.init = self.started.take().map(|started| started.elapsed());
        timing.taken = Some(Instant::now());
        tokio::select! {
            biased;
            result = has_result => match result {
                Ok(InvocationResult::Response) => (Status::Success, Ok(())),
                Ok(InvocationResult::Error(body)) => (Status::Failure, Err(reported(&body))),
                Err(_) => self.kill(request_id, "Runtime API has ended").await,
            },
            status = self.process.wait() => self.exited(request_id, status.ok()),
            () = self.memory.exceeded() => self.out_of_memory(request_id).await,
            () = tokio::time::sleep(function.timeout) => {
                let seconds = function.timeout.as_secs_f64();
                self.end().await;
                let message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
                (Status::Timeout, Err(InvocationError::new("Sandbox.Timedout", &message)))
            }
        }
    }

    /// Whether another event can be handed to it.
    pub fn is_alive(&mut self) -> bool {
        self.alive && matches!(self.process.try_wait(), Ok(None))
    }

    async fn end(&mut self) {
        self.alive = false;
        let _ = self.process.kill().await;
    }

    async fn kill(
        &mut self,
        request_id: &str,
        reason: &str,
    ) -> (Status, Result<(), InvocationError>) {
        self.end().await;
        exit_error(request_id, reason)
    }

    /// What Lambda reports for a process that it killed because of its memory.
    async fn out_of_memory(&mut self, request_id: &str) -> (Status, Result<(), InvocationError>) {
        self.end().await;
        let (_, error) = exit_error(request_id, "Runtime exited with error: signal: killed");
        (Status::Error("Runtime.OutOfMemory"), error)
    }

    fn exited(
        &mut self,
        request_id: &str,
        status: Option<ExitStatus>,
    ) -> (Status, Result<(), InvocationError>) {
        self.alive = false;
        if let Some(body) = self.api.init_error() {
            return (Status::Error("Runtime.InitError"), Err(reported(&body)));
        }
        exit_error(request_id, &exit_reason(status))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Default)]
struct Timing {
    init: Option<Duration>,
    taken: Option<Instant>,
}

/// The error that a function reported.
fn reported(body: &[u8]) -> InvocationError {
    InvocationError(
        serde_json::from_slice(body)
            .unwrap_or_else(|_| json!({"errorMessage": String::from_utf8_lossy(body)})),
    )
}

fn exit_error(request_id: &str, reason: &str) -> (Status, Result<(), InvocationError>) {
    const KIND: &str = "Runtime.ExitError";
    let message = format!("RequestId: {request_id} Error: {reason}");
    (
        Status::Error(KIND),
        Err(InvocationError::new(KIND, &message)),
    )
}

/// In Lambda's words.
fn exit_reason(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "Runtime exited".to_owned();
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => {
            let signal = match signal {
                Some(6) => "aborted".to_owned(),
                Some(9) => "killed".to_owned(),
                Some(11) => "segmentation fault".to_owned(),
                Some(15) => "terminated".to_owned(),
                other => other.unwrap_or_default().to_string(),
            };
            format!("Runtime exited with error: signal: {signal}")
        }
    }
}
