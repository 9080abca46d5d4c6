//! From an invocation to a function's work on one object.

use std::future::Future;
use std::time::{Duration, Instant};

use events::{Change, Message, ObjectEvent, chain};
use records::{MAX_KEY_BYTES, Reason, Store, StoreError, Write};
use serde_json::Value;
use tracing::{error, info, warn};

use crate::queue::backoff;
use crate::{Description, Failures, Invocation, ObjectError, Originals, Outcome, Queue, Report};

/// Time reserved at the end of an invocation for returning a message to its queue.
const RESERVE: Duration = Duration::from_secs(3);

/// A function: its task, and what all tasks share.
#[derive(Clone, Debug)]
pub struct Function<T, Q> {
    /// What it does with one object.
    pub task: T,
    /// The only bucket whose events it handles.
    pub raw_bucket: String,
    /// The queue that its messages come from.
    pub queue: Q,
}

/// What a function does with one object. An error is retried; an image that can't be handled is an [`Outcome`].
pub trait Task {
    /// Why it has to be tried again.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The raw bucket.
    fn originals(&self) -> &(impl Originals + Sync);

    /// The records.
    fn store(&self) -> &Store;

    /// The function's part of the record of an upload that it can't handle.
    fn failure(&self, bytes: u64, reason: Reason) -> Write;

    /// What the function writes of an object that was removed.
    fn removal(&self) -> Write;

    /// Handles an upload.
    fn created(
        &self,
        upload: &Upload,
        context: &mut Context<'_>,
    ) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;

    /// Handles the removal of an object.
    fn removed(
        &self,
        event: &ObjectEvent,
        context: &mut Context<'_>,
    ) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;
}

/// The upload that an event means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The event, with the time of the upload.
    pub event: ObjectEvent,
    /// The object's entity tag, without quotes.
    pub e_tag: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a task gets in addition to its event.
#[derive(Debug)]
pub struct Context<'a> {
    /// When it has to end.
    pub deadline: Instant,
    /// The log line to fill.
    pub report: Report<'a>,
}

/// Why an event could not be handled. The message is returned to its queue, and delivered again.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The subscription or the queue's policy is wrong.
    #[error("the event is of bucket {bucket:?}, and this function handles bucket {expected:?}")]
    OtherBucket {
        /// The event's bucket.
        bucket: String,
        /// `RAW_BUCKET`.
        expected: String,
    },
    /// S3 failed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The record could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The task failed.
    #[error(transparent)]
    Task(E),
}

/// What an event means once the object has been looked up.
enum Meaning {
    Created(Upload),
    Removed,
}

impl<T: Task, Q: Queue> Function<T, Q> {
    /// Handles every event of an invocation, one after the other, and logs one line for each. A message that failed is
    /// delivered again after a delay that grows with the number of deliveries.
    ///
    /// # Errors
    /// The records that failed, after all have been tried.
    pub async fn handle(&self, payload: &Value, invocation: &Invocation) -> Result<(), Failures> {
        let mut failures = Failures::default();
        for message in events::decode(payload) {
            self.handle_message(message, invocation, &mut failures)
                .await;
        }
        if failures.failed.is_empty() {
            return Ok(());
        }
        Err(failures)
    }

    async fn handle_message(
        &self,
        message: Message,
        invocation: &Invocation,
        failures: &mut Failures,
    ) {
        for reason in message.ignored {
            info!(outcome = "ignored", message_id = message.id, reason);
        }
        let mut retry = false;
        for event in message.events {
            failures.tried += 1;
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    error!(outcome = "unreadable", error = chain(&error));
                    failures.push(None, error);
                    continue;
                }
            };
            let mut context = Context {
                deadline: invocation
                    .deadline
                    .checked_sub(RESERVE)
                    .unwrap_or(invocation.deadline),
                report: invocation.report(&event),
            };
            // Boxed: a task may hold much between its calls.
            let result = Box::pin(self.process(&event, &mut context)).await;
            context.report.end(&result);
            if let Err(error) = result {
                failures.push(Some(event.key), error);
                retry = true;
            }
        }
        // A message that can't be read waits for the queue's own visibility timeout, and so does one whose visibility
        // SQS fails to change.
        if retry && let Some(receipt) = message.receipt {
            let delay = backoff(receipt.receive_count);
            if let Err(error) = self.queue.delay(&receipt, delay).await {
                warn!(message_id = message.id, error = chain(&error));
            }
        }
    }

    async fn process(
        &self,
        event: &ObjectEvent,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Error<T::Error>> {
        if event.bucket != self.raw_bucket {
            let (bucket, expected) = (event.bucket.clone(), self.raw_bucket.clone());
            return Err(Error::OtherBucket { bucket, expected });
        }
        let meaning = self.meaning(event).await?;
        if event.key.len() > MAX_KEY_BYTES {
            return self.refuse(event, meaning, context.deadline).await;
        }
        match meaning {
            Meaning::Created(upload) => self.task.created(&upload, context).await,
            Meaning::Removed => self.task.removed(event, context).await,
        }
        .map_err(Error::Task)
    }

    async fn meaning(&self, event: &ObjectEvent) -> Result<Meaning, ObjectError> {
        let (time, e_tag, bytes) = match &event.change {
            Change::Created { e_tag, bytes } => (event.time, e_tag.clone(), *bytes),
            Change::Removed { version: None } => return Ok(Meaning::Removed),
            // One version was deleted permanently. If it was not the current one, or an older one became current,
            // there still is an image.
            Change::Removed { version: Some(_) } => {
                match self.task.originals().describe(&event.key).await? {
                    None => return Ok(Meaning::Removed),
                    Some(Description {
                        e_tag,
                        bytes,
                        uploaded_at,
                    }) => (uploaded_at, e_tag, bytes),
                }
            }
        };
        let event = ObjectEvent {
            time,
            ..event.clone()
        };
        Ok(Meaning::Created(Upload {
            event,
            e_tag,
            bytes,
        }))
    }

    /// A key that is too long for thumbnails and the label index has a record only.
    async fn refuse(
        &self,
        event: &ObjectEvent,
        meaning: Meaning,
        deadline: Instant,
    ) -> Result<Outcome, Error<T::Error>> {
        let store = self.task.store();
        let (written, outcome) = match meaning {
            Meaning::Removed => {
                let write = self.task.removal();
                (
                    store.write(event, &write, deadline).await?,
                    Outcome::Removed,
                )
            }
            Meaning::Created(upload) => {
                let reason = Reason {
                    code: "KeyTooLong".to_owned(),
                    message: format!(
                        "the key has {} bytes; images can be handled under keys of up to {MAX_KEY_BYTES}",
                        event.key.len()
                    ),
                };
                let outcome = Outcome::Failed(reason.code.clone());
                let write = self.task.failure(upload.bytes, reason);
                (store.write(&upload.event, &write, deadline).await?, outcome)
            }
        };
        Ok(outcome.if_written(written.verdict))
    }
}
