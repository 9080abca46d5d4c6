//! Message move tasks, which return a dead-letter queue's messages
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>).
//!
//! A task ends with the program, as if it had been cancelled; messages that it has not moved stay where they are.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::actions::required;
use super::store::Moved;
use super::{Queue, Queues};
use crate::aws_port::service::ServiceError;
use crate::clock::now_ms;

/// Messages moved in one step if there is no rate.
const BATCH: u64 = 100;
const MAX_RATE: u64 = 500;
const MAX_RESULTS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Cancelled,
    Failed,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

/// A task, running or ended.
#[derive(Debug, Clone)]
pub(super) struct MoveTask {
    handle: String,
    source_arn: String,
    destination_arn: Option<String>,
    max_per_second: Option<u64>,
    to_move: u64,
    moved: u64,
    started_ms: u64,
    status: Status,
    failure_reason: Option<&'static str>,
}

impl MoveTask {
    fn to_json(&self) -> Value {
        let mut json = json!({
            "Status": self.status.name(),
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        });
        if self.status == Status::Running {
            json["TaskHandle"] = json!(self.handle);
        }
        if let Some(arn) = &self.destination_arn {
            json["DestinationArn"] = json!(arn);
        }
        if let Some(rate) = self.max_per_second {
            json["MaxNumberOfMessagesPerSecond"] = json!(rate);
        }
        if let Some(reason) = self.failure_reason {
            json["FailureReason"] = json!(reason);
        }
        json
    }
}

impl Queues {
    fn move_tasks(&self) -> MutexGuard<'_, Vec<MoveTask>> {
        self.move_tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue that a request's `SourceArn` names.
    pub(super) fn move_source(&self, request: &Value) -> Result<&Queue, ServiceError> {
        self.find(required(request, "SourceArn")?).ok_or_else(|| {
            not_found("The resource that you specified for the SourceArn parameter doesn't exist.")
        })
    }

    /// The queues to which a task of this request can move messages.
    pub(super) fn move_destinations(
        &self,
        source: &Queue,
        request: &Value,
    ) -> Result<Vec<&Queue>, ServiceError> {
        let origins = self.all.iter().filter(|queue| {
            queue
                .attributes
                .redrive
                .as_ref()
                .is_some_and(|redrive| redrive.dead_letter_arn == source.attributes.arn)
        });
        let origins: Vec<&Queue> = origins.collect();
        if origins.is_empty() {
            return Err(invalid(
                "Source queue must be configured as a Dead Letter Queue.",
            ));
        }
        match request["DestinationArn"].as_str() {
            None => Ok(origins),
            Some(arn) if arn == source.attributes.arn => {
                Err(invalid("Source queue arn and destination queue arn cannot be the same."))
            }
            Some(arn) => self.find(arn).map(|queue| vec![queue]).ok_or_else(|| {
                not_found(
                    "The resource that you specified for the DestinationArn parameter doesn't exist.",
                )
            }),
        }
    }

    pub(super) fn start_message_move_task(
        &self,
        source: &Queue,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        let rate = request["MaxNumberOfMessagesPerSecond"].as_u64();
        if rate.is_some_and(|rate| !(1..=MAX_RATE).contains(&rate)) {
            return Err(invalid(
                "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if \
                 provided.",
            ));
        }
        let now = now_ms();
        let counts = self
            .store
            .counts(&source.attributes, now)
            .map_err(|error| ServiceError::internal(&error.into()))?;
        let task = MoveTask {
            handle: Uuid::new_v4().simple().to_string(),
            source_arn: source.attributes.arn.clone(),
            destination_arn: request["DestinationArn"].as_str().map(str::to_owned),
            max_per_second: rate,
            to_move: counts.visible,
            moved: 0,
            started_ms: now,
            status: Status::Running,
            failure_reason: None,
        };
        {
            let mut tasks = self.move_tasks();
            let active = tasks.iter().any(|other| {
                other.status == Status::Running && other.source_arn == task.source_arn
            });
            if active {
                return Err(ServiceError::new(
                    "com.amazonaws.sqs#UnsupportedOperation",
                    "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                     time.",
                ));
            }
            tasks.push(task.clone());
        }
        let response = json!({"TaskHandle": task.handle});
        if let Some(queues) = self.this.upgrade() {
            tokio::spawn(async move { queues.run_move_task(&task).await });
        }
        Ok(response)
    }

    async fn run_move_task(&self, task: &MoveTask) {
        let Some(source) = self.find(&task.source_arn) else {
            return;
        };
        let batch = task.max_per_second.unwrap_or(BATCH);
        loop {
            if self.status(task) != Status::Running {
                return;
            }
            let destination = task.destination_arn.as_deref();
            let moved = self
                .store
                .move_batch(&source.attributes, destination, batch, now_ms());
            match moved {
                Ok(Moved::Messages(0)) => return self.end(task, Status::Completed, None),
                Ok(Moved::Messages(count)) => {
                    self.update(task, |task| task.moved += count);
                    for queue in &self.all {
                        queue.changed.notify_waiters();
                    }
                }
                Ok(Moved::SourceUnknown) => {
                    return self.end(task, Status::Failed, Some("CouldNotDetermineMessageSource"));
                }
                Err(error) => {
                    tracing::error!(source = task.source_arn, "message move task: {error}");
                    return self.end(task, Status::Failed, Some("InternalError"));
                }
            }
            match task.max_per_second {
                Some(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                None => tokio::task::yield_now().await,
            }
        }
    }

    fn status(&self, task: &MoveTask) -> Status {
        let tasks = self.move_tasks();
        tasks
            .iter()
            .find(|other| other.handle == task.handle)
            .map_or(Status::Cancelled, |task| task.status)
    }

    fn update(&self, task: &MoveTask, change: impl FnOnce(&mut MoveTask)) {
        let mut tasks = self.move_tasks();
        if let Some(task) = tasks.iter_mut().find(|other| other.handle == task.handle) {
            change(task);
        }
    }

    fn end(&self, task: &MoveTask, status: Status, failure_reason: Option<&'static str>) {
        self.update(task, |task| {
            task.status = status;
            task.failure_reason = failure_reason;
        });
    }

    pub(super) fn list_message_move_tasks(
        &self,
        source: &Queue,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        let limit = request["MaxResults"].as_u64().unwrap_or(1);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if !(1..=MAX_RESULTS).contains(&limit) {
            return Err(invalid(
                "Value for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if provided.",
            ));
        }
        let tasks = self.move_tasks();
        let latest = tasks
            .iter()
            .rev()
            .filter(|task| task.source_arn == source.attributes.arn);
        let results: Vec<Value> = latest.take(limit).map(MoveTask::to_json).collect();
        Ok(json!({"Results": results}))
    }

    /// The queue that a task takes messages from.
    pub(super) fn source_of_task(&self, request: &Value) -> Result<&Queue, ServiceError> {
        let handle = required(request, "TaskHandle")?;
        let tasks = self.move_tasks();
        tasks
            .iter()
            .find(|task| task.handle == handle)
            .and_then(|task| self.find(&task.source_arn))
            .ok_or_else(|| not_found("Task does not exist."))
    }

    pub(super) fn cancel_message_move_task(&self, request: &Value) -> Result<Value, ServiceError> {
        let handle = required(request, "TaskHandle")?;
        let mut tasks = self.move_tasks();
        let task = tasks
            .iter_mut()
            .find(|task| task.handle == handle)
            .ok_or_else(|| not_found("Task does not exist."))?;
        if task.status != Status::Running {
            return Err(ServiceError::new(
                "com.amazonaws.sqs#UnsupportedOperation",
                "Only active tasks can be cancelled",
            ));
        }
        task.status = Status::Cancelled;
        Ok(json!({"ApproximateNumberOfMessagesMoved": task.moved}))
    }
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("com.amazonaws.sqs#InvalidParameterValue", message)
}

fn not_found(message: &str) -> ServiceError {
    ServiceError::new("com.amazonaws.sqs#ResourceNotFoundException", message)
}
