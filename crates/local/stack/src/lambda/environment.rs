//! An execution environment: one process of a function, and the Runtime API that it talks to.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Function;
use super::event_queue::Event;
use super::runtime_api::{Answer, Invocation, RuntimeApi};
use crate::server;

/// How long a function may take to start
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>).
const INIT: Duration = Duration::from_secs(10);

/// What came of an event.
pub enum Outcome {
    /// The function answered.
    Done,
    /// The error object, with `errorMessage`.
    Failed(Value),
}

/// One process of a function.
pub struct Environment {
    process: Child,
    invocations: mpsc::Sender<Invocation>,
    api: Arc<RuntimeApi>,
    server: JoinHandle<()>,
    alive: bool,
}

impl Environment {
    /// Starts a process.
    pub async fn start(function: &Function) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no port is free")?;
        let address = listener.local_addr()?;
        let (invocations, receiver) = mpsc::channel(1);
        let api = RuntimeApi::new(receiver);
        let handler = Arc::clone(&api);
        let server = tokio::spawn(server::serve(
            listener,
            Arc::default(),
            move |request, _| {
                let api = Arc::clone(&handler);
                async move { api.handle(request).await }
            },
        ));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&function.log)
            .with_context(|| format!("cannot write {}", function.log.display()))?;
        let process = Command::new(&function.executable)
            .env_clear()
            .envs(&function.environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env(
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!("[$LATEST]{}", uuid::Uuid::new_v4().simple()),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", function.executable.display()))?;
        Ok(Self {
            process,
            invocations,
            api,
            server,
            alive: true,
        })
    }

    /// Hands an event to the process and waits for what comes of it.
    pub async fn invoke(&mut self, function: &Function, event: &Event) -> Outcome {
        let (taken, has_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation {
            request_id: event.request_id.clone(),
            function_arn: function.arn.clone(),
            payload: Bytes::from(event.payload.clone()),
            timeout: function.timeout,
            taken,
            answer,
        };
        if self.invocations.send(invocation).await.is_err() {
            self.alive = false;
            return failed("Runtime.ExitError", "the Runtime API has ended");
        }
        tokio::select! {
            biased;
            taken = has_taken => if taken.is_err() {
                return self.ended("the Runtime API has ended").await;
            },
            status = self.process.wait() => {
                self.alive = false;
                return self.exited(event, status.ok());
            }
            () = tokio::time::sleep(INIT) => return self.ended("it did not start within 10 seconds").await,
        }
        tokio::select! {
            biased;
            answer = answered => match answer {
                Ok(Answer::Response) => Outcome::Done,
                Ok(Answer::Error(body)) => Outcome::Failed(
                    serde_json::from_slice(&body)
                        .unwrap_or_else(|_| json!({"errorMessage": String::from_utf8_lossy(&body)})),
                ),
                Err(_) => self.ended("the Runtime API has ended").await,
            },
            status = self.process.wait() => {
                self.alive = false;
                self.exited(event, status.ok())
            }
            () = tokio::time::sleep(function.timeout) => {
                let seconds = function.timeout.as_secs_f64();
                self.ended(&format!("Task timed out after {seconds:.2} seconds")).await
            }
        }
    }

    /// This environment, if another event can be given to it.
    pub fn reusable(self) -> Option<Self> {
        self.alive.then_some(self)
    }

    async fn ended(&mut self, message: &str) -> Outcome {
        self.alive = false;
        let _ = self.process.kill().await;
        failed("Sandbox.Timedout", message)
    }

    fn exited(&self, event: &Event, status: Option<std::process::ExitStatus>) -> Outcome {
        if let Some(error) = self
            .api
            .init_error()
            .and_then(|body| serde_json::from_slice(&body).ok())
        {
            return Outcome::Failed(error);
        }
        let status = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        failed(
            "Runtime.ExitError",
            &format!(
                "RequestId: {} Error: Runtime exited: {status}",
                event.request_id
            ),
        )
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn failed(kind: &str, message: &str) -> Outcome {
    Outcome::Failed(json!({"errorType": kind, "errorMessage": message}))
}
