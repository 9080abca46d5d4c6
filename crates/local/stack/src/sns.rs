//! SNS: a message published to a topic is sent to every subscribed queue, or to the subscription's dead-letter queue
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>).

mod actions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::access::{AccessControl, AccessDeniedError, Caller};
use crate::clock::{iso, now_ms};
use crate::function_calls::Faults;
use crate::resources::{Declared, Resources, sns as declared};
use crate::sqs::Queues;

const SERVICE: &str = "sns.amazonaws.com";

/// Why a message was not published, or not to all subscribers.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No such topic.
    #[error("there is no topic {0}")]
    NoSuchTopic(String),
    /// No policy allows it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDeniedError),
    /// Neither a subscriber nor its dead-letter queue got a copy: the message may be published again.
    #[error("{}", .0.join("; "))]
    Undelivered(Vec<String>),
}

#[derive(Debug)]
struct Subscription {
    arn: String,
    topic: String,
    protocol: declared::Protocol,
    queue: String,
    raw: bool,
    dead_letters: Option<String>,
}

impl Subscription {
    fn new(subscription: &Declared<declared::Subscription>) -> Self {
        let properties = &subscription.properties;
        Self {
            arn: subscription.physical_id.clone(),
            topic: properties.topic_arn.clone(),
            protocol: properties.protocol,
            queue: properties.endpoint.clone(),
            raw: properties.raw_message_delivery,
            dead_letters: properties
                .redrive_policy
                .as_ref()
                .map(|policy| policy.dead_letter_target_arn.clone()),
        }
    }

    /// The body of the message for the queue.
    fn body(&self, message_id: &str, subject: Option<&str>, message: &str) -> String {
        if self.raw {
            message.to_owned()
        } else {
            notification(&self.topic, message_id, subject, message).to_string()
        }
    }
}

/// The topics of a stack.
pub struct Topics {
    arns: Vec<String>,
    subscriptions: Vec<Subscription>,
    access_control: Arc<AccessControl>,
    queues: Arc<Queues>,
    faults: Option<Box<Faults>>,
    deliveries: AtomicU64,
}

impl Topics {
    /// The topics and subscriptions that a template declares.
    #[must_use]
    pub fn new(
        resources: &Resources,
        access_control: Arc<AccessControl>,
        queues: Arc<Queues>,
        faults: Option<Box<Faults>>,
    ) -> Self {
        let topics = resources.topics.iter();
        Self {
            arns: topics.map(|topic| topic.physical_id.clone()).collect(),
            subscriptions: resources
                .subscriptions
                .iter()
                .map(Subscription::new)
                .collect(),
            access_control,
            queues,
            faults,
            deliveries: AtomicU64::new(0),
        }
    }

    /// Publishes a message, and returns its id; every subscriber's copy is stored when this returns.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn publish(
        &self,
        publisher: Caller<'_>,
        topic: &str,
        subject: Option<&str>,
        message: &str,
    ) -> Result<String, PublishError> {
        if !self.arns.iter().any(|known| known == topic) {
            return Err(PublishError::NoSuchTopic(topic.to_owned()));
        }
        self.access_control.check(publisher, "sns:Publish", topic)?;
        let id = uuid::Uuid::new_v4().to_string();
        let mut undelivered = Vec::new();
        for subscription in self.subscriptions.iter().filter(|one| one.topic == topic) {
            let body = subscription.body(&id, subject, message);
            if let Err(reason) = self.deliver(subscription, &body) {
                undelivered.push(format!("{}: {reason}", subscription.arn));
            }
        }
        if undelivered.is_empty() {
            Ok(id)
        } else {
            Err(PublishError::Undelivered(undelivered))
        }
    }

    /// Sends to the subscribed queue, or else to the dead-letter queue.
    fn deliver(&self, subscription: &Subscription, body: &str) -> Result<(), String> {
        let Err(reason) = self.send(subscription, &subscription.queue, body) else {
            return Ok(());
        };
        tracing::error!(
            subscription = subscription.arn,
            dead_letters = subscription.dead_letters,
            "undeliverable: {reason}"
        );
        match &subscription.dead_letters {
            Some(queue) => self
                .send(subscription, queue, body)
                .map_err(|error| format!("{reason}; {error}")),
            None => Err(format!("{reason}; there is no dead-letter queue")),
        }
    }

    fn send(&self, subscription: &Subscription, queue: &str, body: &str) -> Result<(), String> {
        let topic = Caller::Service {
            name: SERVICE,
            source_arn: &subscription.topic,
        };
        self.access_control
            .check(topic, "sqs:SendMessage", queue)
            .map_err(|error| error.to_string())?;
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        let copies = self
            .faults
            .as_ref()
            .map_or_else(|| vec![Duration::ZERO], |faults| faults.deliveries(number));
        for delay in copies {
            self.queues
                .send(queue, body, delay)
                .map_err(|error| format!("{error:#}"))?;
        }
        Ok(())
    }
}

/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>; nothing is signed on one machine.
fn notification(
    topic: &str,
    message_id: &str,
    subject: Option<&str>,
    message: &str,
) -> serde_json::Value {
    json!({
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic,
        "Subject": subject,
        "Message": message,
        "Timestamp": iso(now_ms()),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
    })
}
