//! How one event ends.

use std::collections::{BTreeMap, BTreeSet};

use analyze_image::{Detection, Refusal};
use image::ImageFormat;
use records::{Part, Write};
use serde_json::json;

use test_world::{Step, events::single};

use crate::world::{KEY, Stack, detected, image, removed};

fn small() -> Vec<u8> {
    image(100, 80, ImageFormat::Jpeg)
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter()
        .map(|(label, rank)| ((*label).into(), format!("{rank}#{KEY}")))
        .collect()
}

#[tokio::test]
async fn a_repeated_or_late_event_does_not_call_rekognition() {
    let stack = Stack::start().await;
    let first = stack.world.upload(1, small());
    let second = stack.world.upload(2, small());
    stack.handle(&second).await.unwrap();
    let record = stack.record().await;
    stack.world.calls();
    stack.handle(&second).await.unwrap();
    stack.handle(&first).await.unwrap();
    assert_eq!(
        stack.world.calls(),
        ["get all", "get all"],
        "the header is read while the record is"
    );
    assert_eq!(stack.record().await, record);
}

#[tokio::test]
async fn a_newer_upload_replaces_the_index() {
    let stack = Stack::start().await;
    let detections = [
        Ok(detected(&[("Cat", 98.71), ("Pet", 60.0)])),
        Ok(detected(&[("Cat", 70.5), ("Sofa", 55.0)])),
    ];
    stack.world.state().detections = detections.into();
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
    let event = stack.world.upload(3, b"not an image".to_vec());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.index().await, rows(&[]));
    assert_eq!(stack.analysis().await, ["UnsupportedFormat"]);
}

#[tokio::test]
async fn a_removal_empties_the_index_whichever_function_is_first() {
    for create_thumbnail_first in [false, true] {
        let stack = Stack::start().await;
        let event = stack.world.upload(1, small());
        stack.handle(&event).await.unwrap();
        let gone = removed(2);
        if create_thumbnail_first {
            let decoded = events::decode(&gone).remove(0).events.remove(0).unwrap();
            let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
            stack
                .function
                .task
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
async fn both_parts_of_a_record_are_kept() {
    let stack = Stack::start().await;
    let event = stack.world.upload(1, small());
    stack.write_thumbnails(&event).await;
    stack.handle(&event).await.unwrap();
    let record = stack.record().await.unwrap();
    assert!(!record.image().unwrap().thumbnails.is_pending());
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
    assert_eq!(stack.world.calls(), ["get all", "get all"]);
    assert_eq!(stack.record().await, None);
}

#[tokio::test]
async fn an_upload_that_is_replaced_during_detection_leaves_no_record() {
    for detection in [
        detected(&[("Cat", 90.0)]),
        Detection::NoObject,
        Detection::Refused(Refusal::Format),
    ] {
        for gone in [false, true] {
            let stack = Stack::start().await;
            let event = stack.world.upload(1, small());
            stack.world.state().detections = [Ok(detection.clone())].into();
            stack.world.state().meanwhile = Some(Box::new(move |state| {
                state.raw = (!gone).then(|| ("newer".into(), small()));
            }));
            stack.handle(&event).await.unwrap();
            assert_eq!(stack.record().await, None, "{detection:?} {gone}");
        }
    }
}

#[tokio::test]
async fn a_service_that_fails_is_an_error() {
    let stack = Stack::start().await;
    let event = stack.world.upload(1, small());
    let throttled = Err("ThrottlingException: slow down".into());
    stack.world.state().detections = [throttled, Ok(Detection::NoObject)].into();
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": labels cannot be detected: ThrottlingException: slow down"#
    );
    // The object exists: Rekognition may not read it, for example.
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": Rekognition finds no object, or may not read it"#
    );
    let refused = || Ok(Detection::Refused(Refusal::Parameter));
    stack.world.state().detections = [refused(), refused()].into();
    assert_eq!(
        stack.handle(&event).await.unwrap_err(),
        r#"1 of 1 records failed; "pets/cat.jpg": Rekognition refuses the request as invalid"#
    );
    assert_eq!(stack.record().await, None);
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["Cat"], "the retry succeeds");
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
    stack.world.state().detections = [Ok(detected(&many))].into();
    let event = stack.world.upload(1, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["B", "D", "C"]);
    let expected = rows(&[("B", "099.0000"), ("C", "070.0000"), ("D", "098.0000")]);
    assert_eq!(stack.index().await, expected);
}

/// In a bucket that keeps versions: `ObjectRemoved:Delete` names the version that was deleted for good.
#[tokio::test]
async fn a_permanently_deleted_version_leaves_the_current_one() {
    let stack = Stack::start().await;
    let lost = |n: u32| {
        let object =
            json!({"key": KEY, "versionId": "QMzwYIYYqjDkqOS9", "sequencer": format!("{n:04X}")});
        single("ObjectRemoved:Delete", &object)
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
async fn a_key_that_is_too_long_has_a_record_only() {
    let stack = Stack::start().await;
    for length in [1001, 1024] {
        let key = "k".repeat(length);
        let record = || async { stack.function.task.store.read(&key).await.unwrap().unwrap() };
        let object = json!({"key": key, "size": 7, "eTag": "e", "sequencer": "1"});
        stack
            .handle(&single("ObjectCreated:Put", &object))
            .await
            .unwrap();
        let created = record().await;
        let image = created.image().unwrap();
        assert_eq!(image.bytes, 7);
        assert!(
            matches!(&image.analysis, Part::Failed { reason } if reason.code == "KeyTooLong"),
            "{image:?}"
        );
        let object = json!({"key": key, "sequencer": "2"});
        stack
            .handle(&single("ObjectRemoved:Delete", &object))
            .await
            .unwrap();
        assert!(record().await.is_deleted());
    }
    assert_eq!(stack.world.calls(), [""; 0]);
    assert_eq!(stack.index().await, rows(&[]));
}

/// Names of the function's own metrics on the template's dashboard.
fn dashboard_metrics() -> BTreeSet<String> {
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
async fn the_log_has_the_metrics_of_the_dashboard() {
    let stack = Stack::start().await;
    let mut logged = BTreeSet::new();
    // One that Rekognition reads from S3, and one in the request.
    for (n, format) in [(1, ImageFormat::Jpeg), (2, ImageFormat::Gif)] {
        let bytes = image(100, 80, format);
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
        logged.extend(numbers.map(|(name, _)| name.clone()));
    }
    assert!(!dashboard_metrics().is_empty());
    assert_eq!(
        dashboard_metrics().difference(&logged).collect::<Vec<_>>(),
        [""; 0]
    );
}

/// Nothing that has to follow another call overlaps with it: detection follows the check that the image is accepted, the
/// check of the original follows detection, and the record follows that check.
#[tokio::test]
async fn no_event_takes_more_than_four_calls_in_a_row() {
    let stack = Stack::start().await;
    let rounds = async |event: &serde_json::Value| {
        let (rounds, result) = stack.gated(event.clone()).await.rounds().await;
        result.unwrap();
        rounds
    };
    let detect = format!("detect in raw/{KEY}");
    let first = stack.world.upload(1, small());
    let write = "TransactWriteItems";
    assert_eq!(
        rounds(&first).await,
        [
            vec!["GetItem", "get all"],
            vec![&detect],
            vec!["GetItem", "head"],
            vec![write]
        ]
    );
    assert_eq!(rounds(&first).await, [["GetItem", "get all"]], "duplicate");
    let gif = stack.world.upload(2, image(100, 80, ImageFormat::Gif));
    stack.world.state().detections = [Ok(detected(&[("Dog", 90.0)]))].into();
    assert_eq!(
        rounds(&gif).await,
        [
            vec!["GetItem", "get all"],
            vec!["detect in bytes"],
            vec!["GetItem"],
            vec![write]
        ]
    );
    assert_eq!(rounds(&removed(3)).await, [["GetItem"], [write]]);
}

/// create-thumbnail nearly always writes the record while labels are detected: no write is wasted on the older one.
#[tokio::test]
async fn a_record_written_during_detection_takes_no_further_call() {
    for (format, detect, after) in [
        (
            ImageFormat::Png,
            format!("detect in raw/{KEY}"),
            vec!["GetItem", "head"],
        ),
        (ImageFormat::Gif, "detect in bytes".into(), vec!["GetItem"]),
    ] {
        let stack = Stack::start().await;
        let event = stack.world.upload(1, image(100, 80, format));
        let detecting = stack.gated(event.clone()).await.waits();
        let detecting = detecting.until(&format!("before {detect}")).await;
        stack.write_thumbnails(&event).await;
        let (rounds, result) = Step::Waits(detecting).rounds().await;
        result.unwrap();
        assert_eq!(
            rounds,
            [vec![detect.as_str()], after, vec!["TransactWriteItems"]]
        );
        let record = stack.record().await.unwrap();
        let image = record.image().unwrap();
        assert!(image.analysis.done().is_some() && !image.thumbnails.is_pending());
    }
}
