//! Notifications with the structure that AWS documents for S3
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>), in SNS records
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>) and in SQS messages
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).

use events::{Change, DecodeError, Message, ObjectEvent, Receipt, Sequencer, decode, decode_key};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

fn messages(payload: &str) -> Vec<Message> {
    decode(&serde_json::from_str(payload).expect("JSON"))
}

fn results(messages: Vec<Message>) -> Vec<Result<ObjectEvent, DecodeError>> {
    messages
        .into_iter()
        .flat_map(|message| message.events)
        .collect()
}

fn events(messages: Vec<Message>) -> Vec<ObjectEvent> {
    results(messages).into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_put() {
    let events = events(messages(include_str!("created.json")));
    let expected = ObjectEvent {
        bucket: "contact-sheet-raw".into(),
        key: "pets/red flower+1.jpg".into(),
        sequencer: "0055AED6DCD90281E5".parse().unwrap(),
        time: "2026-11-22T13:00:00Z".parse().unwrap(),
        change: Change::Created {
            e_tag: "b21b84d653bb07b05b1e6b33684dc11b".into(),
            bytes: 1_305_107,
        },
        reprocess: false,
    };
    assert_eq!(events, [expected]);
}

#[test]
fn removals_in_several_messages() {
    let events = events(messages(include_str!("removed.json")));
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.key.as_str(), event.change.clone()))
        .collect();
    let version = Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".to_owned());
    assert_eq!(
        seen,
        [
            ("日本/写真.webp", Change::Removed { version: None }),
            ("old.jpg", Change::Removed { version: None }),
            ("old.jpg", Change::Removed { version }),
        ]
    );
}

#[test]
fn a_test_event_is_no_error() {
    for message in messages(include_str!("test-event.json")) {
        assert!(message.events.is_empty());
        assert_eq!(message.ignored, ["s3:TestEvent"]);
    }
}

#[test]
fn a_record_that_cannot_be_read_hides_no_other() {
    let messages = messages(include_str!("mixed.json"));
    let ignored = messages
        .iter()
        .map(|message| message.ignored.len())
        .sum::<usize>();
    assert_eq!(ignored, 2, "ObjectRestore and LifecycleExpiration");
    let results = results(messages);
    let seen: Vec<String> = results
        .iter()
        .map(|event| match event {
            Ok(event) => format!("{} {}", event.key, &event.sequencer.as_str()[..2]),
            Err(error) => events::chain(error),
        })
        .collect();
    let expected = [
        "1.jpg 01",
        "record 1 of message 95df01b4-ee98-5cb9-9903-4c221d41eb06 is not an S3 record: missing field `eventTime`",
        "2.jpg 02",
        "message 95df01b4-ee98-5cb9-9903-4c221d41eb07 is not JSON: expected value at line 1 column 1",
        "message 95df01b4-ee98-5cb9-9903-4c221d41eb08 is not an S3 notification: it has no Records",
        "3.jpg 03",
        r#"key cannot be decoded: "%FF.jpg" is not UTF-8 once decoded: invalid utf-8 sequence of 1 bytes from index 0"#,
        r#"S3 record of key "no-sequencer.jpg" has no valid s3.object.sequencer"#,
        r#"S3 record of key "bad-sequencer.jpg" cannot be ordered: sequencer "zero" is not hexadecimal"#,
        r#"S3 record of key "negative.jpg" has no valid s3.object.size"#,
        r#"S3 record of key "" has no valid s3.object.key"#,
        "6.jpg 09",
    ];
    assert_eq!(seen, expected);
    let Ok(ObjectEvent {
        change: Change::Created { e_tag, .. },
        ..
    }) = &results[2]
    else {
        panic!("2.jpg was created");
    };
    assert_eq!(e_tag, "5f1d4d3e-2", "quotes are not part of an entity tag");
}

/// The payload of an event source mapping.
fn sqs(bodies: &[String]) -> Value {
    let record = |(n, body): (usize, &String)| {
        json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-66197{n:07}"),
            "receiptHandle": format!("handle {n}"),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": (n + 1).to_string(),
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
            "awsRegion": "us-east-2",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

#[test]
fn sqs_messages_hold_notifications_alone_or_in_an_envelope() {
    let sns: Value = serde_json::from_str(include_str!("created.json")).unwrap();
    let envelope = &sns["Records"][0]["Sns"];
    let raw = envelope["Message"].as_str().unwrap().to_owned();
    let test_event: Value = serde_json::from_str(include_str!("test-event.json")).unwrap();
    let test_event = test_event["Records"][0]["Sns"]["Message"].as_str().unwrap();
    let messages = decode(&sqs(&[
        raw,
        envelope.to_string(),
        test_event.to_owned(),
        "hello, world".to_owned(),
    ]));
    let expected = events(decode(&sns));
    for (n, message) in messages.iter().enumerate() {
        let receipt = Receipt {
            queue_arn: "arn:aws:sqs:us-east-2:123456789012:my-queue".into(),
            handle: format!("handle {n}"),
            receive_count: u32::try_from(n + 1).unwrap(),
        };
        assert_eq!(message.receipt, Some(receipt));
        match n {
            0 | 1 => assert_eq!(message.events[0].as_ref().unwrap(), &expected[0]),
            2 => assert_eq!(message.ignored, ["s3:TestEvent"]),
            _ => assert_eq!(
                message.events[0].as_ref().unwrap_err().to_string(),
                format!("message {} is not JSON", message.id)
            ),
        }
    }
    assert_eq!(messages.len(), 4);
}

#[test]
fn a_payload_of_another_kind_is_an_error() {
    for (payload, error) in [
        (json!({}), "the payload has no Records"),
        (json!(["Records"]), "the payload has no Records"),
        (
            json!({"Records": [{"eventSource": "aws:kinesis"}]}),
            "record 0 of the payload is neither from SQS nor from SNS",
        ),
        (
            json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}),
            "record 0 of the payload is neither from SQS nor from SNS",
        ),
    ] {
        let result = results(decode(&payload)).remove(0);
        assert_eq!(result.unwrap_err().to_string(), error);
    }
}

#[test]
fn keys_are_decoded_exactly_once() {
    for (encoded, key) in [
        ("a+b%2Bc.jpg", "a b+c.jpg"),
        ("%252B+%2525", "%2B %25"),
        ("%C3%A5/%C3%B6+100%25.png", "å/ö 100%.png"),
        ("%F0%9F%A6%80%27%22", "🦀'\""),
        ("a/../b//c", "a/../b//c"),
    ] {
        assert_eq!(decode_key(encoded).unwrap(), key);
    }
}

fn sequencer(digits: &str) -> Sequencer {
    digits.parse().expect("a sequencer")
}

#[test]
fn sequencers_order_by_padding_on_the_right() {
    assert_eq!(
        sequencer("0055aed6dcd90281e5").as_str(),
        "0055AED6DCD90281E500000000000000"
    );
    assert_eq!(sequencer("1"), sequencer("1000"));
    assert!(sequencer("2") > sequencer("1FFFFFFF"));
    assert!(sequencer("0") < sequencer("00000000000000000000000000000000000001"));
    for hostile in ["", " 1", "+1", "0x1", "1\n", "１"] {
        assert!(hostile.parse::<Sequencer>().is_err(), "{hostile:?}");
    }
}

proptest! {
    /// Whatever a key is, S3's encoding of it (space to plus, all but unreserved bytes escaped) is undone.
    #[test]
    fn every_key_survives(key in any::<String>()) {
        let encoded = utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string().replace("%20", "+");
        prop_assert_eq!(decode_key(&encoded).unwrap(), key);
    }

    #[test]
    fn no_string_panics(string in any::<String>()) {
        let _ = decode_key(&string);
        let _ = string.parse::<Sequencer>();
    }

    /// Stored sequencers compare by AWS's rule, whatever their lengths.
    #[test]
    fn stored_order_is_the_documented_order(a in "[0-9A-F]{1,40}", b in "[0-9A-F]{1,40}") {
        let width = a.len().max(b.len());
        let padded = |digits: &str| format!("{digits:0<width$}");
        prop_assert_eq!(sequencer(&a).cmp(&sequencer(&b)), padded(&a).cmp(&padded(&b)));
    }
}
