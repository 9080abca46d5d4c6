//! The messages of a payload.
//!
//! - SQS: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
//! - SNS: <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>
//! - SNS to SQS, raw or in an envelope:
//!   <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>

use serde_json::Value;

use crate::{DecodeError, ObjectEvent, notification};

/// One message, as SQS or SNS delivered it.
#[derive(Debug, Default)]
pub struct Message {
    /// Its id in SQS or SNS.
    pub id: String,
    /// How to reach it in its queue; `None` if SNS invoked the function.
    pub receipt: Option<Receipt>,
    /// One entry for each S3 record that a function has to handle, in order.
    pub events: Vec<Result<ObjectEvent, DecodeError>>,
    /// Why the rest of the message needs no work: `s3:TestEvent`, and event names that no function asks for.
    pub ignored: Vec<String>,
}

/// A message that Lambda received from a queue and deletes if the invocation succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// ARN of the queue.
    pub queue_arn: String,
    /// The handle of this receive.
    pub handle: String,
    /// Approximately how many times the message has been received, this time included (`ApproximateReceiveCount`).
    pub receive_count: u32,
}

/// Reads every message of a payload. A payload that is unlike any of the documented ones gives one message that holds
/// the error.
#[must_use]
pub fn decode(payload: &Value) -> Vec<Message> {
    let Some(Value::Array(records)) = payload.get("Records") else {
        return vec![unreadable(DecodeError::Payload)];
    };
    records
        .iter()
        .enumerate()
        .map(|(index, record)| {
            from_sqs(record)
                .or_else(|| from_sns(record))
                .unwrap_or_else(|| unreadable(DecodeError::Source { index }))
        })
        .collect()
}

fn unreadable(error: DecodeError) -> Message {
    Message {
        events: vec![Err(error)],
        ..Message::default()
    }
}

fn string<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn from_sqs(record: &Value) -> Option<Message> {
    if string(record, "eventSource") != Some("aws:sqs") {
        return None;
    }
    let receive_count = record
        .get("attributes")
        .and_then(|attributes| string(attributes, "ApproximateReceiveCount"))
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let mut message = Message {
        id: string(record, "messageId")?.to_owned(),
        receipt: Some(Receipt {
            queue_arn: string(record, "eventSourceARN")?.to_owned(),
            handle: string(record, "receiptHandle")?.to_owned(),
            receive_count,
        }),
        ..Message::default()
    };
    notification::decode(string(record, "body")?, &mut message);
    Some(message)
}

fn from_sns(record: &Value) -> Option<Message> {
    if string(record, "EventSource") != Some("aws:sns") {
        return None;
    }
    let sns = record.get("Sns")?;
    let mut message = Message {
        id: string(sns, "MessageId")?.to_owned(),
        ..Message::default()
    };
    notification::decode(string(sns, "Message")?, &mut message);
    Some(message)
}
