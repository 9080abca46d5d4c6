//! A message of a queue.

use md5::{Digest, Md5};

/// A message as a receive returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `MessageId`
    pub id: String,
    /// `Body`
    pub body: String,
    /// `SentTimestamp`
    pub sent_ms: u64,
    /// `ApproximateReceiveCount`, in all queues, this receive included.
    pub receive_count: u32,
    /// `ApproximateFirstReceiveTimestamp`
    pub first_received_ms: u64,
    /// `ReceiptHandle`
    pub receipt_handle: String,
    /// ARN of the queue whose redrive policy moved it to this one.
    pub dead_letter_source: Option<String>,
}

impl Message {
    /// Its system attributes; numbers are sent as strings.
    pub fn system_attributes(&self) -> Vec<(&'static str, String)> {
        let mut attributes = vec![
            ("SentTimestamp", self.sent_ms.to_string()),
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            (
                "ApproximateFirstReceiveTimestamp",
                self.first_received_ms.to_string(),
            ),
        ];
        if let Some(arn) = &self.dead_letter_source {
            attributes.push(("DeadLetterQueueSourceArn", arn.clone()));
        }
        attributes
    }

    /// `MD5OfBody`
    pub fn md5(&self) -> String {
        md5(&self.body)
    }
}

/// The MD5 of a message's body in hexadecimal.
pub fn md5(body: &str) -> String {
    use std::fmt::Write as _;
    Md5::digest(body)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
