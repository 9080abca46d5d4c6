//! One content is analysed once.

use analyze_image::Detection;
use aws_sdk_dynamodb::types::AttributeValue;
use image::ImageFormat;
use serde_json::Value;
use test_world::events::single;

use crate::world::{Stack, detected, image};

const MD5: &str = "9e107d9d372bb6826bd81d3542a419d6";

fn small() -> Vec<u8> {
    image(100, 80, ImageFormat::Jpeg)
}

async fn labels(stack: &Stack, key: &str) -> Vec<String> {
    let record = stack.function.task.store.read(key).await.unwrap().unwrap();
    let analysis = record.image().unwrap().analysis.done().unwrap().clone();
    analysis
        .labels
        .into_iter()
        .map(|label| label.name)
        .collect()
}

/// Keys in the label index, sorted.
async fn indexed(stack: &Stack) -> Vec<String> {
    let scan = stack
        .client
        .scan()
        .table_name("labels")
        .send()
        .await
        .unwrap();
    let mut keys: Vec<String> = scan
        .items()
        .iter()
        .map(|item| item["Key"].as_s().unwrap().clone())
        .collect();
    keys.sort();
    keys
}

fn removed(key: &str, n: u32) -> Value {
    single(
        "ObjectRemoved:Delete",
        &serde_json::json!({"key": key, "sequencer": format!("{n:04X}")}),
    )
}

/// A stack in which `first` has been analysed, and showed a cat.
async fn analysed() -> Stack {
    let stack = Stack::start().await;
    let event = stack.world.upload_as("first", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 1);
    assert_eq!(labels(&stack, "first").await, ["Cat"]);
    stack
}

#[tokio::test]
async fn the_same_content_has_the_labels_of_the_first_analysis() {
    let stack = analysed().await;
    let event = stack.world.upload_as("second", 1, MD5, small());
    let lines = stack.lines(&event).await;
    assert_eq!(stack.detections(), 0);
    assert_eq!(lines[0]["Outcome"], "done");
    assert_eq!(lines[0]["sameAs"], "first");
    assert_eq!(labels(&stack, "second").await, ["Cat"]);
    assert_eq!(indexed(&stack).await, ["first", "second"]);

    stack.handle(&removed("first", 2)).await.unwrap();
    assert_eq!(indexed(&stack).await, ["second"]);
    assert_eq!(labels(&stack, "second").await, ["Cat"]);
}

#[tokio::test]
async fn no_more_than_four_calls_follow_each_other() {
    let stack = Stack::start().await;
    let first = stack.world.upload_as("first", 1, MD5, small());
    let (rounds, result) = stack.gated(first).await.rounds().await;
    result.unwrap();
    assert_eq!(
        rounds,
        [
            vec!["GetItem", "GetItem", "get all"],
            vec!["detect in raw/first"],
            vec!["GetItem", "head"],
            vec!["PutItem", "TransactWriteItems"],
        ]
    );
    let second = stack.world.upload_as("second", 1, MD5, small());
    let (rounds, result) = stack.gated(second).await.rounds().await;
    result.unwrap();
    assert_eq!(
        rounds,
        [
            vec!["GetItem", "GetItem", "get all"],
            vec!["GetItem"],
            vec!["TransactWriteItems"],
        ]
    );
}

#[tokio::test]
async fn other_content_and_other_settings_are_analysed() {
    let mut stack = analysed().await;
    let other = "e4d909c290d0fb1ca068ffaddf22cbd0";
    for (key, e_tag, bytes) in [
        ("other MD5", other, small()),
        ("other size", MD5, image(100, 81, ImageFormat::Png)),
        ("multipart", "9e107d9d372bb6826bd81d3542a419d6-2", small()),
        (
            "multipart again",
            "9e107d9d372bb6826bd81d3542a419d6-2",
            small(),
        ),
    ] {
        let event = stack.world.upload_as(key, 1, e_tag, bytes);
        stack.handle(&event).await.unwrap();
        assert_eq!(stack.detections(), 1, "{key}");
    }
    stack.function.task.max_labels = 2;
    let event = stack.world.upload_as("other maximum", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 1);
    stack.function.task.min_confidence = 56.0;
    let event = stack.world.upload_as("other confidence", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 1);
}

/// What the pointer points to is only used if it is still the upload that was analysed.
#[tokio::test]
async fn a_pointer_to_another_upload_is_not_used() {
    // Deleted.
    let stack = analysed().await;
    stack.handle(&removed("first", 2)).await.unwrap();
    let event = stack.world.upload_as("second", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 1);
    // The pointer has been replaced.
    let event = stack.world.upload_as("third", 1, MD5, small());
    assert_eq!(stack.lines(&event).await[0]["sameAs"], "second");

    // Overwritten.
    let stack = analysed().await;
    stack.world.state().detections = [Ok(detected(&[("Dog", 90.0)]))].into();
    let event = stack.world.upload_as("first", 2, "tag", small());
    stack.handle(&event).await.unwrap();
    let event = stack.world.upload_as("second", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(labels(&stack, "second").await, ["Cat"]);
    assert_eq!(stack.detections(), 2);

    // Analysed again with other settings: the sequencer is the same.
    let mut stack = analysed().await;
    stack.function.task.max_labels = 2;
    let event = stack.world.upload_as("first", 1, MD5, small());
    let event = reprocess(&event);
    stack.handle(&event).await.unwrap();
    stack.function.task.max_labels = 3;
    let event = stack.world.upload_as("second", 1, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 2);
}

/// The event of an upload, as that of reprocessing.
pub fn reprocess(event: &Value) -> Value {
    let event = event.to_string();
    let event = event.replace("ObjectCreated:Put", "ObjectCreated:Reprocess");
    serde_json::from_str(&event).unwrap()
}

#[tokio::test]
async fn the_same_key_again_needs_no_other_record() {
    let stack = analysed().await;
    let event = stack.world.upload_as("first", 2, MD5, small());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 0);
    // If create-thumbnail is first, the record is of the new upload, and its analysis pending.
    let event = stack.world.upload_as("first", 3, MD5, small());
    stack.write_thumbnails(&event).await;
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.detections(), 1);
    assert_eq!(labels(&stack, "first").await, ["Cat"]);
}

#[tokio::test]
async fn what_is_gone_or_can_not_be_analysed_leaves_no_pointer() {
    let stack = analysed().await;
    let event = stack.world.upload_as("second", 1, MD5, small());
    stack.world.state().raw = None;
    stack.handle(&event).await.unwrap();
    assert!(
        stack
            .function
            .task
            .store
            .read("second")
            .await
            .unwrap()
            .is_none()
    );

    let stack = Stack::start().await;
    for key in ["first", "second"] {
        stack.world.state().detections =
            std::iter::repeat_with(|| Ok(Detection::Refused(analyze_image::Refusal::Format)))
                .take(2)
                .collect();
        let event = stack.world.upload_as(key, 1, MD5, small());
        stack.handle(&event).await.unwrap();
        assert_eq!(stack.detections(), 2, "{key}");
    }
}

#[tokio::test]
async fn a_pointer_is_small_and_expires() {
    let stack = Stack::start().await;
    for length in [896, 897] {
        let event = stack.world.upload_as(&"k".repeat(length), 1, MD5, small());
        stack.handle(&reprocess(&event)).await.unwrap();
    }
    let scan = stack
        .client
        .scan()
        .table_name("contents")
        .send()
        .await
        .unwrap();
    let [item] = scan.items() else {
        panic!("{scan:?}")
    };
    let size = |value: &AttributeValue| match value {
        AttributeValue::S(string) => string.len(),
        // Two digits a byte, and one more: developer guide, "item sizes".
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        other => panic!("{other:?}"),
    };
    let bytes: usize = item
        .iter()
        .map(|(name, value)| name.len() + size(value))
        .sum();
    assert_eq!(item["Key"].as_s().unwrap().len(), 896);
    assert!((900..=1024).contains(&bytes), "{bytes}");
    let expires_at: i64 = item["ExpiresAt"].as_n().unwrap().parse().unwrap();
    let days = (expires_at - chrono::Utc::now().timestamp()) / 86_400;
    assert!((89..=90).contains(&days), "{days}");
}

#[tokio::test]
async fn without_the_table_every_image_is_analysed() {
    let stack = Stack::start().await;
    let delete = stack.client.delete_table().table_name("contents");
    delete.send().await.unwrap();
    for key in ["first", "second"] {
        let event = stack.world.upload_as(key, 1, MD5, small());
        stack.handle(&event).await.unwrap();
        assert_eq!(stack.detections(), 1);
        assert_eq!(labels(&stack, key).await, ["Cat"]);
    }
}
