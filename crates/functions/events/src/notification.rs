//! S3's event message:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use aws_lambda_events::s3::S3EventRecord;
use serde_json::Value;

use crate::{Change, DecodeError, Message, ObjectEvent, decode_key};

/// Reads the S3 records of `body` into `message`.
pub(crate) fn decode(body: &str, message: &mut Message) {
    match records(body, &message.id) {
        Err(error) => message.events.push(Err(error)),
        Ok(None) => message.ignored.push("s3:TestEvent".to_owned()),
        Ok(Some(records)) => {
            for (index, value) in records.into_iter().enumerate() {
                let message_id = message.id.clone();
                let record =
                    serde_json::from_value(value).map_err(|source| DecodeError::Structure {
                        message_id,
                        index,
                        source,
                    });
                match record.and_then(event) {
                    Ok(Some(event)) => message.events.push(Ok(event)),
                    Ok(None) => message
                        .ignored
                        .push("not an ObjectCreated or ObjectRemoved event".to_owned()),
                    Err(error) => message.events.push(Err(error)),
                }
            }
        }
    }
}

/// The `Records` of a notification, out of its SNS envelope if it has one; `None` of an `s3:TestEvent`, which S3
/// publishes when a notification is configured.
fn records(body: &str, message_id: &str) -> Result<Option<Vec<Value>>, DecodeError> {
    let parse = |text: &str| -> Result<Value, DecodeError> {
        serde_json::from_str(text).map_err(|source| DecodeError::Json {
            message_id: message_id.to_owned(),
            source,
        })
    };
    let mut body = parse(body)?;
    if body.get("Type").and_then(Value::as_str) == Some("Notification")
        && let Some(enveloped) = body.get("Message").and_then(Value::as_str)
    {
        body = parse(enveloped)?;
    }
    if body.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(None);
    }
    match body.get_mut("Records").map(Value::take) {
        Some(Value::Array(records)) => Ok(Some(records)),
        _ => Err(DecodeError::NoRecords {
            message_id: message_id.to_owned(),
        }),
    }
}

/// `None` for an event name that no function asks for.
fn event(record: S3EventRecord) -> Result<Option<ObjectEvent>, DecodeError> {
    let object = record.s3.object;
    let encoded = object.key.unwrap_or_default();
    let invalid = |field| DecodeError::Field {
        key: encoded.clone(),
        field,
    };
    let required = |value: Option<String>, field| {
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| invalid(field))
    };

    let name = required(record.event_name, "eventName")?;
    // Notifications have the bare name; configurations, and some emulators, prefix it with `s3:`.
    let name = name.strip_prefix("s3:").unwrap_or(&name);
    let created = match name.split_once(':') {
        Some(("ObjectCreated", _)) => true,
        Some(("ObjectRemoved", _)) => false,
        _ => return Ok(None),
    };
    let change = if created {
        let bytes = object.size.and_then(|size| u64::try_from(size).ok());
        Change::Created {
            e_tag: required(object.e_tag, "s3.object.eTag")?
                .trim_matches('"')
                .to_owned(),
            bytes: bytes.ok_or_else(|| invalid("s3.object.size"))?,
        }
    } else {
        let version = object.version_id.filter(|version| !version.is_empty());
        Change::Removed {
            version: version.filter(|_| name == "ObjectRemoved:Delete"),
        }
    };
    let sequencer = required(object.sequencer, "s3.object.sequencer")?
        .parse()
        .map_err(|source| DecodeError::Sequencer {
            key: encoded.clone(),
            source,
        })?;
    let bucket = required(record.s3.bucket.name, "s3.bucket.name")?;
    if encoded.is_empty() {
        return Err(invalid("s3.object.key"));
    }
    let key = decode_key(&encoded)?;
    Ok(Some(ObjectEvent {
        bucket,
        key,
        sequencer,
        time: record.event_time,
        change,
        reprocess: name == "ObjectCreated:Reprocess",
    }))
}
