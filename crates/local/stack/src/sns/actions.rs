//! The actions of SNS: publish and list.

use serde_json::{Value, json};

use super::Topics;
use crate::access::Caller;
use crate::aws_port::service::{Call, Output, Service, ServiceError};

#[async_trait::async_trait]
impl Service for Topics {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        let output = match call.action {
            "Publish" => self.publish_message(call)?,
            "ListTopics" => {
                call.check("sns:ListTopics", "*")?;
                let topics = self.arns.iter().map(|arn| json!({"TopicArn": arn}));
                json!({"Topics": topics.collect::<Vec<_>>()})
            }
            "ListSubscriptions" => {
                call.check("sns:ListSubscriptions", "*")?;
                json!({"Subscriptions": self.described(|_| true)})
            }
            "ListSubscriptionsByTopic" => {
                let topic = call.required("TopicArn")?;
                call.check("sns:ListSubscriptionsByTopic", topic)?;
                self.check_topic(topic)?;
                json!({"Subscriptions": self.described(|of| of == topic)})
            }
            "GetTopicAttributes" => {
                let topic = call.required("TopicArn")?;
                call.check("sns:GetTopicAttributes", topic)?;
                self.check_topic(topic)?;
                // A map is a list of entries in AWS query.
                json!({"Attributes": {"entry": {"key": "TopicArn", "value": topic}}})
            }
            _ => return Err(call.unsupported("SNS")),
        };
        Ok(Output::Value(output))
    }
}

impl Topics {
    fn publish_message(&self, call: &Call<'_>) -> Result<Value, ServiceError> {
        let topic = call.required("TopicArn")?;
        let message = call.required("Message")?;
        let subject = call.input["Subject"].as_str();
        call.check("sns:Publish", topic)?;
        self.check_topic(topic)?;
        let id = self
            .publish(Caller::Principal(call.caller), topic, subject, message)
            .map_err(|error| ServiceError::internal(&error.into()))?;
        Ok(json!({"MessageId": id}))
    }

    fn check_topic(&self, topic: &str) -> Result<(), ServiceError> {
        if self.arns.iter().any(|arn| arn == topic) {
            return Ok(());
        }
        Err(ServiceError {
            status: http::StatusCode::NOT_FOUND,
            code: "NotFound".to_owned(),
            message: "Topic does not exist".to_owned(),
        })
    }

    fn described(&self, wanted: impl Fn(&str) -> bool) -> Vec<Value> {
        let subscriptions = self.subscriptions.iter();
        subscriptions
            .filter(|subscription| wanted(&subscription.topic))
            .map(|subscription| {
                json!({
                    "SubscriptionArn": subscription.arn,
                    "TopicArn": subscription.topic,
                    "Protocol": subscription.protocol,
                    "Endpoint": subscription.queue,
                    "Owner": crate::environment::ACCOUNT,
                })
            })
            .collect()
    }
}
