//! SQS: the queues of the template, with visibility timeouts, redrive policies, long polling and message move tasks
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html>).

mod actions;
mod message;
mod message_move;
mod store;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::now_ms;
use crate::resources::names::Names;
use crate::resources::{Declared, Resources, sqs as declared};
pub use message::Message;
use message_move::MoveTask;
use store::{QueueAttributes, Receive, Redrive, Store};

/// How often messages past their retention period are deleted.
const EXPIRE_EVERY_MS: u64 = 60_000;

/// The consumers of messages that are part of this program, and end with it.
const EVENT_SOURCE_MAPPING: &str = "event source mapping";

#[derive(Debug)]
struct Queue {
    name: String,
    attributes: QueueAttributes,
    /// Notified when messages may have become visible earlier than expected.
    changed: Notify,
    expired_ms: AtomicU64,
}

/// The queues of a stack.
pub struct Queues {
    all: Vec<Queue>,
    store: Store,
    move_tasks: Mutex<Vec<MoveTask>>,
    /// For tasks that outlive the request that started them.
    this: Weak<Self>,
}

impl Queues {
    /// Opens the queues that a template declares, with the messages stored in them.
    ///
    /// Messages that an event source mapping held when the program ended are visible again.
    ///
    /// # Errors
    /// A redrive policy to a queue that the template does not declare, or a database that cannot be used.
    pub fn open(resources: &Resources, names: &Names, path: &Path) -> anyhow::Result<Arc<Self>> {
        let queues: Vec<Queue> = resources
            .queues
            .iter()
            .map(|queue| Queue::new(queue, names))
            .collect();
        for queue in &queues {
            if let Some(redrive) = &queue.attributes.redrive
                && !queues
                    .iter()
                    .any(|other| other.attributes.arn == redrive.dead_letter_arn)
            {
                bail!(
                    "queue {}: Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
                    queue.name,
                    redrive.dead_letter_arn
                );
            }
        }
        let store = Store::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        store.release(EVENT_SOURCE_MAPPING, now_ms())?;
        Ok(Arc::new_cyclic(|this| Self {
            all: queues,
            store,
            move_tasks: Mutex::default(),
            this: this.clone(),
        }))
    }

    fn find(&self, arn: &str) -> Option<&Queue> {
        self.all.iter().find(|queue| queue.attributes.arn == arn)
    }

    fn known(&self, arn: &str) -> anyhow::Result<&Queue> {
        self.find(arn)
            .with_context(|| format!("there is no queue {arn}"))
    }

    /// Adds a message, which is stored when this returns, and visible after `delay`.
    ///
    /// # Errors
    /// No such queue, or a full disk.
    pub fn send(&self, arn: &str, body: &str, delay: Duration) -> anyhow::Result<()> {
        let queue = self.known(arn)?;
        self.store
            .send(&queue.attributes.arn, body, now_ms(), milliseconds(delay))
            .context("the message cannot be stored")?;
        queue.changed.notify_waiters();
        Ok(())
    }

    /// How long a received message of a queue is hidden.
    ///
    /// # Errors
    /// No such queue.
    pub fn visibility_timeout(&self, arn: &str) -> anyhow::Result<Duration> {
        let queue = self.known(arn)?;
        Ok(Duration::from_millis(queue.attributes.visibility_ms))
    }

    /// The next message of a queue, once there is one, for an event source mapping.
    ///
    /// # Errors
    /// No such queue, or a database that cannot be written.
    pub async fn next_event(&self, arn: &str) -> anyhow::Result<Message> {
        let queue = self.known(arn)?;
        let receive = Receive {
            max_messages: 1,
            visibility_ms: queue.attributes.visibility_ms,
            consumer: Some(EVENT_SOURCE_MAPPING),
        };
        loop {
            let messages = self
                .receive(queue, &receive, Instant::now() + Duration::from_hours(1))
                .await?;
            if let Some(message) = messages.into_iter().next() {
                return Ok(message);
            }
        }
    }

    /// Deletes a message that a function has handled.
    ///
    /// # Errors
    /// No such queue, or a database that cannot be written.
    pub fn delete(&self, arn: &str, message: &Message) -> anyhow::Result<()> {
        let queue = self.known(arn)?;
        Ok(self
            .store
            .delete(&queue.attributes.arn, &message.receipt_handle)?)
    }

    /// Leaves a message that a function failed to handle until its visibility timeout, which the function may have changed,
    /// has passed.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn abandon(&self, message: &Message) -> anyhow::Result<()> {
        Ok(self.store.abandon(&message.receipt_handle)?)
    }

    /// Receives messages, and waits for some until `end`.
    async fn receive(
        &self,
        queue: &Queue,
        receive: &Receive<'_>,
        end: Instant,
    ) -> Result<Vec<Message>, store::StoreError> {
        let attributes = &queue.attributes;
        loop {
            // Listens from here on, so that no message is missed between the receive and the wait.
            let changed = queue.changed.notified();
            let now = now_ms();
            self.expire(queue, now)?;
            let (messages, dead_letters) = self.store.receive(attributes, receive, now)?;
            if dead_letters
                && let Some(redrive) = &attributes.redrive
                && let Some(dead_letter_queue) = self.find(&redrive.dead_letter_arn)
            {
                dead_letter_queue.changed.notify_waiters();
            }
            if !messages.is_empty() || Instant::now() >= end {
                return Ok(messages);
            }
            let next_visible = self.store.next_visible_ms(&attributes.arn)?;
            let wait =
                next_visible.map(|next| Duration::from_millis(next.saturating_sub(now).max(1)));
            let wake = wait.map_or(end, |wait| end.min(Instant::now() + wait));
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn expire(&self, queue: &Queue, now_ms: u64) -> Result<(), store::StoreError> {
        let last = queue.expired_ms.load(Ordering::Relaxed);
        if now_ms.saturating_sub(last) >= EXPIRE_EVERY_MS {
            queue.expired_ms.store(now_ms, Ordering::Relaxed);
            self.store.expire(&queue.attributes, now_ms)?;
        }
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Queue {
    fn new(queue: &Declared<declared::Queue>, names: &Names) -> Self {
        let name = queue
            .physical_id
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let properties = &queue.properties;
        Self {
            attributes: QueueAttributes {
                arn: names.arn("sqs", &name),
                retention_ms: properties.message_retention_period * 1000,
                visibility_ms: properties.visibility_timeout * 1000,
                redrive: properties.redrive_policy.as_ref().map(|policy| Redrive {
                    dead_letter_arn: policy.dead_letter_target_arn.clone(),
                    max_receive_count: policy.max_receive_count,
                }),
            },
            name,
            changed: Notify::new(),
            expired_ms: AtomicU64::new(0),
        }
    }
}
