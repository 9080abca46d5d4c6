//! What happened to which object: SNS envelopes of S3 notifications, decoded.
//!
//! S3 publishes to a topic, the topic invokes a function. What arrives is an SNS event whose records
//! each hold, as text, an S3 event with records of its own. [`decode`] walks all of them and never lets
//! one that it cannot read hide the others.
//!
//! Message structure:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

mod batch;
mod key;
mod sequencer;

use aws_lambda_events::s3::S3EventRecord;
use aws_lambda_events::sns::SnsRecord;
use chrono::{DateTime, Utc};
use serde_json::Value;

pub use aws_lambda_events::sns::SnsEvent;
pub use batch::{Batch, Failure, Failures, chain};
pub use key::{KeyError, decode_key};
pub use sequencer::{Sequencer, SequencerError};

/// One thing that happened to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// Orders the events of this key.
    pub sequencer: Sequencer,
    /// When S3 finished the request.
    pub time: DateTime<Utc>,
    /// What happened.
    pub change: Change,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `ObjectCreated:*`: it was uploaded, copied or completed.
    Created {
        /// The entity tag, without quotes.
        e_tag: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// `ObjectRemoved:*`: it was deleted, or hidden by a delete marker.
    Removed {
        /// The version that was deleted for good, in a bucket that keeps versions. The object need not be
        /// gone: another version of it may be current.
        version: Option<String>,
    },
}

/// A record that asks for nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The SNS message that it came in.
    pub message_id: String,
    /// Why nothing has to be done.
    pub reason: String,
}

/// Everything that an SNS event holds.
#[derive(Debug, Default)]
pub struct Decoded {
    /// One entry for each S3 record, in the order of arrival.
    pub events: Vec<Result<ObjectEvent, DecodeError>>,
    /// What needs no work: `s3:TestEvent`, and event names that no function asked for.
    pub ignored: Vec<Ignored>,
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The SNS message is not JSON.
    #[error("SNS message {message_id} is not JSON")]
    Json {
        /// The SNS message.
        message_id: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The SNS message is JSON, but no S3 notification.
    #[error("SNS message {message_id} is no S3 notification: it has no Records")]
    NoRecords {
        /// The SNS message.
        message_id: String,
    },
    /// A record that has not the shape of an S3 record.
    #[error("record {index} of SNS message {message_id} is no S3 record")]
    Shape {
        /// The SNS message.
        message_id: String,
        /// Its place in the message, from 0.
        index: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A field is missing, empty or out of range.
    #[error("S3 record of key {key:?} has no usable {field}")]
    Field {
        /// The key as it came, encoded; empty if it is the key that is missing.
        key: String,
        /// The field's path in the record.
        field: &'static str,
    },
    /// The key is not what S3 sends.
    #[error("key cannot be decoded")]
    Key(#[from] KeyError),
    /// The sequencer is not what S3 sends.
    #[error("S3 record of key {key:?} cannot be ordered")]
    Sequencer {
        /// The key as it came, encoded.
        key: String,
        /// What is wrong with the sequencer.
        source: SequencerError,
    },
}

/// Reads every S3 record of every SNS record.
#[must_use]
pub fn decode(event: &SnsEvent) -> Decoded {
    let mut decoded = Decoded::default();
    for record in &event.records {
        decode_message(record, &mut decoded);
    }
    decoded
}

fn decode_message(record: &SnsRecord, decoded: &mut Decoded) {
    let message_id = &record.sns.message_id;
    let ignore = |reason: String| Ignored {
        message_id: message_id.clone(),
        reason,
    };
    let mut message: Value = match serde_json::from_str(&record.sns.message) {
        Ok(message) => message,
        Err(source) => {
            decoded.events.push(Err(DecodeError::Json {
                message_id: message_id.clone(),
                source,
            }));
            return;
        }
    };
    // Published once when a notification is configured; it has no Records.
    if message.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        decoded.ignored.push(ignore("s3:TestEvent".into()));
        return;
    }
    let Some(Value::Array(records)) = message.get_mut("Records").map(Value::take) else {
        decoded.events.push(Err(DecodeError::NoRecords {
            message_id: message_id.clone(),
        }));
        return;
    };
    for (index, value) in records.into_iter().enumerate() {
        match serde_json::from_value::<S3EventRecord>(value) {
            Err(source) => decoded.events.push(Err(DecodeError::Shape {
                message_id: message_id.clone(),
                index,
                source,
            })),
            Ok(record) => match decode_record(record) {
                Ok(Some(event)) => decoded.events.push(Ok(event)),
                Ok(None) => decoded
                    .ignored
                    .push(ignore("not an ObjectCreated or ObjectRemoved event".into())),
                Err(error) => decoded.events.push(Err(error)),
            },
        }
    }
}

/// `None` for an event name that asks for nothing.
fn decode_record(record: S3EventRecord) -> Result<Option<ObjectEvent>, DecodeError> {
    let object = record.s3.object;
    let encoded = object.key.unwrap_or_default();
    let missing = |field| DecodeError::Field {
        key: encoded.clone(),
        field,
    };
    let text = |value: Option<String>, field| {
        value
            .filter(|v| !v.is_empty())
            .ok_or_else(|| missing(field))
    };

    let name = text(record.event_name, "eventName")?;
    // Notifications carry the bare name; configurations, and some emulators, write `s3:` before it.
    let name = name.strip_prefix("s3:").unwrap_or(&name);
    let created = match name.split_once(':') {
        Some(("ObjectCreated", _)) => true,
        Some(("ObjectRemoved", _)) => false,
        _ => return Ok(None),
    };
    let change = if created {
        let bytes = object.size.and_then(|size| u64::try_from(size).ok());
        Change::Created {
            e_tag: text(object.e_tag, "s3.object.eTag")?
                .trim_matches('"')
                .to_owned(),
            bytes: bytes.ok_or_else(|| missing("s3.object.size"))?,
        }
    } else {
        let version = object.version_id.filter(|version| !version.is_empty());
        Change::Removed {
            version: version.filter(|_| name == "ObjectRemoved:Delete"),
        }
    };
    let sequencer = text(object.sequencer, "s3.object.sequencer")?
        .parse()
        .map_err(|source| DecodeError::Sequencer {
            key: encoded.clone(),
            source,
        })?;
    let bucket = text(record.s3.bucket.name, "s3.bucket.name")?;
    if encoded.is_empty() {
        return Err(missing("s3.object.key"));
    }
    let key = decode_key(&encoded)?;
    Ok(Some(ObjectEvent {
        bucket,
        key,
        sequencer,
        time: record.event_time,
        change,
    }))
}
