//! The actions of SQS in its JSON protocol
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>).

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::message::{Message, md5};
use super::store::{Receive, StoreError};
use super::{Queue, Queues};
use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::clock::now_ms;

const MAX_WAIT_SECONDS: u64 = 20;
const MAX_RECEIVED: u64 = 10;
const MAX_VISIBILITY_SECONDS: u64 = 43_200;
const MAX_DELAY_SECONDS: u64 = 900;
const MAX_BATCH: usize = 10;
/// The default of a queue's `MaximumMessageSize`
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The permissions on a queue that moving its messages needs besides the action itself
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>).
const MOVE_PERMISSIONS: [&str; 3] = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];

#[async_trait::async_trait]
impl Service for Queues {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        let output = match call.action {
            "ListQueues" => {
                call.check("sqs:ListQueues", "*")?;
                self.list(call.host(), call.input)
            }
            "StartMessageMoveTask" | "ListMessageMoveTasks" | "CancelMessageMoveTask" => {
                self.message_move_action(call)?
            }
            _ => self.queue_action(call).await?,
        };
        Ok(Output::Value(output))
    }
}

impl Queues {
    async fn queue_action(&self, call: &Call<'_>) -> Result<Value, ServiceError> {
        let name = match call.action {
            "GetQueueUrl" => call.required("QueueName")?,
            _ => call.required("QueueUrl")?,
        };
        let name = name.rsplit('/').next().unwrap_or(name);
        let queue = self
            .all
            .iter()
            .find(|queue| queue.name == name)
            .ok_or_else(|| {
                ServiceError::new(
                    "com.amazonaws.sqs#QueueDoesNotExist",
                    "The specified queue does not exist.",
                )
            })?;
        let request = call.input;
        // A batch needs the permission of its single action.
        let permission = call.action.strip_suffix("Batch").unwrap_or(call.action);
        call.check(&format!("sqs:{permission}"), &queue.attributes.arn)?;
        match call.action {
            "GetQueueUrl" => Ok(json!({"QueueUrl": queue.url(call.host())})),
            "GetQueueAttributes" => self.attributes(queue, request),
            "SendMessage" => self.send_message(queue, request),
            "SendMessageBatch" => batch(request, |entry| self.send_message(queue, entry)),
            "ReceiveMessage" => self.receive_message(queue, request).await,
            "DeleteMessage" => self.delete_message(queue, request),
            "DeleteMessageBatch" => batch(request, |entry| self.delete_message(queue, entry)),
            "ChangeMessageVisibility" => self.change_message_visibility(queue, request),
            "ChangeMessageVisibilityBatch" => batch(request, |entry| {
                self.change_message_visibility(queue, entry)
            }),
            "PurgeQueue" => {
                self.store
                    .purge(&queue.attributes.arn)
                    .map_err(unavailable)?;
                Ok(json!({}))
            }
            _ => Err(call.unsupported("SQS")),
        }
    }

    fn list(&self, host: &str, request: &Value) -> Value {
        let prefix = request["QueueNamePrefix"].as_str().unwrap_or_default();
        let urls = self
            .all
            .iter()
            .filter(|queue| queue.name.starts_with(prefix))
            .map(|queue| queue.url(host));
        json!({"QueueUrls": urls.collect::<Vec<_>>()})
    }

    fn message_move_action(&self, call: &Call<'_>) -> Result<Value, ServiceError> {
        let source = match call.action {
            "CancelMessageMoveTask" => self.source_of_task(call.input)?,
            _ => self.move_source(call.input)?,
        };
        for action in MOVE_PERMISSIONS.iter().chain([&call.action]) {
            call.check(&format!("sqs:{action}"), &source.attributes.arn)?;
        }
        match call.action {
            "StartMessageMoveTask" => {
                for destination in self.move_destinations(source, call.input)? {
                    call.check("sqs:SendMessage", &destination.attributes.arn)?;
                }
                self.start_message_move_task(source, call.input)
            }
            "ListMessageMoveTasks" => self.list_message_move_tasks(source, call.input),
            _ => self.cancel_message_move_task(call.input),
        }
    }

    fn send_message(&self, queue: &Queue, request: &Value) -> Result<Value, ServiceError> {
        let body = required(request, "MessageBody")?;
        if body.is_empty() || body.len() > MAX_BODY_BYTES {
            return Err(ServiceError::new(
                "com.amazonaws.sqs#InvalidParameterValue",
                &format!(
                    "One or more parameters are invalid. Reason: Message must be between 1 and {MAX_BODY_BYTES} bytes long."
                ),
            ));
        }
        let attributes = request["MessageAttributes"].as_object();
        if attributes.is_some_and(|attributes| !attributes.is_empty()) {
            return Err(ServiceError::new(
                "com.amazonaws.sqs#UnsupportedOperation",
                "MessageAttributes are not kept on this machine",
            ));
        }
        let delay = seconds(request, "DelaySeconds", MAX_DELAY_SECONDS)?.unwrap_or(0);
        let id = self
            .store
            .send(&queue.attributes.arn, body, now_ms(), delay * 1000)
            .map_err(unavailable)?;
        queue.changed.notify_waiters();
        Ok(json!({"MessageId": id, "MD5OfMessageBody": md5(body)}))
    }

    async fn receive_message(&self, queue: &Queue, request: &Value) -> Result<Value, ServiceError> {
        let max_messages = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
        if !(1..=MAX_RECEIVED).contains(&max_messages) {
            return Err(out_of_range(
                "MaxNumberOfMessages",
                max_messages,
                1,
                MAX_RECEIVED,
            ));
        }
        let wait = seconds(request, "WaitTimeSeconds", MAX_WAIT_SECONDS)?.unwrap_or(0);
        let visibility = seconds(request, "VisibilityTimeout", MAX_VISIBILITY_SECONDS)?;
        let receive = Receive {
            max_messages,
            visibility_ms: visibility
                .map_or(queue.attributes.visibility_ms, |seconds| seconds * 1000),
            consumer: None,
        };
        let messages = self
            .receive(queue, &receive, Instant::now() + Duration::from_secs(wait))
            .await
            .map_err(unavailable)?;
        if messages.is_empty() {
            return Ok(json!({}));
        }
        let wanted = Wanted::of(request, &["MessageSystemAttributeNames", "AttributeNames"]);
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| message_json(message, &wanted))
            .collect();
        Ok(json!({"Messages": messages}))
    }

    fn delete_message(&self, queue: &Queue, request: &Value) -> Result<Value, ServiceError> {
        self.store
            .delete(&queue.attributes.arn, required(request, "ReceiptHandle")?)
            .map_err(unavailable)?;
        Ok(json!({}))
    }

    fn change_message_visibility(
        &self,
        queue: &Queue,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        let handle = required(request, "ReceiptHandle")?;
        let timeout = seconds(request, "VisibilityTimeout", MAX_VISIBILITY_SECONDS)?
            .ok_or_else(|| missing_parameter("VisibilityTimeout"))?;
        let changed = self
            .store
            .change_visibility(&queue.attributes.arn, handle, now_ms(), timeout * 1000)
            .map_err(unavailable)?;
        if !changed {
            return Err(ServiceError::new(
                "com.amazonaws.sqs#MessageNotInflight",
                "The message referred to isn't in flight.",
            ));
        }
        queue.changed.notify_waiters();
        Ok(json!({}))
    }

    /// Numbers are sent as strings.
    fn attributes(&self, queue: &Queue, request: &Value) -> Result<Value, ServiceError> {
        let attributes = &queue.attributes;
        let counts = self
            .store
            .counts(attributes, now_ms())
            .map_err(unavailable)?;
        let mut all = vec![
            ("QueueArn", attributes.arn.clone()),
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                counts.in_flight.to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                counts.delayed.to_string(),
            ),
            (
                "MessageRetentionPeriod",
                (attributes.retention_ms / 1000).to_string(),
            ),
            (
                "VisibilityTimeout",
                (attributes.visibility_ms / 1000).to_string(),
            ),
            ("MaximumMessageSize", MAX_BODY_BYTES.to_string()),
        ];
        if let Some(redrive) = &attributes.redrive {
            let policy = json!({
                "deadLetterTargetArn": redrive.dead_letter_arn,
                "maxReceiveCount": redrive.max_receive_count,
            });
            all.push(("RedrivePolicy", policy.to_string()));
        }
        let wanted = Wanted::of(request, &["AttributeNames"]);
        Ok(json!({"Attributes": wanted.among(all)}))
    }
}

impl Queue {
    fn url(&self, host: &str) -> String {
        let account = self.attributes.arn.rsplit(':').nth(1).unwrap_or_default();
        format!("http://{host}/{account}/{}", self.name)
    }
}

/// The names of attributes that a request asks for.
struct Wanted<'a>(Vec<&'a str>);

impl<'a> Wanted<'a> {
    fn of(request: &'a Value, members: &[&str]) -> Self {
        let names = members
            .iter()
            .flat_map(|member| request[*member].as_array().into_iter().flatten());
        Self(names.filter_map(Value::as_str).collect())
    }

    fn among(&self, all: Vec<(&str, String)>) -> Map<String, Value> {
        all.into_iter()
            .filter(|(name, _)| {
                self.0
                    .iter()
                    .any(|wanted| wanted == name || *wanted == "All")
            })
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect()
    }
}

fn message_json(message: &Message, wanted: &Wanted<'_>) -> Value {
    let mut json = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5(),
        "Body": message.body,
    });
    let attributes = wanted.among(message.system_attributes());
    if !attributes.is_empty() {
        json["Attributes"] = attributes.into();
    }
    json
}

/// Performs each entry of a batch separately.
fn batch(
    request: &Value,
    mut one: impl FnMut(&Value) -> Result<Value, ServiceError>,
) -> Result<Value, ServiceError> {
    let empty = Vec::new();
    let entries = request["Entries"].as_array().unwrap_or(&empty);
    if entries.is_empty() {
        return Err(ServiceError::new(
            "com.amazonaws.sqs#EmptyBatchRequest",
            "There should be at least one entry in the request.",
        ));
    }
    if entries.len() > MAX_BATCH {
        return Err(ServiceError::new(
            "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            &format!(
                "Maximum number of entries per request are {MAX_BATCH}. You have sent {}.",
                entries.len()
            ),
        ));
    }
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries {
        let id = required(entry, "Id")?;
        match one(entry) {
            Ok(mut result) => {
                result["Id"] = json!(id);
                successful.push(result);
            }
            Err(failure) => failed.push(json!({
                "Id": id,
                "Code": failure.code.rsplit('#').next(),
                "Message": failure.message,
                "SenderFault": failure.status.is_client_error(),
            })),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

fn seconds(request: &Value, name: &str, max: u64) -> Result<Option<u64>, ServiceError> {
    match &request[name] {
        Value::Null => Ok(None),
        value => match value.as_u64() {
            Some(seconds) if seconds <= max => Ok(Some(seconds)),
            _ => Err(out_of_range(name, value, 0, max)),
        },
    }
}

fn out_of_range(name: &str, value: impl std::fmt::Display, min: u64, max: u64) -> ServiceError {
    ServiceError::new(
        "com.amazonaws.sqs#InvalidParameterValue",
        &format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {min} and {max}, if provided."
        ),
    )
}

/// A string that a request, or an entry of a batch, must have.
pub(super) fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, ServiceError> {
    request[name]
        .as_str()
        .ok_or_else(|| missing_parameter(name))
}

fn missing_parameter(name: &str) -> ServiceError {
    ServiceError::new(
        "com.amazonaws.sqs#MissingParameter",
        &format!("The request must contain the parameter {name}."),
    )
}

fn unavailable(error: StoreError) -> ServiceError {
    ServiceError::internal(&error.into())
}
