//! Payloads of Lambda.

use serde_json::{Value, json};

/// An S3 record of the bucket `raw`.
#[must_use]
pub fn record(name: &str, object: &Value) -> Value {
    json!({
        "eventName": name,
        "eventTime": "2026-11-22T13:00:00.000Z",
        "userIdentity": {},
        "requestParameters": {},
        "s3": {"bucket": {"name": "raw"}, "object": object},
    })
}

/// The payload of a queue: each message has one of these lists of S3 records, and was received `receive_count` times.
#[must_use]
pub fn from_queue(messages: &[Value], receive_count: u32) -> Value {
    let message = |(n, records): (usize, &Value)| {
        json!({
            "messageId": format!("message-{n}"),
            "receiptHandle": format!("handle-{n}"),
            "body": json!({"Records": records}).to_string(),
            "attributes": {"ApproximateReceiveCount": receive_count.to_string()},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
            "awsRegion": "eu-central-1",
        })
    };
    json!({"Records": messages.iter().enumerate().map(message).collect::<Vec<_>>()})
}

/// The payload of a queue with one message of one S3 record, received for the first time.
#[must_use]
pub fn single(name: &str, object: &Value) -> Value {
    from_queue(&[json!([record(name, object)])], 1)
}
