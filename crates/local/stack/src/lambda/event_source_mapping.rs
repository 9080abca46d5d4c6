//! Event source mappings: Lambda polls a queue and invokes a function with one message at a time
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
//!
//! A message is deleted once the function has handled it. If the function fails, the message stays in the queue and is
//! received again after its visibility timeout, which the function may have changed; the queue's redrive policy limits how
//! often.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::environment::{Environment, InvocationError};
use super::process_group::ProcessGroup;
use super::{Function, Host, Lambda};
use crate::access::{Caller, Principal, function_arn};
use crate::environment::REGION;
use crate::resources::Declared;
use crate::resources::lambda as declared;
use crate::sqs::{Message, Queues};

/// Concurrency without a `ScalingConfig`: the concurrent executions of a new account.
const DEFAULT_CONCURRENCY: usize = 10;
/// The actions that Lambda asks the function's role for when a mapping is created.
const ACTIONS: [&str; 3] = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];
/// The pause before a queue that could not be read is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A queue and the function that handles its messages.
pub struct EventSourceMapping {
    queue_arn: String,
    function: Arc<Function>,
    max_concurrency: usize,
    queues: Arc<Queues>,
    group: Arc<ProcessGroup>,
    /// The environments that are handling no message; the one used last is reused first, as on Lambda.
    idle: Mutex<Vec<Environment>>,
}

impl EventSourceMapping {
    /// Connects a queue to a function.
    ///
    /// # Errors
    /// As Lambda refuses to create the mapping.
    pub fn new(
        mapping: &Declared<declared::EventSourceMapping>,
        lambda: &Lambda,
        host: &Host<'_>,
    ) -> anyhow::Result<Self> {
        let properties = &mapping.properties;
        let arn = function_arn(host.names, &properties.function_name);
        let function = lambda
            .functions
            .get(&arn)
            .with_context(|| format!("Function not found: {arn}"))?;
        let queue_arn = &properties.event_source_arn;
        permitted(&function.role, queue_arn, host)?;
        let visibility = host.queues.visibility_timeout(queue_arn)?;
        if visibility < function.timeout {
            bail!(
                "Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
                visibility.as_secs(),
                function.timeout.as_secs()
            );
        }
        if properties.batch_size != 1 {
            bail!("functions on this machine get one message at a time: BatchSize must be 1");
        }
        let scaling = &properties.scaling_config;
        Ok(Self {
            queue_arn: queue_arn.clone(),
            function: Arc::clone(function),
            max_concurrency: scaling
                .as_ref()
                .map_or(DEFAULT_CONCURRENCY, |config| config.maximum_concurrency),
            queues: Arc::clone(host.queues),
            group: Arc::clone(&lambda.group),
            idle: Mutex::default(),
        })
    }

    /// Runs until it is aborted.
    pub async fn run(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.max_concurrency));
        let mut invocations = JoinSet::new();
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let message = match self.queues.next_event(&self.queue_arn).await {
                Ok(message) => message,
                Err(error) => {
                    tracing::error!(queue = self.queue_arn, "cannot receive messages: {error:#}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            while invocations.try_join_next().is_some() {}
            let mapping = Arc::clone(&self);
            invocations.spawn(async move {
                mapping.handle(&message).await;
                drop(slot);
            });
        }
    }

    async fn handle(&self, message: &Message) {
        let function = &self.function;
        let kept = match self.invoke(message).await {
            Ok(Ok(())) => self.queues.delete(&self.queue_arn, message),
            Ok(Err(error)) => {
                tracing::warn!(
                    function = function.name,
                    message_id = message.id,
                    receive_count = message.receive_count,
                    log = %function.log.display(),
                    "invocation failed: {}",
                    error.message()
                );
                self.queues.abandon(message)
            }
            Err(error) => {
                tracing::error!(function = function.name, "cannot be invoked: {error:#}");
                self.queues.abandon(message)
            }
        };
        if let Err(error) = kept {
            // The message is received again after its visibility timeout.
            tracing::error!(queue = self.queue_arn, message_id = message.id, "{error:#}");
        }
    }

    async fn invoke(&self, message: &Message) -> anyhow::Result<Result<(), InvocationError>> {
        let mut environment = match self.take_idle() {
            Some(environment) => environment,
            None => Environment::start(&self.function, &self.group).await?,
        };
        let payload = Bytes::from(event(&self.queue_arn, message).to_string());
        let result = environment.invoke(&self.function, payload).await;
        if environment.is_alive() {
            self.idle().push(environment);
        }
        Ok(result)
    }

    fn take_idle(&self) -> Option<Environment> {
        let mut idle = self.idle();
        while let Some(mut environment) = idle.pop() {
            if environment.is_alive() {
                return Some(environment);
            }
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn permitted(role: &Principal, queue_arn: &str, host: &Host<'_>) -> anyhow::Result<()> {
    for action in ACTIONS {
        host.access_control
            .check(Caller::Principal(role), &format!("sqs:{action}"), queue_arn)
            .map_err(|reason| {
                anyhow::anyhow!(
                    "The provided execution role does not have permissions to call {action} on SQS ({reason})"
                )
            })?;
    }
    Ok(())
}

/// The event of one message (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event>).
fn event(queue_arn: &str, message: &Message) -> Value {
    let attributes: Map<String, Value> = message
        .system_attributes()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    json!({"Records": [{
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.md5(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }]})
}
