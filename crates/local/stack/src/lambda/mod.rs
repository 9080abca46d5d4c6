//! Lambda: functions as separate processes over the Runtime API, invoked asynchronously as AWS does it.
//!
//! An event is on disk before whoever sent it is told that it was taken, and leaves the disk once it has been handled
//! or has gone to the function's on-failure destination. Rules:
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.

pub mod artifact;
mod environment;
mod event_queue;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinHandle;

use crate::access::{AccessControl, Caller, Principal, function_arn};
use crate::clock::{iso, now_ms};
use crate::resources::names::Names;
use crate::resources::{Declared, Resources, lambda as declared};
use crate::sqs::Queues;
use environment::{Environment, Outcome};
use event_queue::{Event, EventQueue};

/// A function, ready to run.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The `bootstrap` of its zip.
    executable: PathBuf,
    /// Everything that its processes see.
    environment: BTreeMap<String, String>,
    timeout: Duration,
    concurrency: usize,
    maximum_retry_attempts: u32,
    maximum_event_age: Duration,
    on_failure: Option<String>,
    role: Arc<Principal>,
    log: PathBuf,
    events: EventQueue,
}

/// The functions of a stack.
pub struct Lambda {
    functions: HashMap<String, Arc<Function>>,
}

/// What functions run with on this machine.
pub struct Host<'a> {
    /// ARNs.
    pub names: &'a Names,
    /// Roles.
    pub access_control: &'a AccessControl,
    /// Where AWS's services answer: `http://127.0.0.1:4566`.
    pub endpoint: &'a str,
    /// The executables by S3 key of their zip.
    pub executables: &'a HashMap<String, PathBuf>,
    /// Where waiting events are kept.
    pub events: &'a Path,
    /// Where the functions' logs go.
    pub logs: &'a Path,
}

impl Lambda {
    /// Makes the functions of a stack ready; nothing runs yet.
    ///
    /// # Errors
    /// A role that Lambda can't take, an executable that isn't there, a folder that can't be written.
    pub fn new(resources: &Resources, host: &Host<'_>) -> anyhow::Result<Self> {
        let mut functions = HashMap::new();
        for function in &resources.functions {
            let config = resources.invoke_configs.iter().find(|config| {
                function_arn(host.names, &config.properties.function_name)
                    == function_arn(host.names, &function.physical_id)
            });
            let function = ready(function, config.map(|config| &config.properties), host)?;
            functions.insert(function.arn.clone(), Arc::new(function));
        }
        Ok(Self { functions })
    }

    /// Starts to work off events, those of an earlier run first.
    #[must_use]
    pub fn start(
        &self,
        access_control: &Arc<AccessControl>,
        queues: &Arc<Queues>,
    ) -> Vec<JoinHandle<()>> {
        let mut slots = Vec::new();
        for function in self.functions.values() {
            for _ in 0..function.concurrency {
                let slot = Slot {
                    function: Arc::clone(function),
                    access_control: Arc::clone(access_control),
                    queues: Arc::clone(queues),
                };
                slots.push(tokio::spawn(slot.work()));
            }
        }
        slots
    }

    /// Takes an event; it is on disk when this returns.
    ///
    /// # Errors
    /// No such function, or a full disk.
    pub fn invoke_async(&self, arn: &str, payload: &str) -> anyhow::Result<()> {
        let function = self
            .functions
            .get(arn)
            .ok_or_else(|| anyhow::anyhow!("there is no function {arn}"))?;
        function.events.push(Event::new(payload))
    }
}

fn ready(
    function: &Declared<declared::Function>,
    config: Option<&declared::EventInvokeConfig>,
    host: &Host<'_>,
) -> anyhow::Result<Function> {
    let properties = &function.properties;
    let arn = function_arn(host.names, &function.physical_id);
    let role = host
        .access_control
        .assume(&properties.role, "lambda.amazonaws.com", Some(&arn))
        .map_err(|message| anyhow::anyhow!("Resources.{}: {message}", function.logical_id))?;
    let executable = host
        .executables
        .get(&properties.code.key)
        .ok_or_else(|| anyhow::anyhow!("there is no {}", properties.code.key))?
        .clone();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let log = host.logs.join(format!("{}.log", function.logical_id));
    Ok(Function {
        name: function.physical_id.clone(),
        arn,
        executable,
        environment: variables(function, role, host),
        timeout: Duration::from_secs(properties.timeout),
        // More processes than cores would only wait for each other.
        concurrency: properties
            .reserved_concurrent_executions
            .map_or(cores, |reserved| reserved.min(cores)),
        maximum_retry_attempts: config.map_or(2, |config| config.maximum_retry_attempts),
        maximum_event_age: Duration::from_secs(
            config.map_or(21_600, |config| config.maximum_event_age_in_seconds),
        ),
        on_failure: config
            .and_then(|config| config.destination_config.on_failure.as_ref())
            .map(|destination| destination.destination.clone()),
        role: Arc::clone(role),
        log,
        events: EventQueue::open(&host.events.join(&function.logical_id))?,
    })
}

/// The function's own variables and Lambda's
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).
fn variables(
    function: &Declared<declared::Function>,
    role: &Principal,
    host: &Host<'_>,
) -> BTreeMap<String, String> {
    let properties = &function.properties;
    let logging = &properties.logging_config;
    let region = &host.names.environment.region;
    let credentials = &role.credentials;
    let log_group = logging
        .log_group
        .clone()
        .unwrap_or_else(|| format!("/aws/lambda/{}", function.physical_id));
    let mut variables = properties.environment.variables.clone();
    let lambdas = [
        ("_HANDLER", properties.handler.clone()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_key.clone()),
        (
            "AWS_SESSION_TOKEN",
            credentials.session_token.clone().unwrap_or_default(),
        ),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_REGION", region.clone()),
        ("AWS_ENDPOINT_URL", host.endpoint.to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.physical_id.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            properties.memory_size.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group),
        (
            "AWS_LAMBDA_LOG_FORMAT",
            logging
                .log_format
                .clone()
                .unwrap_or_else(|| "Text".to_owned()),
        ),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    variables.extend(lambdas.map(|(name, value)| (name.to_owned(), value)));
    if let Some(level) = &logging.application_log_level {
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.clone());
    }
    variables
}

/// One place in which an execution environment can be: it handles one event after the other.
struct Slot {
    function: Arc<Function>,
    access_control: Arc<AccessControl>,
    queues: Arc<Queues>,
}

impl Slot {
    async fn work(self) {
        let function = &self.function;
        let mut environment: Option<Environment> = None;
        loop {
            let event = function.events.next().await;
            if event.age() > function.maximum_event_age {
                self.give_up(&event, "EventAgeExceeded", None);
                continue;
            }
            let running = match environment.take() {
                Some(running) => Ok(running),
                None => Environment::start(function).await,
            };
            let outcome = match running {
                Ok(mut running) => {
                    let outcome = running.invoke(function, &event).await;
                    environment = running.reusable();
                    outcome
                }
                Err(error) => Outcome::Failed(json!({
                    "errorType": "Runtime.InitError",
                    "errorMessage": error.to_string(),
                })),
            };
            match outcome {
                Outcome::Done => function.events.remove(&event),
                Outcome::Failed(error) => self.failed(event, &error),
            }
        }
    }

    fn failed(&self, mut event: Event, error: &serde_json::Value) {
        let function = &self.function;
        event.attempts += 1;
        let message = error["errorMessage"].as_str().unwrap_or_default();
        tracing::warn!(
            function = function.name,
            request_id = event.request_id,
            attempt = event.attempts,
            log = %function.log.display(),
            "invocation failed: {message}"
        );
        if event.attempts > function.maximum_retry_attempts {
            self.give_up(&event, "RetriesExhausted", Some(error));
        } else {
            // One minute before the first retry, two before the second.
            event.not_before_ms = now_ms() + u64::from(event.attempts) * 60_000;
            function.events.put_back(event);
        }
    }

    fn give_up(&self, event: &Event, condition: &str, error: Option<&serde_json::Value>) {
        let function = &self.function;
        if let Some(queue) = &function.on_failure {
            let record = destination_record(function, event, condition, error);
            let role = Caller::Principal(&function.role);
            let sent = self
                .access_control
                .check(role, "sqs:SendMessage", queue)
                .map_err(anyhow::Error::msg)
                .and_then(|()| self.queues.send(queue, &record.to_string()));
            if let Err(error) = sent {
                tracing::error!(
                    function = function.name,
                    "the on-failure destination: {error:#}"
                );
            }
        }
        tracing::error!(
            function = function.name,
            request_id = event.request_id,
            "event given up: {condition}"
        );
        function.events.remove(event);
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn destination_record(
    function: &Function,
    event: &Event,
    condition: &str,
    error: Option<&serde_json::Value>,
) -> serde_json::Value {
    let payload: serde_json::Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let mut record = json!({
        "version": "1.0",
        "timestamp": iso(now_ms()),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": format!("{}:$LATEST", function.arn),
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": payload,
    });
    if let Some(error) = error {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        });
        record["responsePayload"] = error.clone();
    }
    record
}
