//! `AWS::SNS::*`

use serde::{Deserialize, Serialize};

use super::Accepted;

/// `AWS::SNS::Topic`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Topic {
    /// Physical name.
    pub topic_name: Option<String>,
    /// No effect: it is the sender's name in e-mails, which this machine does not send.
    pub display_name: Accepted,
    /// No effect: files on this machine are not encrypted.
    pub kms_master_key_id: Accepted,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

/// `AWS::SNS::TopicPolicy`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TopicPolicy {
    /// ARNs of the topics that the policy applies to.
    pub topics: Vec<String>,
    pub policy_document: serde_json::Value,
}

/// `AWS::SNS::Subscription`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Subscription {
    pub topic_arn: String,
    /// How notifications are delivered.
    pub protocol: Protocol,
    /// The queue's ARN.
    pub endpoint: String,
    /// Whether a message is delivered as it was published, rather than in a notification.
    #[serde(default)]
    pub raw_message_delivery: bool,
    /// Where undeliverable notifications go.
    pub redrive_policy: Option<RedrivePolicy>,
}

/// How notifications are delivered.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// To a queue.
    Sqs,
}

/// Where undeliverable notifications go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedrivePolicy {
    /// The queue's ARN.
    pub dead_letter_target_arn: String,
}
