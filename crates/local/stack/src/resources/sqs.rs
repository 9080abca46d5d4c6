//! `AWS::SQS::*`

use serde::Deserialize;

use super::Accepted;

/// `AWS::SQS::Queue`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Queue {
    /// Physical name.
    pub queue_name: Option<String>,
    /// Seconds that a message is kept; 4 days unless it says otherwise.
    #[serde(default = "four_days")]
    pub message_retention_period: u64,
    /// Seconds for which a received message is hidden.
    #[serde(default = "half_a_minute")]
    pub visibility_timeout: u64,
    /// Where messages go that are received in vain.
    pub redrive_policy: Option<RedrivePolicy>,
    /// At rest, files are as safe as this machine's disk.
    pub sqs_managed_sse_enabled: Accepted,
    /// At rest, files are as safe as this machine's disk.
    pub kms_master_key_id: Accepted,
    /// For bills.
    pub tags: Accepted,
}

/// Where messages go that are received in vain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedrivePolicy {
    /// ARN of the dead-letter queue.
    pub dead_letter_target_arn: String,
    /// A message that was received as often goes there instead of being received again.
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
    /// URLs of the queues that it is for.
    pub queues: Vec<String>,
    /// The policy.
    pub policy_document: serde_json::Value,
}
