//! SNS: what is published to a topic reaches every subscriber, or its dead-letter queue
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>).

mod actions;

use std::sync::Arc;

use serde_json::json;

use crate::access::{AccessControl, Caller};
use crate::clock::{iso, now_ms};
use crate::lambda::Lambda;
use crate::resources::Resources;
use crate::resources::sns::Protocol;
use crate::sqs::Queues;

const SERVICE: &str = "sns.amazonaws.com";

#[derive(Debug)]
struct Subscription {
    arn: String,
    topic: String,
    protocol: Protocol,
    function: String,
    dead_letters: Option<String>,
}

/// The topics of a stack.
pub struct Topics {
    arns: Vec<String>,
    subscriptions: Vec<Subscription>,
    access_control: Arc<AccessControl>,
    lambda: Arc<Lambda>,
    queues: Arc<Queues>,
}

impl Topics {
    /// The topics and subscriptions that a template declares.
    #[must_use]
    pub fn new(
        resources: &Resources,
        access_control: Arc<AccessControl>,
        lambda: Arc<Lambda>,
        queues: Arc<Queues>,
    ) -> Self {
        let subscriptions = resources
            .subscriptions
            .iter()
            .map(|subscription| Subscription {
                arn: subscription.physical_id.clone(),
                topic: subscription.properties.topic_arn.clone(),
                protocol: subscription.properties.protocol,
                function: subscription.properties.endpoint.clone(),
                dead_letters: subscription
                    .properties
                    .redrive_policy
                    .as_ref()
                    .map(|policy| policy.dead_letter_target_arn.clone()),
            });
        Self {
            arns: resources
                .topics
                .iter()
                .map(|topic| topic.physical_id.clone())
                .collect(),
            subscriptions: subscriptions.collect(),
            access_control,
            lambda,
            queues,
        }
    }

    /// Publishes a message and returns its id; every subscriber's copy is on disk when this returns.
    ///
    /// # Errors
    /// In words: there is no such topic, its policy doesn't let the service, or a subscriber has neither got its copy
    /// nor a dead-letter queue that took it.
    pub fn publish(
        &self,
        publisher: Caller<'_>,
        topic: &str,
        subject: Option<&str>,
        message: &str,
    ) -> Result<String, String> {
        if !self.arns.iter().any(|known| known == topic) {
            return Err(format!("there is no topic {topic}"));
        }
        self.access_control.check(publisher, "sns:Publish", topic)?;
        let id = uuid::Uuid::new_v4().to_string();
        let mut lost = Vec::new();
        for subscription in self.subscriptions.iter().filter(|one| one.topic == topic) {
            let delivered = self.deliver(subscription, &id, subject, message);
            if let Err(reason) = delivered {
                tracing::error!(
                    subscription = subscription.arn,
                    dead_letters = subscription.dead_letters,
                    "undeliverable: {reason}"
                );
                if let Err(error) = self.dead_letter(subscription, &id, subject, message) {
                    lost.push(format!("{}: {reason}; {error}", subscription.arn));
                }
            }
        }
        if lost.is_empty() {
            Ok(id)
        } else {
            Err(lost.join("; "))
        }
    }

    fn deliver(
        &self,
        subscription: &Subscription,
        id: &str,
        subject: Option<&str>,
        message: &str,
    ) -> Result<(), String> {
        let topic = Caller::Service {
            name: SERVICE,
            source_arn: &subscription.topic,
        };
        self.access_control
            .check(topic, "lambda:InvokeFunction", &subscription.function)?;
        let notification = notification(subscription, id, subject, message);
        let event = json!({"Records": [{
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "EventSource": "aws:sns",
            "Sns": notification,
        }]});
        self.lambda
            .invoke_async(&subscription.function, &event.to_string())
            .map_err(|error| format!("{error:#}"))
    }

    fn dead_letter(
        &self,
        subscription: &Subscription,
        id: &str,
        subject: Option<&str>,
        message: &str,
    ) -> Result<(), String> {
        let queue = subscription
            .dead_letters
            .as_deref()
            .ok_or("there is no dead-letter queue")?;
        let topic = Caller::Service {
            name: SERVICE,
            source_arn: &subscription.topic,
        };
        self.access_control.check(topic, "sqs:SendMessage", queue)?;
        self.queues
            .send(
                queue,
                &notification(subscription, id, subject, message).to_string(),
            )
            .map_err(|error| format!("{error:#}"))
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>; nothing is signed on one machine.
fn notification(
    subscription: &Subscription,
    id: &str,
    subject: Option<&str>,
    message: &str,
) -> serde_json::Value {
    json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": subscription.topic,
        "Subject": subject,
        "Message": message,
        "Timestamp": iso(now_ms()),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertUrl": "",
        "UnsubscribeUrl": "",
        "MessageAttributes": {},
    })
}
