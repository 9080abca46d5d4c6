//! How one event ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use records::{Part, Thumbnail, Verdict, Write};
use runtime::Invocation;
use serde_json::json;
use test_world::events::{self, single};

use crate::world::{SIZES, World, event, function, image, invocation, soon, store, thumbnails_of};

const KEY: &str = "pets/a b+c.png";
/// As a notification writes it.
const ENCODED: &str = "pets/a+b%2Bc.png";

fn code<T>(part: &Part<T>) -> &str {
    match part {
        Part::Failed { reason } => &reason.code,
        Part::Pending | Part::Done(_) => "",
    }
}

#[tokio::test]
async fn an_image_has_a_thumbnail_of_each_size_and_a_part() {
    let (world, store) = (World::default(), store().await);
    let e_tag = world.upload(image(1));
    let event = event(ENCODED, 1, Some(&e_tag));
    function(world.clone(), store.clone())
        .handle(&event, &invocation())
        .await
        .unwrap();

    assert_eq!(world.state().thumbnails, thumbnails_of(Some(&image(1))));
    let record = store.read(KEY).await.unwrap().unwrap();
    assert_eq!(record.sizes, BTreeSet::from(SIZES));
    let part = record.image().unwrap().thumbnails.done().unwrap();
    assert_eq!(
        (part.width, part.height, part.format.as_str()),
        (8, 6, "png")
    );
    let made = thumbnail::thumbnails(&image(1), &SIZES, &thumbnail::Limits::default()).unwrap();
    assert_eq!(part.placeholder, STANDARD.encode(&made.placeholder));
    assert!(part.placeholder.len() > 6);
    let expected = |size, width, height| Thumbnail {
        size,
        width,
        height,
        bytes: world.state().thumbnails[&size].len() as u64,
        content_type: "image/jpeg".into(),
        href: format!("thumbnails/{size}/pets/a%20b%2Bc.png"),
    };
    assert_eq!(
        part.items,
        [expected(4, 4, 3), expected(16, 8, 6)],
        "fitted, and never enlarged"
    );
}

#[tokio::test]
async fn a_repeated_event_changes_nothing() {
    let (world, store) = (World::default(), store().await);
    let e_tag = world.upload(image(1));
    let event = event(ENCODED, 1, Some(&e_tag));
    let function = function(world.clone(), store.clone());
    function.handle(&event, &invocation()).await.unwrap();
    let record = store.read(KEY).await.unwrap();
    world.state().calls.clear();
    function.handle(&event, &invocation()).await.unwrap();
    assert_eq!(world.state().calls, ["get", "head"]);
    assert_eq!(store.read(KEY).await.unwrap(), record);
}

#[tokio::test]
async fn an_upload_that_is_not_an_image_is_recorded_and_loses_older_thumbnails() {
    let (world, store) = (World::default(), store().await);
    let function = function(world.clone(), store.clone());
    let e_tag = world.upload(image(1));
    function
        .handle(&event(KEY, 1, Some(&e_tag)), &invocation())
        .await
        .unwrap();
    let e_tag = world.upload(b"not an image".to_vec());
    function
        .handle(&event(KEY, 2, Some(&e_tag)), &invocation())
        .await
        .unwrap();
    let record = store.read(&KEY.replace('+', " ")).await.unwrap().unwrap();
    assert_eq!(
        code(&record.image().unwrap().thumbnails),
        "UnsupportedFormat"
    );
    assert_eq!(world.state().thumbnails, thumbnails_of(None));
    assert!(record.sizes.is_empty());
}

#[tokio::test]
async fn corrupt_and_oversized_images_are_recorded() {
    let (world, store) = (World::default(), store().await);
    let function = function(world.clone(), store.clone());
    let whole = image(1);
    for (n, bytes, expected) in [
        (1, whole[..whole.len() / 2].to_vec(), "CorruptImage"),
        (2, vec![], "UnsupportedFormat"),
        (3, vec![0; 10_001], "ImageTooLarge"),
    ] {
        let e_tag = world.upload(bytes);
        function
            .handle(&event("x", n, Some(&e_tag)), &invocation())
            .await
            .unwrap();
        let record = store.read("x").await.unwrap().unwrap();
        assert_eq!(code(&record.image().unwrap().thumbnails), expected);
    }
}

#[tokio::test]
async fn thumbnails_of_sizes_no_longer_configured_are_deleted() {
    let (world, store) = (World::default(), store().await);
    let mut function = function(world.clone(), store.clone());
    function.task.sizes = BTreeSet::from([4, 7]);
    let e_tag = world.upload(image(1));
    function
        .handle(&event("x", 1, Some(&e_tag)), &invocation())
        .await
        .unwrap();
    assert!(world.state().thumbnails.contains_key(&7));

    // Even if analyze-image handles the newer upload first and starts a new record.
    function.task.sizes = BTreeSet::from(SIZES);
    let e_tag = world.upload(image(2));
    let event = event("x", 2, Some(&e_tag));
    let decoded = ::events::decode(&event).remove(0).events.remove(0).unwrap();
    let write = Write::Analysis {
        content: None,
        bytes: 2,
        part: Part::failed("CorruptImage", ""),
    };
    assert_eq!(
        store.write(&decoded, &write, soon()).await.unwrap().verdict,
        Verdict::Written
    );
    function.handle(&event, &invocation()).await.unwrap();
    assert_eq!(world.state().thumbnails, thumbnails_of(Some(&image(2))));
    assert_eq!(
        store.read("x").await.unwrap().unwrap().sizes,
        BTreeSet::from(SIZES)
    );
}

/// The sizes were changed, and all images are reprocessed.
#[tokio::test]
async fn reprocessing_makes_the_sizes_that_are_configured_and_deletes_others() {
    let (world, store) = (World::default(), store().await);
    let mut function = function(world.clone(), store.clone());
    function.task.sizes = BTreeSet::from([4, 7]);
    let e_tag = world.upload(image(1));
    let created = event("x", 1, Some(&e_tag));
    function.handle(&created, &invocation()).await.unwrap();
    let decoded = ::events::decode(&created)
        .remove(0)
        .events
        .remove(0)
        .unwrap();
    let write = Write::Analysis {
        content: None,
        bytes: 1,
        part: Part::failed("ImageTooSmall", ""),
    };
    store.write(&decoded, &write, soon()).await.unwrap();
    let before = store.read("x").await.unwrap().unwrap();

    function.task.sizes = BTreeSet::from(SIZES);
    let object = json!({"key": "x", "size": 1, "eTag": e_tag, "sequencer": "00000001"});
    let reprocess = single("ObjectCreated:Reprocess", &object);
    for _ in 0..2 {
        function.handle(&reprocess, &invocation()).await.unwrap();
        assert_eq!(world.state().thumbnails, thumbnails_of(Some(&image(1))));
        let after = store.read("x").await.unwrap().unwrap();
        assert_eq!(after.sizes, BTreeSet::from(SIZES));
        let (before, after) = (before.image().unwrap(), after.image().unwrap());
        assert_eq!(after.thumbnails.done().unwrap().items.len(), 2);
        assert_eq!(after.analysis, before.analysis, "its state stays");
        assert_eq!(after.uploaded_at, before.uploaded_at);
    }

    // A removal that came meanwhile wins.
    world.state().raw = None;
    function
        .handle(&event("x", 2, None), &invocation())
        .await
        .unwrap();
    function.handle(&reprocess, &invocation()).await.unwrap();
    assert!(store.read("x").await.unwrap().unwrap().is_deleted());
    assert_eq!(world.state().thumbnails, thumbnails_of(None));
}

#[tokio::test]
async fn a_removal_takes_everything() {
    let (world, store) = (World::default(), store().await);
    let mut function = function(world.clone(), store.clone());
    function.task.sizes = BTreeSet::from([4, 7]);
    let e_tag = world.upload(image(1));
    function
        .handle(&event("x", 1, Some(&e_tag)), &invocation())
        .await
        .unwrap();
    function.task.sizes = BTreeSet::from(SIZES);
    world.state().raw = None;
    function
        .handle(&event("x", 2, None), &invocation())
        .await
        .unwrap();
    assert_eq!(world.state().thumbnails, thumbnails_of(None));
    assert!(store.read("x").await.unwrap().unwrap().is_deleted());
}

#[tokio::test]
async fn an_object_that_is_gone_is_no_error_and_leaves_no_record() {
    let (world, store) = (World::default(), store().await);
    let function = function(world.clone(), store.clone());
    function
        .handle(&event("x", 1, Some("gone")), &invocation())
        .await
        .unwrap();
    assert_eq!(store.read("x").await.unwrap(), None);
    // Neither does one that was replaced: the event of the new upload writes the record.
    world.upload(image(2));
    function
        .handle(&event("x", 1, Some("other")), &invocation())
        .await
        .unwrap();
    assert_eq!(store.read("x").await.unwrap(), None);
}

/// In a bucket that keeps versions: `ObjectRemoved:Delete` names the version that was deleted for good.
#[tokio::test]
async fn a_permanently_deleted_version_leaves_the_current_one() {
    let (world, store) = (World::default(), store().await);
    let function = function(world.clone(), store.clone());
    let event = |n: u32| {
        single(
            "ObjectRemoved:Delete",
            &json!({"key": "x", "versionId": "QMzwYIYYqjDkqOS9", "sequencer": format!("{n:X}")}),
        )
    };
    world.upload(image(1));
    function.handle(&event(1), &invocation()).await.unwrap();
    assert_eq!(world.state().thumbnails, thumbnails_of(Some(&image(1))));
    let record = store.read("x").await.unwrap().unwrap();
    assert_eq!(
        record.image().unwrap().uploaded_at.to_rfc3339(),
        "2026-11-22T12:00:00+00:00"
    );

    world.state().raw = None;
    function.handle(&event(2), &invocation()).await.unwrap();
    assert!(store.read("x").await.unwrap().unwrap().is_deleted());
    assert_eq!(world.state().thumbnails, thumbnails_of(None));
}

#[tokio::test]
async fn a_key_that_is_too_long_has_a_record_only() {
    let (world, store) = (World::default(), store().await);
    let e_tag = world.upload(image(1));
    let function = function(world.clone(), store.clone());
    for length in [1001, 1024] {
        let key = "k".repeat(length);
        let created = event(&key, 1, Some(&e_tag));
        function.handle(&created, &invocation()).await.unwrap();
        let record = store.read(&key).await.unwrap().unwrap();
        let Part::Failed { reason } = &record.image().unwrap().thumbnails else {
            panic!("{record:?}")
        };
        assert_eq!(reason.code, "KeyTooLong");
        assert_eq!(
            reason.message,
            format!("the key has {length} bytes; images can be handled under keys of up to 1000")
        );
        function.handle(&created, &invocation()).await.unwrap();
        assert_eq!(store.read(&key).await.unwrap(), Some(record), "duplicate");
        function
            .handle(&event(&key, 2, None), &invocation())
            .await
            .unwrap();
        assert!(store.read(&key).await.unwrap().unwrap().is_deleted());
    }
    assert!(
        world.state().calls.is_empty(),
        "neither bucket is called: a thumbnail's key would be longer than S3 allows"
    );
}

#[tokio::test]
async fn every_record_is_tried_before_the_invocation_fails() {
    let (world, store) = (World::default(), store().await);
    let e_tag = world.upload(image(1));
    let record = |bucket: &str, key: &str| {
        let object = json!({"key": key, "size": 1, "eTag": e_tag, "sequencer": "1"});
        let mut record = events::record("ObjectCreated:Put", &object);
        record["s3"]["bucket"]["name"] = bucket.into();
        record
    };
    let event = events::from_queue(
        &[
            json!([record("other", "1"), record("raw", "%FF")]),
            json!([record("raw", "3")]),
        ],
        1,
    );
    let failures = function(world.clone(), store.clone())
        .handle(&event, &invocation())
        .await
        .unwrap_err();
    assert_eq!(
        failures.to_string(),
        concat!(
            r#"2 of 3 records failed; "1": the event is of bucket "other", and this function handles bucket "raw"; "#,
            r#"key cannot be decoded: "%FF" is not UTF-8 once decoded: invalid utf-8 sequence of 1 bytes from index 0"#
        )
    );
    assert!(store.read("3").await.unwrap().unwrap().image().is_some());
    let delayed = world.state().delayed.clone();
    let [(handle, 2..=4)] = delayed.as_slice() else {
        panic!("only the message that failed is returned: {delayed:?}")
    };
    assert_eq!(handle, "handle-0");
}

#[tokio::test]
async fn a_failed_message_is_delayed_longer_each_time() {
    let (world, store) = (World::default(), store().await);
    let e_tag = world.upload(image(1));
    let object = json!({"key": "x", "size": 1, "eTag": e_tag, "sequencer": "1"});
    let records = json!([events::record("ObjectCreated:Put", &object)]);
    let function = function(world.clone(), store.clone());
    world.state().fails = true;
    for (receive_count, seconds) in [(1, 2..=4), (2, 4..=8), (9, 450..=900), (100, 450..=900)] {
        let event = events::from_queue(std::slice::from_ref(&records), receive_count);
        function.handle(&event, &invocation()).await.unwrap_err();
        let delayed = std::mem::take(&mut world.state().delayed);
        assert!(
            matches!(delayed.as_slice(), [(_, delay)] if seconds.contains(delay)),
            "{receive_count}: {delayed:?}"
        );
    }
    // What can't be read is not worth another try: the queue's own timeout is long enough.
    let unreadable = events::from_queue(&[json!([{}])], 1);
    function
        .handle(&unreadable, &invocation())
        .await
        .unwrap_err();
    world.state().fails = false;
    let event = events::from_queue(&[records], 1);
    function.handle(&event, &invocation()).await.unwrap();
    assert_eq!(world.state().delayed, []);
}

/// Names of the function's own metrics on the template's dashboard.
fn dashboard_metrics() -> BTreeSet<String> {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../infra/infra.yaml");
    let template = std::fs::read_to_string(template).expect("the template");
    let lines = template.lines().map(str::trim).filter(|line| {
        line.starts_with("[\"ContactSheet\"") && line.contains("${CreateThumbnailFunction}")
    });
    lines
        .map(|line| line.split('"').nth(3).expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn the_log_has_the_metrics_of_the_dashboard() {
    let (world, store) = (World::default(), store().await);
    let function = function(world.clone(), store.clone());
    let e_tag = world.upload(image(1));
    let lines = Arc::new(Mutex::new(vec![]));
    let log = Arc::clone(&lines);
    let invocation = Invocation::new(soon(), "request", "create-thumbnail", move |line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        log.lock().expect("no line panics").push(line);
    });
    for _ in 0..2 {
        function
            .handle(&event(ENCODED, 1, Some(&e_tag)), &invocation)
            .await
            .unwrap();
    }
    let lines = lines.lock().expect("no line panics");
    let [first, second] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    for (member, value) in [
        ("Outcome", json!("done")),
        ("key", json!(KEY)),
        ("Pictures", json!(1)),
        ("BytesIn", json!(image(1).len())),
        ("thumbnails", json!(SIZES.len())),
        ("width", json!(8)),
        ("height", json!(6)),
    ] {
        assert_eq!(first[member], value, "{member}");
    }
    assert_eq!(second["Outcome"], "duplicate");
    assert!(second["Pictures"].is_null());
    assert!(!dashboard_metrics().is_empty());
    for name in dashboard_metrics() {
        assert!(first[&name].is_number(), "{name}");
    }
}
