//! The event of an object.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// S3's time of an object's last change is the start of its upload, in whole seconds; an event has the end. So an object
/// is newer if it was last changed this much after its record.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Everything except RFC 3986's unreserved characters and the slash, as in S3's notifications; a space becomes a plus.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// An object of the raw bucket, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its entity tag, without quotes.
    pub e_tag: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: DateTime<Utc>,
}

/// The relevant part of a key's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The sequencer of the newest event.
    pub seq: String,
    /// When the image was uploaded; `None` if it was deleted.
    pub uploaded_at: Option<DateTime<Utc>>,
}

/// The event that reprocesses an object; `None` if the object is newer than its record, because S3's own event has not
/// been handled yet.
#[must_use]
pub fn event(bucket: &str, object: &Object, recorded: Option<&Recorded>) -> Option<Value> {
    let sequencer = match recorded {
        None => "0",
        Some(recorded) => {
            let uploaded_at = recorded.uploaded_at?;
            if object.modified > uploaded_at + TOLERANCE {
                return None;
            }
            &recorded.seq
        }
    };
    let key = utf8_percent_encode(&object.key, KEY).to_string();
    Some(json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": object.modified.to_rfc3339_opts(SecondsFormat::Millis, true),
        "eventName": "ObjectCreated:Reprocess",
        "userIdentity": {},
        "requestParameters": {},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
            "object": {
                "key": key.replace("%20", "+"),
                "size": object.bytes,
                "eTag": object.e_tag,
                "sequencer": sequencer,
            },
        },
    }]}))
}

#[cfg(test)]
mod tests {
    use events::{Change, ObjectEvent};

    use super::*;

    fn object(key: &str) -> Object {
        Object {
            key: key.into(),
            e_tag: "9e107d9d372bb6826bd81d3542a419d6".into(),
            bytes: 43,
            modified: "2026-11-22T13:00:00Z".parse().expect("a time"),
        }
    }

    fn recorded(uploaded_at: Option<&str>) -> Recorded {
        Recorded {
            seq: "0A000000000000000000000000000000".into(),
            uploaded_at: uploaded_at.map(|time| time.parse().expect("a time")),
        }
    }

    /// The event as a function reads it from its queue.
    fn decoded(notification: &Value) -> ObjectEvent {
        let payload = json!({"Records": [{
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
            "messageId": "id",
            "receiptHandle": "handle",
            "body": notification.to_string(),
        }]});
        let event = events::decode(&payload).remove(0).events.remove(0);
        event.expect("an event")
    }

    #[test]
    fn the_functions_read_what_is_sent() {
        for key in ["cat.jpg", "å/ö 100% + it's *~\"", "日本\n"] {
            for (recorded, sequencer) in [
                (None, "0"),
                (Some(recorded(Some("2026-11-22T13:00:01.500Z"))), "0A"),
            ] {
                let event = event("raw", &object(key), recorded.as_ref()).expect("an event");
                let expected = ObjectEvent {
                    bucket: "raw".into(),
                    key: key.into(),
                    sequencer: sequencer.parse().expect("a sequencer"),
                    time: object(key).modified,
                    change: Change::Created {
                        e_tag: object(key).e_tag,
                        bytes: 43,
                    },
                    reprocess: true,
                };
                assert_eq!(decoded(&event), expected);
            }
        }
    }

    #[test]
    fn an_object_that_is_newer_than_its_record_is_left_to_its_own_event() {
        let object = object("cat.jpg");
        assert_eq!(event("raw", &object, Some(&recorded(None))), None);
        let older = recorded(Some("2026-11-22T12:59:58Z"));
        assert_eq!(event("raw", &object, Some(&older)), None);
        // The listing has whole seconds, and clocks may differ.
        let same = recorded(Some("2026-11-22T12:59:59.100Z"));
        assert!(event("raw", &object, Some(&same)).is_some());
    }
}
