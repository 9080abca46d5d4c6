//! SQS, for the failure queues: messages in files, and the actions with which a person reads them
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>, JSON protocol).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::clock::now_ms;
use crate::resources::Resources;
use crate::resources::names::Names;

/// The longest that a receive may wait.
const LONGEST_WAIT: u64 = 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Message {
    id: String,
    body: String,
    sent_ms: u64,
    received: u32,
    first_received_ms: Option<u64>,
    #[serde(skip)]
    visible_from_ms: u64,
    #[serde(skip)]
    receipt: String,
}

struct Queue {
    name: String,
    arn: String,
    folder: PathBuf,
    retention_ms: u64,
    visibility_ms: u64,
    /// By time sent, then id.
    messages: Mutex<BTreeMap<(u64, String), Message>>,
    arrived: Notify,
}

/// The queues of a stack.
pub struct Queues {
    queues: Vec<Queue>,
}

impl Queues {
    /// Opens the queues that a template declares, with what is left in them.
    ///
    /// # Errors
    /// A folder that can't be read or written.
    pub fn open(resources: &Resources, names: &Names, folder: &Path) -> anyhow::Result<Self> {
        let queues = resources.queues.iter().map(|declared| {
            let name = declared
                .physical_id
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            let folder = folder.join(&name);
            Ok(Queue {
                arn: names.arn("sqs", &name),
                retention_ms: declared.properties.message_retention_period * 1000,
                visibility_ms: declared.properties.visibility_timeout * 1000,
                messages: Mutex::new(
                    load(&folder).with_context(|| format!("the queue in {}", folder.display()))?,
                ),
                arrived: Notify::new(),
                folder,
                name,
            })
        });
        Ok(Self {
            queues: queues.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Adds a message; it is on disk when this returns.
    ///
    /// # Errors
    /// No such queue, or a full disk.
    pub fn send(&self, arn: &str, body: &str) -> anyhow::Result<()> {
        let queue = self
            .queues
            .iter()
            .find(|queue| queue.arn == arn)
            .with_context(|| format!("there is no queue {arn}"))?;
        queue.send(body).map(drop)
    }
}

#[async_trait::async_trait]
impl Service for Queues {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        let url = |queue: &Queue| {
            let account = queue.arn.rsplit(':').nth(1).unwrap_or_default();
            format!("http://{}/{account}/{}", call.host(), queue.name)
        };
        if call.action == "ListQueues" {
            call.check("sqs:ListQueues", "*")?;
            let prefix = call.input["QueueNamePrefix"].as_str().unwrap_or_default();
            let queues = self
                .queues
                .iter()
                .filter(|queue| queue.name.starts_with(prefix));
            return Ok(Output::Value(
                json!({"QueueUrls": queues.map(url).collect::<Vec<_>>()}),
            ));
        }
        let name = match call.action {
            "GetQueueUrl" => call.required("QueueName")?,
            _ => call.required("QueueUrl")?,
        };
        let name = name.rsplit('/').next().unwrap_or(name);
        let queue = self
            .queues
            .iter()
            .find(|queue| queue.name == name)
            .ok_or_else(|| {
                ServiceError::new(
                    "com.amazonaws.sqs#QueueDoesNotExist",
                    "The specified queue does not exist.",
                )
            })?;
        call.check(&format!("sqs:{}", call.action), &queue.arn)?;
        let output = match call.action {
            "GetQueueUrl" => json!({"QueueUrl": url(queue)}),
            "GetQueueAttributes" => json!({"Attributes": queue.attributes(call.input)}),
            "SendMessage" => {
                let body = call.required("MessageBody")?;
                let id = queue
                    .send(body)
                    .map_err(|error| ServiceError::internal(&error))?;
                json!({"MessageId": id, "MD5OfMessageBody": md5(body)})
            }
            "ReceiveMessage" => queue.receive(call.input).await?,
            "DeleteMessage" => {
                queue.delete(call.required("ReceiptHandle")?);
                json!({})
            }
            "ChangeMessageVisibility" => {
                let seconds = call.input["VisibilityTimeout"].as_u64().unwrap_or_default();
                queue.hide(call.required("ReceiptHandle")?, seconds * 1000)?;
                json!({})
            }
            "PurgeQueue" => {
                queue.purge();
                json!({})
            }
            _ => return Err(call.unsupported("SQS")),
        };
        Ok(Output::Value(output))
    }
}

impl Queue {
    fn messages(&self) -> std::sync::MutexGuard<'_, BTreeMap<(u64, String), Message>> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = now_ms().saturating_sub(self.retention_ms);
        while let Some(first) = messages
            .first_entry()
            .filter(|first| first.key().0 < oldest)
        {
            self.forget(&first.remove());
        }
        messages
    }

    fn path(&self, message: &Message) -> PathBuf {
        self.folder.join(format!("{}.json", message.id))
    }

    fn forget(&self, message: &Message) {
        let path = self.path(message);
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::error!("cannot remove {}: {error}", path.display());
        }
    }

    fn write(&self, message: &Message) -> anyhow::Result<()> {
        let path = self.path(message);
        let partial = path.with_extension("partial");
        std::fs::write(&partial, serde_json::to_vec(message)?)
            .and_then(|()| std::fs::rename(&partial, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn send(&self, body: &str) -> anyhow::Result<String> {
        let message = Message {
            id: uuid::Uuid::new_v4().to_string(),
            body: body.to_owned(),
            sent_ms: now_ms(),
            received: 0,
            first_received_ms: None,
            visible_from_ms: 0,
            receipt: String::new(),
        };
        self.write(&message)?;
        let id = message.id.clone();
        self.messages()
            .insert((message.sent_ms, id.clone()), message);
        self.arrived.notify_waiters();
        Ok(id)
    }

    async fn receive(&self, request: &Value) -> Result<Value, ServiceError> {
        let most = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
        if !(1..=10).contains(&most) {
            return Err(ServiceError::new(
                "com.amazonaws.sqs#InvalidParameterValue",
                &format!(
                    "Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if \
                     provided."
                ),
            ));
        }
        let wait = request["WaitTimeSeconds"]
            .as_u64()
            .unwrap_or_default()
            .min(LONGEST_WAIT);
        let end = tokio::time::Instant::now() + Duration::from_secs(wait);
        loop {
            let arrived = self.arrived.notified();
            let messages = self.take(request, most);
            if !messages.is_empty() {
                return Ok(json!({"Messages": messages}));
            }
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep_until(end) => return Ok(json!({})),
            }
        }
    }

    fn take(&self, request: &Value, most: u64) -> Vec<Value> {
        let hidden = request["VisibilityTimeout"]
            .as_u64()
            .map_or(self.visibility_ms, |seconds| seconds * 1000);
        let now = now_ms();
        let mut messages = self.messages();
        let visible = messages
            .values_mut()
            .filter(|message| message.visible_from_ms <= now);
        let most = usize::try_from(most).unwrap_or(1);
        visible
            .take(most)
            .map(|message| {
                message.received += 1;
                message.first_received_ms.get_or_insert(now);
                message.visible_from_ms = now + hidden;
                message.receipt = uuid::Uuid::new_v4().to_string();
                if let Err(error) = self.write(message) {
                    tracing::error!("{error:#}");
                }
                shown(message)
            })
            .collect()
    }

    fn delete(&self, receipt: &str) {
        let mut messages = self.messages();
        messages.retain(|_, message| {
            let kept = message.receipt != receipt;
            if !kept {
                self.forget(message);
            }
            kept
        });
    }

    fn hide(&self, receipt: &str, for_ms: u64) -> Result<(), ServiceError> {
        let mut messages = self.messages();
        let message = messages
            .values_mut()
            .find(|message| message.receipt == receipt);
        let message = message.ok_or_else(|| {
            ServiceError::new(
                "com.amazonaws.sqs#ReceiptHandleIsInvalid",
                "The input receipt handle is invalid.",
            )
        })?;
        message.visible_from_ms = now_ms() + for_ms;
        Ok(())
    }

    fn purge(&self) {
        let mut messages = self.messages();
        messages.values().for_each(|message| self.forget(message));
        messages.clear();
    }

    /// Numbers travel as text.
    fn attributes(&self, request: &Value) -> Value {
        let messages = self.messages();
        let now = now_ms();
        let visible = messages
            .values()
            .filter(|message| message.visible_from_ms <= now)
            .count();
        let all = [
            ("QueueArn", self.arn.clone()),
            ("ApproximateNumberOfMessages", visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                (messages.len() - visible).to_string(),
            ),
            ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
            (
                "MessageRetentionPeriod",
                (self.retention_ms / 1000).to_string(),
            ),
            ("VisibilityTimeout", (self.visibility_ms / 1000).to_string()),
        ];
        let empty = Vec::new();
        let asked = request["AttributeNames"].as_array().unwrap_or(&empty);
        let shown = all
            .into_iter()
            .filter(|(name, _)| asked.iter().any(|asked| asked == "All" || asked == name));
        shown
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

fn shown(message: &Message) -> Value {
    json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5(&message.body),
        "Body": message.body,
        "Attributes": {
            "SentTimestamp": message.sent_ms.to_string(),
            "ApproximateReceiveCount": message.received.to_string(),
            "ApproximateFirstReceiveTimestamp": message.first_received_ms.unwrap_or_default().to_string(),
        },
    })
}

fn md5(text: &str) -> String {
    use std::fmt::Write as _;
    Md5::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn load(folder: &Path) -> anyhow::Result<BTreeMap<(u64, String), Message>> {
    std::fs::create_dir_all(folder)?;
    let mut messages = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let message: Message = serde_json::from_slice(&std::fs::read(&path)?)
                .with_context(|| format!("{} is not a message", path.display()))?;
            messages.insert((message.sent_ms, message.id.clone()), message);
        }
    }
    Ok(messages)
}
