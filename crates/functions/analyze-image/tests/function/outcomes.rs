//! What becomes of one event.

use std::collections::{BTreeMap, BTreeSet};

use analyze_image::{Answer, Refusal};
use image::ImageFormat;
use records::{Part, Write};
use serde_json::json;

use crate::world::{KEY, Stack, picture, removed, saw, sns};

fn small() -> Vec<u8> {
    picture(100, 80, ImageFormat::Jpeg)
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter()
        .map(|(label, rank)| ((*label).into(), format!("{rank}#{KEY}")))
        .collect()
}

#[tokio::test]
async fn a_repeated_or_late_event_asks_nobody() {
    let stack = Stack::start().await;
    let first = stack.world.upload(1, small());
    let second = stack.world.upload(2, small());
    stack.handle(&second).await.unwrap();
    let record = stack.record().await;
    stack.world.calls();
    stack.handle(&second).await.unwrap();
    stack.handle(&first).await.unwrap();
    assert_eq!(stack.world.calls(), [""; 0], "neither S3 nor Rekognition");
    assert_eq!(stack.record().await, record);
}

#[tokio::test]
async fn a_newer_upload_replaces_the_index() {
    let stack = Stack::start().await;
    let answers = [
        Ok(saw(&[("Cat", 98.71), ("Pet", 60.0)])),
        Ok(saw(&[("Cat", 70.5), ("Sofa", 55.0)])),
    ];
    stack.world.state().answers = answers.into();
    let event = stack.world.upload(1, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(
        stack.index().await,
        rows(&[("Cat", "098.7100"), ("Pet", "060.0000")])
    );
    let event = stack.world.upload(2, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(
        stack.index().await,
        rows(&[("Cat", "070.5000"), ("Sofa", "055.0000")])
    );
    let event = stack.world.upload(3, b"no picture".to_vec());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.index().await, rows(&[]));
    assert_eq!(stack.analysis().await, ["UnsupportedFormat"]);
}

#[tokio::test]
async fn a_removal_empties_the_index_whoever_hears_of_it_first() {
    for create_thumbnail_first in [false, true] {
        let stack = Stack::start().await;
        let event = stack.world.upload(1, small());
        stack.handle(&event).await.unwrap();
        let gone = removed(2);
        if create_thumbnail_first {
            let decoded = events::decode(&gone).events.remove(0).unwrap();
            let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
            stack
                .function
                .store
                .write(&decoded, &Write::Removed, deadline)
                .await
                .unwrap();
            assert_eq!(stack.index().await.len(), 1);
        }
        stack.handle(&gone).await.unwrap();
        assert_eq!(stack.index().await, rows(&[]));
        assert!(stack.record().await.unwrap().is_deleted());
        stack.handle(&event).await.unwrap();
        assert!(
            stack.record().await.unwrap().is_deleted(),
            "a late creation brings nothing back"
        );
    }
}

#[tokio::test]
async fn both_parts_of_a_record_stand_side_by_side() {
    let stack = Stack::start().await;
    let event = stack.world.upload(1, small());
    let decoded = events::decode(&event).events.remove(0).unwrap();
    let thumbnails = Write::Thumbnails {
        bytes: 1,
        part: Part::failed("CorruptImage", "for the test"),
        cleared: [].into(),
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    stack
        .function
        .store
        .write(&decoded, &thumbnails, deadline)
        .await
        .unwrap();
    stack.handle(&event).await.unwrap();
    let record = stack.record().await.unwrap();
    assert!(!record.picture().unwrap().thumbnails.is_pending());
    assert_eq!(stack.analysis().await, ["Cat"]);
}

#[tokio::test]
async fn an_upload_that_is_replaced_or_gone_leaves_no_record() {
    let stack = Stack::start().await;
    let first = stack.world.upload(1, small());
    stack.world.upload(2, small());
    stack.handle(&first).await.unwrap();
    stack.world.state().raw = None;
    stack.handle(&first).await.unwrap();
    assert_eq!(stack.world.calls(), ["read all", "read all"]);
    assert_eq!(stack.record().await, None);
}

#[tokio::test]
async fn an_upload_that_is_replaced_while_it_is_looked_at_leaves_no_record() {
    for answer in [
        saw(&[("Cat", 90.0)]),
        Answer::NoObject,
        Answer::Refused(Refusal::Format),
    ] {
        for gone in [false, true] {
            let stack = Stack::start().await;
            let event = stack.world.upload(1, small());
            stack.world.state().answers = [Ok(answer.clone())].into();
            stack.world.state().meanwhile = Some(Box::new(move |state| {
                state.raw = (!gone).then(|| ("newer".into(), small()));
            }));
            stack.handle(&event).await.unwrap();
            assert_eq!(stack.record().await, None, "{answer:?} {gone}");
        }
    }
}

#[tokio::test]
async fn what_a_service_could_not_do_is_an_error() {
    let stack = Stack::start().await;
    let event = stack.world.upload(1, small());
    let throttled = Err("ThrottlingException: slow down".into());
    stack.world.state().answers = [throttled, Ok(Answer::NoObject)].into();
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": labels cannot be detected: ThrottlingException: slow down"#
    );
    // The object is there, so it can't be seen for want of permission, say.
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": the recogniser finds no object, or may not read it"#
    );
    let refused = || Ok(Answer::Refused(Refusal::Parameter));
    stack.world.state().answers = [refused(), refused()].into();
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": the recogniser does not take the request"#
    );
    assert_eq!(stack.record().await, None);
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["Cat"], "and the retry does it");
}

#[tokio::test]
async fn the_index_takes_no_more_labels_than_configured() {
    let stack = Stack::start().await;
    let many = [
        ("A", 51.0),
        ("B", 99.0),
        ("C", 70.0),
        ("D", 98.0),
        ("B", 97.0),
    ];
    stack.world.state().answers = [Ok(saw(&many))].into();
    let event = stack.world.upload(1, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["B", "D", "C"]);
    let expected = rows(&[("B", "099.0000"), ("C", "070.0000"), ("D", "098.0000")]);
    assert_eq!(stack.index().await, expected);
}

/// In a bucket that keeps versions: `ObjectRemoved:Delete` names the version that was deleted for good.
#[tokio::test]
async fn the_loss_of_one_version_brings_the_picture_that_is_there() {
    let stack = Stack::start().await;
    let lost = |n: u32| {
        let object =
            json!({"key": KEY, "versionId": "QMzwYIYYqjDkqOS9", "sequencer": format!("{n:04X}")});
        sns("ObjectRemoved:Delete", &object)
    };
    stack.world.upload(1, small());
    stack.handle(&lost(2)).await.unwrap();
    assert_eq!(stack.analysis().await, ["Cat"]);
    stack.world.state().raw = None;
    stack.handle(&lost(3)).await.unwrap();
    assert!(stack.record().await.unwrap().is_deleted());
    assert_eq!(stack.index().await, rows(&[]));
}

#[tokio::test]
async fn a_key_too_long_for_the_index_is_skipped() {
    let stack = Stack::start().await;
    let object = json!({"key": "k".repeat(1001), "size": 1, "eTag": "e", "sequencer": "1"});
    stack
        .handle(&sns("ObjectCreated:Put", &object))
        .await
        .unwrap();
    assert_eq!(stack.world.calls(), [""; 0]);
}

/// Names of the function's own metrics on the template's dashboard.
fn shown() -> BTreeSet<String> {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../infra/infra.yaml");
    let template = std::fs::read_to_string(template).expect("the template");
    let lines = template.lines().map(str::trim).filter(|line| {
        line.starts_with("[\"ContactSheet\"") && line.contains("${AnalyzeImageFunction}")
    });
    lines
        .map(|line| line.split('"').nth(3).expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn it_tells_what_the_dashboard_shows() {
    let stack = Stack::start().await;
    let mut told = BTreeSet::new();
    // One that Rekognition reads itself, and one that is sent.
    for (n, format) in [(1, ImageFormat::Jpeg), (2, ImageFormat::Gif)] {
        let bytes = picture(100, 80, format);
        let event = stack.world.upload(n, bytes.clone());
        let lines = stack.lines(&event).await;
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        for (member, value) in [
            ("Outcome", json!("done")),
            ("key", json!(KEY)),
            ("Pictures", json!(1)),
            ("BytesIn", json!(bytes.len())),
            ("labels", json!(1)),
            ("width", json!(100)),
            ("height", json!(80)),
        ] {
            assert_eq!(line[member], value, "{member}");
        }
        assert_eq!(line["BytesOut"] == 0, format == ImageFormat::Jpeg);
        let members = line.as_object().expect("a map").iter();
        let numbers = members.filter(|(_, value)| value.is_number());
        told.extend(numbers.map(|(name, _)| name.clone()));
    }
    assert!(!shown().is_empty());
    assert_eq!(shown().difference(&told).collect::<Vec<_>>(), [""; 0]);
}
