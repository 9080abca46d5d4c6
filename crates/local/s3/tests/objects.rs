//! Writing, reading and deleting objects with the SDK.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use support::{BUCKET, Stack, delete, put, status};

/// Keys that are easily mishandled.
const KEYS: &[&str] = &[
    "photo.jpg",
    "a b+c.jpg",
    "å/ö 100%.png",
    "日本/写真.webp",
    "📷.jpg",
    "it's a \"quote\".gif",
    "q",
    "q/b",
    "..",
    "../up",
    "./here",
    "a//b",
    "/leading",
    "trailing/",
    "tab\there",
    "a&b=c?d#e;f",
    "back\\slash<>^`{|}~",
    "+",
    "%2B",
];

#[tokio::test]
async fn every_key_is_kept_as_it_is() {
    let stack = Stack::start().await;
    let client = stack.client();
    for key in KEYS {
        let body = ByteStream::from(format!("content of {key}").into_bytes());
        client
            .put_object()
            .bucket(BUCKET)
            .key(*key)
            .body(body)
            .send()
            .await
            .unwrap_or_else(|e| panic!("{key:?} {e:?}"));
    }
    for key in KEYS {
        let object = client
            .get_object()
            .bucket(BUCKET)
            .key(*key)
            .send()
            .await
            .unwrap();
        let content = object.body.collect().await.unwrap().into_bytes();
        assert_eq!(content, format!("content of {key}").into_bytes(), "{key:?}");
        let in_process = stack.store.read(BUCKET, key, None).await.unwrap().unwrap();
        assert_eq!(in_process.bytes().await.unwrap(), content, "{key:?}");
    }
    let announced: Vec<String> = stack
        .changes
        .all()
        .into_iter()
        .map(|change| change.key)
        .collect();
    assert_eq!(announced, KEYS);

    let listed = client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let listed: Vec<&str> = listed
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    let mut expected = KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn keys_have_1_to_1024_bytes() {
    let stack = Stack::start().await;
    let client = stack.client();
    let longest = "ö".repeat(512);
    put(&client, &longest, b"").await;
    client
        .head_object()
        .bucket(BUCKET)
        .key(&longest)
        .send()
        .await
        .unwrap();
    let error = client
        .put_object()
        .bucket(BUCKET)
        .key(format!("{longest}x"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (status(&error), error.code()),
        (400, Some("KeyTooLongError"))
    );
}

#[tokio::test]
async fn an_object_is_described_as_its_writer_did() {
    let stack = Stack::start().await;
    let client = stack.client();
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("described")
        .body(ByteStream::from_static(b"hello"))
        .content_type("image/png")
        .cache_control("private, no-cache")
        .content_disposition("attachment")
        .content_encoding("gzip")
        .content_language("sv")
        .expires(DateTime::from_secs(2_000_000_000))
        .metadata("camera", "Leica")
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(put.checksum_crc32(), Some("NhCmhg=="));

    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("described")
        .send()
        .await
        .unwrap();
    let get = client
        .get_object()
        .bucket(BUCKET)
        .key("described")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_type(), Some("image/png"));
    assert_eq!(get.content_type(), head.content_type());
    assert_eq!(get.cache_control(), Some("private, no-cache"));
    assert_eq!(get.content_disposition(), Some("attachment"));
    assert_eq!(get.content_encoding(), Some("gzip"));
    assert_eq!(get.content_language(), Some("sv"));
    assert_eq!(get.expires_string(), Some("Wed, 18 May 2033 03:33:20 GMT"));
    assert_eq!(get.metadata().unwrap()["camera"], "Leica");
    assert_eq!(get.e_tag(), put.e_tag());
    assert_eq!(get.content_length(), Some(5));
    assert_eq!(get.last_modified(), head.last_modified());
}

#[tokio::test]
async fn response_headers_can_be_overridden() {
    let stack = Stack::start().await;
    let client = stack.client();
    put(&client, "k", b"").await;
    let get = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .response_content_type("text/plain")
        .response_content_disposition("attachment; filename=\"k.txt\"")
        .send()
        .await
        .unwrap();
    assert_eq!(get.content_type(), Some("text/plain"));
    assert_eq!(
        get.content_disposition(),
        Some("attachment; filename=\"k.txt\"")
    );
}

#[tokio::test]
async fn removing_is_idempotent_and_announced_once() {
    let stack = Stack::start().await;
    let client = stack.client();
    put(&client, "k", b"12345").await;
    delete(&client, "k").await;
    delete(&client, "k").await;
    delete(&client, "never").await;

    let changes = stack.changes.all();
    assert_eq!(
        stack.changes.events(),
        [
            ("ObjectCreated:Put", "k".into()),
            ("ObjectRemoved:Delete", "k".into())
        ]
    );
    assert_eq!(
        (changes[0].size, changes[0].etag.as_str()),
        (5, "827ccb0eea8a706c4c34a16891f84e7b")
    );
    assert!(
        changes[1].sequencer > changes[0].sequencer
            || changes[0].sequencer.len() != changes[1].sequencer.len()
    );
    assert_eq!(changes[0].principal_access_key, "AKIAADMIN");
    assert_eq!(changes[0].source_ip, Some(stack.address.ip()));
    assert_eq!(changes[0].request_id.len(), 16);
    assert_eq!(stack.folder.contents(), 0);
}

#[tokio::test]
async fn several_keys_are_removed_at_once() {
    let stack = Stack::start().await;
    let client = stack.client();
    for key in ["a b+c", "<b>", "å"] {
        put(&client, key, b"").await;
    }
    let keys = ["a b+c", "<b>", "absent"];
    let objects = keys.map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder()
        .set_objects(Some(objects.to_vec()))
        .build()
        .unwrap();
    let outcome = client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    let deleted: Vec<&str> = outcome
        .deleted()
        .iter()
        .filter_map(|deleted| deleted.key())
        .collect();
    assert_eq!(deleted, keys);
    assert!(outcome.errors().is_empty());
    let left = client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(
        left.contents()
            .iter()
            .filter_map(|object| object.key())
            .collect::<Vec<_>>(),
        ["å"]
    );
    assert_eq!(stack.changes.events().len(), 5);
}

#[tokio::test]
async fn what_is_missing_is_reported() {
    let stack = Stack::start().await;
    let client = stack.client();
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("absent")
        .send()
        .await
        .unwrap_err();
    assert_eq!((status(&error), error.code()), (404, Some("NoSuchKey")));
    assert_eq!(error.message(), Some("The specified key does not exist."));
    let error = client
        .get_object()
        .bucket("no-such-bucket")
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!((status(&error), error.code()), (404, Some("NoSuchBucket")));
    let error = client
        .put_object()
        .bucket("no-such-bucket")
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!((status(&error), error.code()), (404, Some("NoSuchBucket")));
    let error = client
        .head_object()
        .bucket(BUCKET)
        .key("absent")
        .send()
        .await
        .unwrap_err();
    assert_eq!(status(&error), 404);
    assert_eq!(error.raw_response().unwrap().body().bytes(), Some(&b""[..]));
    let error = client
        .restore_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (status(&error), error.code()),
        (501, Some("NotImplemented"))
    );
}
