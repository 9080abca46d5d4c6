//! `AWS::SQS::*`

use serde::Deserialize;

use super::Accepted;

/// `AWS::SQS::Queue`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Queue {
    /// Physical name.
    pub queue_name: Option<String>,
    /// Seconds that a message is kept; 4 days by default.
    #[serde(default = "four_days")]
    pub message_retention_period: u64,
    /// Seconds for which a received message is invisible.
    #[serde(default = "half_a_minute")]
    pub visibility_timeout: u64,
    /// Where messages are moved after too many receives.
    pub redrive_policy: Option<RedrivePolicy>,
    /// No effect: files on this machine are not encrypted.
    pub sqs_managed_sse_enabled: Accepted,
    /// No effect: files on this machine are not encrypted.
    pub kms_master_key_id: Accepted,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

/// Where messages are moved after too many receives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedrivePolicy {
    /// ARN of the dead-letter queue.
    pub dead_letter_target_arn: String,
    /// A message that has been received this often is moved there instead of being received again.
    pub max_receive_count: u32,
}

fn four_days() -> u64 {
    4 * 24 * 60 * 60
}

fn half_a_minute() -> u64 {
    30
}

/// `AWS::SQS::QueuePolicy`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct QueuePolicy {
    /// URLs of the queues that the policy applies to.
    pub queues: Vec<String>,
    pub policy_document: serde_json::Value,
}
