//! Notifications in the shapes that AWS documents for S3
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>) within SNS
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>).

use events::{
    Batch, Change, Decoded, Failure, Failures, ObjectEvent, Sequencer, SnsEvent, decode, decode_key,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

fn decoded(json: &str) -> Decoded {
    decode(&serde_json::from_str::<SnsEvent>(json).expect("an SNS event"))
}

fn only(decoded: Decoded) -> Vec<ObjectEvent> {
    decoded.events.into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_put() {
    let events = only(decoded(include_str!("created.json")));
    let expected = ObjectEvent {
        bucket: "contact-sheet-raw".into(),
        key: "pets/red flower+1.jpg".into(),
        sequencer: "0055AED6DCD90281E5".parse().unwrap(),
        time: "2026-11-22T13:00:00Z".parse().unwrap(),
        change: Change::Created {
            e_tag: "b21b84d653bb07b05b1e6b33684dc11b".into(),
            bytes: 1_305_107,
        },
    };
    assert_eq!(events, [expected]);
}

#[test]
fn removals_in_several_messages() {
    let events = only(decoded(include_str!("removed.json")));
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
    let decoded = decoded(include_str!("test-event.json"));
    assert!(decoded.events.is_empty());
    assert_eq!(decoded.ignored.len(), 1);
    assert_eq!(decoded.ignored[0].reason, "s3:TestEvent");
}

#[test]
fn a_record_that_cannot_be_read_hides_no_other() {
    let decoded = decoded(include_str!("mixed.json"));
    let seen: Vec<String> = decoded
        .events
        .iter()
        .map(|event| match event {
            Ok(event) => format!("{} {}", event.key, &event.sequencer.as_str()[..2]),
            Err(error) => events::chain(error),
        })
        .collect();
    let expected = [
        "1.jpg 01",
        "record 1 of SNS message 95df01b4-ee98-5cb9-9903-4c221d41eb06 is no S3 record: missing field `eventTime`",
        "2.jpg 02",
        "SNS message 95df01b4-ee98-5cb9-9903-4c221d41eb07 is not JSON: expected value at line 1 column 1",
        "SNS message 95df01b4-ee98-5cb9-9903-4c221d41eb08 is no S3 notification: it has no Records",
        "3.jpg 03",
        r#"key cannot be decoded: "%FF.jpg" is not UTF-8 once decoded: invalid utf-8 sequence of 1 bytes from index 0"#,
        r#"S3 record of key "no-sequencer.jpg" has no usable s3.object.sequencer"#,
        r#"S3 record of key "bad-sequencer.jpg" cannot be ordered: sequencer "zero" is not hexadecimal"#,
        r#"S3 record of key "negative.jpg" has no usable s3.object.size"#,
        r#"S3 record of key "" has no usable s3.object.key"#,
        "6.jpg 09",
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        decoded.ignored.len(),
        2,
        "ObjectRestore and LifecycleExpiration ask for nothing"
    );
    let Ok(ObjectEvent {
        change: Change::Created { e_tag, .. },
        ..
    }) = &decoded.events[2]
    else {
        panic!("2.jpg was created");
    };
    assert_eq!(e_tag, "5f1d4d3e-2", "quotes are no part of an entity tag");
}

#[test]
fn a_batch_gives_what_can_be_read_and_fails_with_the_rest() {
    let event: SnsEvent = serde_json::from_str(include_str!("mixed.json")).unwrap();
    let mut batch = Batch::new(&event);
    let mut keys = vec![];
    while let Some(event) = batch.next_event() {
        keys.push(event.key.clone());
        if event.key == "2.jpg" {
            batch.failed(event, "S3 is on fire");
        }
    }
    assert_eq!(keys, ["1.jpg", "2.jpg", "3.jpg", "6.jpg"]);
    let message = batch.end().unwrap_err().to_string();
    assert!(
        message.starts_with("9 of 12 records failed; record 1 of SNS message"),
        "{message}"
    );
    assert!(
        message.contains(r#"; "2.jpg": S3 is on fire; SNS message"#),
        "{message}"
    );

    let event: SnsEvent = serde_json::from_str(include_str!("test-event.json")).unwrap();
    let mut batch = Batch::new(&event);
    assert!(batch.next_event().is_none());
    assert!(batch.end().is_ok());
}

#[test]
fn failures_name_each_key_with_its_causes() {
    let cause = decode_key("%FF").unwrap_err();
    let failed = vec![
        Failure {
            key: Some("a.jpg".into()),
            error: Box::new(events::DecodeError::Key(cause)),
        },
        Failure {
            key: None,
            error: "broken".into(),
        },
    ];
    let failures = Failures { tried: 5, failed };
    assert_eq!(
        failures.to_string(),
        r#"2 of 5 records failed; "a.jpg": key cannot be decoded: "%FF" is not UTF-8 once decoded: invalid utf-8 sequence of 1 bytes from index 0; broken"#
    );
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

fn sequencer(text: &str) -> Sequencer {
    text.parse().expect("a sequencer")
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
    fn no_text_panics(text in any::<String>()) {
        let _ = decode_key(&text);
        let _ = text.parse::<Sequencer>();
    }

    /// The stored texts compare as AWS's rule says, with any lengths.
    #[test]
    fn stored_order_is_the_documented_order(a in "[0-9A-F]{1,40}", b in "[0-9A-F]{1,40}") {
        let width = a.len().max(b.len());
        let padded = |text: &str| format!("{text:0<width$}");
        prop_assert_eq!(sequencer(&a).cmp(&sequencer(&b)), padded(&a).cmp(&padded(&b)));
    }
}
