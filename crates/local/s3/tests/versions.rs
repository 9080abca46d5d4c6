//! Versions of objects, as the user guide describes them:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
    VersioningConfiguration,
};
use support::raw::{Signed, request};
use support::{BUCKET, Folder, Stack};

const KEY: &str = "k";

struct Versioned {
    stack: Stack,
    s3: Client,
}

/// Status, code, `x-amz-delete-marker`, `x-amz-version-id`.
fn refusal<E: ProvideErrorMetadata>(
    error: &SdkError<E>,
) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    let response = error.raw_response().unwrap();
    (
        response.status().as_u16(),
        error.code(),
        response.headers().get("x-amz-delete-marker"),
        response.headers().get("x-amz-version-id"),
    )
}

impl Versioned {
    async fn start() -> Self {
        let stack = Stack::start().await;
        let s3 = stack.client();
        let versioned = Self { stack, s3 };
        versioned.set(BucketVersioningStatus::Enabled).await;
        versioned
    }

    async fn set(&self, status: BucketVersioningStatus) {
        let configuration = VersioningConfiguration::builder().status(status).build();
        let put = self.s3.put_bucket_versioning().bucket(BUCKET);
        let put = put.versioning_configuration(configuration);
        put.send().await.unwrap();
    }

    async fn put(&self, content: &'static str) -> String {
        let put = self.s3.put_object().bucket(BUCKET).key(KEY);
        let put = put.body(ByteStream::from_static(content.as_bytes()));
        put.send().await.unwrap().version_id.unwrap()
    }

    async fn get(&self, version: Option<&str>) -> String {
        let get = self.s3.get_object().bucket(BUCKET).key(KEY);
        let get = get.set_version_id(version.map(str::to_owned));
        let got = get.send().await.unwrap();
        if let Some(version) = version {
            assert_eq!(got.version_id(), Some(version));
        }
        String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap()
    }

    /// `x-amz-version-id` and `x-amz-delete-marker` of the response.
    async fn delete(&self, version: Option<&str>) -> (String, bool) {
        let delete = self.s3.delete_object().bucket(BUCKET).key(KEY);
        let delete = delete.set_version_id(version.map(str::to_owned));
        let deleted = delete.send().await.unwrap();
        (
            deleted.version_id.unwrap(),
            deleted.delete_marker.unwrap_or(false),
        )
    }

    /// Versions and delete markers, newest first, with which is the latest.
    async fn list(&self) -> Vec<(String, bool, bool)> {
        let listed = self.s3.list_object_versions().bucket(BUCKET);
        let listed = listed.send().await.unwrap();
        let versions = listed.versions().iter().map(|version| {
            let id = version.version_id().unwrap().to_owned();
            (id, false, version.is_latest().unwrap())
        });
        let markers = listed.delete_markers().iter().map(|marker| {
            let id = marker.version_id().unwrap().to_owned();
            (id, true, marker.is_latest().unwrap())
        });
        versions.chain(markers).collect()
    }

    fn events(&self) -> Vec<(&'static str, Option<String>)> {
        let changes = self.stack.changes.all();
        changes
            .into_iter()
            .map(|change| (change.event_name, change.version_id))
            .collect()
    }
}

#[tokio::test]
async fn every_write_makes_a_version() {
    let bucket = Versioned::start().await;
    let first = bucket.put("1").await;
    let second = bucket.put("2").await;
    assert_ne!(first, second);
    assert_eq!(bucket.get(None).await, "2");
    assert_eq!(bucket.get(Some(&first)).await, "1");
    assert_eq!(bucket.get(Some(&second)).await, "2");
    let head = bucket.s3.head_object().bucket(BUCKET).key(KEY);
    let head = head.version_id(&first).send().await.unwrap();
    assert_eq!(head.version_id(), Some(&*first));
    assert_eq!(
        bucket.list().await,
        [(second.clone(), false, true), (first.clone(), false, false)]
    );
    assert_eq!(
        bucket.events(),
        [
            ("ObjectCreated:Put", Some(first)),
            ("ObjectCreated:Put", Some(second))
        ]
    );
    let listed = bucket.s3.list_objects_v2().bucket(BUCKET);
    assert_eq!(listed.send().await.unwrap().key_count(), Some(1));
    let deleted = bucket.s3.delete_bucket().bucket(BUCKET).send().await;
    assert_eq!(deleted.unwrap_err().code(), Some("BucketNotEmpty"));
}

#[tokio::test]
async fn a_delete_marker_hides_the_object() {
    let bucket = Versioned::start().await;
    let version = bucket.put("1").await;
    let (marker, is_marker) = bucket.delete(None).await;
    assert!(is_marker);

    let get = || bucket.s3.get_object().bucket(BUCKET).key(KEY);
    let error = get().send().await.unwrap_err();
    assert_eq!(
        refusal(&error),
        (404, Some("NoSuchKey"), Some("true"), Some(&*marker))
    );
    let error = get().version_id(&marker).send().await.unwrap_err();
    assert_eq!(
        refusal(&error),
        (405, Some("MethodNotAllowed"), Some("true"), Some(&*marker))
    );
    let response = error.raw_response().unwrap();
    assert_eq!(response.headers().get("allow"), Some("DELETE"));
    assert!(response.headers().get("last-modified").is_some());
    let head = bucket.s3.head_object().bucket(BUCKET).key(KEY);
    let error = head.send().await.unwrap_err();
    assert_eq!(refusal(&error).0, 404);
    let listed = bucket.s3.list_objects_v2().bucket(BUCKET);
    assert_eq!(listed.send().await.unwrap().key_count(), Some(0));
    assert_eq!(
        bucket.list().await,
        [
            (version.clone(), false, false),
            (marker.clone(), true, true)
        ]
    );
    assert_eq!(bucket.get(Some(&version)).await, "1");
    // A marker does not make a conditional write fail.
    let put = bucket.s3.put_object().bucket(BUCKET).key(KEY);
    put.if_none_match("*").send().await.unwrap();
    bucket.delete(None).await;

    let latest = bucket.list().await.pop().unwrap();
    assert!(bucket.delete(None).await.1, "a second marker");
    let events = bucket.events();
    assert_eq!(
        events[1],
        ("ObjectRemoved:DeleteMarkerCreated", Some(marker))
    );
    assert!(latest.1);
}

#[tokio::test]
async fn deleting_the_marker_brings_the_object_back() {
    let bucket = Versioned::start().await;
    let version = bucket.put("1").await;
    let (marker, _) = bucket.delete(None).await;
    assert_eq!(bucket.delete(Some(&marker)).await, (marker.clone(), true));
    assert_eq!(bucket.get(None).await, "1");
    assert_eq!(bucket.list().await, [(version, false, true)]);
    assert_eq!(bucket.events()[2], ("ObjectRemoved:Delete", Some(marker)));
}

#[tokio::test]
async fn a_version_is_deleted_for_good() {
    let bucket = Versioned::start().await;
    let first = bucket.put("1").await;
    let second = bucket.put("2").await;
    assert_eq!(bucket.stack.folder.contents(), 2);
    assert_eq!(bucket.delete(Some(&second)).await, (second.clone(), false));
    assert_eq!(bucket.stack.folder.contents(), 1);
    assert_eq!(bucket.get(None).await, "1");
    let get = bucket.s3.get_object().bucket(BUCKET).key(KEY);
    let error = get.version_id(&second).send().await.unwrap_err();
    assert_eq!(refusal(&error).1, Some("NoSuchVersion"));
    // Deleting a deleted version again is not an error.
    let events = bucket.events();
    assert_eq!(events[2], ("ObjectRemoved:Delete", Some(second.clone())));
    bucket.delete(Some(&second)).await;
    assert_eq!(bucket.events(), events);
    bucket.delete(Some(&first)).await;
    assert_eq!(bucket.list().await, []);
    assert_eq!(bucket.stack.folder.contents(), 0);
    bucket
        .s3
        .delete_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn version_ids_that_s3_never_gave_are_refused() {
    let bucket = Versioned::start().await;
    bucket.put("1").await;
    for id in ["", "x", "../etc/passwd", "0123456789abcdef"] {
        let get = bucket.s3.get_object().bucket(BUCKET).key(KEY);
        let error = get.version_id(id).send().await.unwrap_err();
        assert_eq!(refusal(&error).1, Some("InvalidArgument"), "{id:?}");
    }
    let get = bucket.s3.get_object().bucket(BUCKET).key(KEY);
    let error = get.version_id("null").send().await.unwrap_err();
    assert_eq!(refusal(&error).1, Some("NoSuchVersion"));
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VersionSuspendedBehavior.html>
#[tokio::test]
async fn suspended_versioning_keeps_versions_and_replaces_null() {
    let stack = Stack::start().await;
    let s3 = stack.client();
    let bucket = Versioned { stack, s3 };
    let status = || async {
        let get = bucket.s3.get_bucket_versioning().bucket(BUCKET);
        get.send().await.unwrap().status
    };
    assert_eq!(status().await, None);
    // An object from before versioning has the version null, then and later.
    let put = bucket.s3.put_object().bucket(BUCKET).key(KEY);
    let put = put
        .body(ByteStream::from_static(b"0"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.version_id(), None);
    assert_eq!(bucket.events(), [("ObjectCreated:Put", None)]);
    bucket.set(BucketVersioningStatus::Enabled).await;
    assert_eq!(status().await, Some(BucketVersioningStatus::Enabled));
    let version = bucket.put("1").await;
    assert_eq!(bucket.get(Some("null")).await, "0");

    bucket.set(BucketVersioningStatus::Suspended).await;
    assert_eq!(status().await, Some(BucketVersioningStatus::Suspended));
    assert_eq!(bucket.put("2").await, "null");
    assert_eq!(bucket.put("3").await, "null");
    assert_eq!(bucket.get(None).await, "3");
    assert_eq!(bucket.get(Some(&version)).await, "1");
    assert_eq!(bucket.stack.folder.contents(), 2);

    assert_eq!(bucket.delete(None).await, ("null".to_owned(), true));
    assert_eq!(bucket.stack.folder.contents(), 1);
    assert_eq!(
        bucket.list().await,
        [
            (version.clone(), false, false),
            ("null".to_owned(), true, true)
        ]
    );
    bucket.delete(Some("null")).await;
    assert_eq!(bucket.get(None).await, "1");
}

#[tokio::test]
async fn versions_are_copied_and_restored() {
    let bucket = Versioned::start().await;
    let first = bucket.put("1").await;
    bucket.put("2").await;
    let copy = |source: String| {
        let copy = bucket.s3.copy_object().bucket(BUCKET).key(KEY);
        copy.copy_source(source).send()
    };
    let copied = copy(format!("{BUCKET}/{KEY}?versionId={first}"))
        .await
        .unwrap();
    assert_eq!(copied.copy_source_version_id(), Some(&*first));
    assert_ne!(copied.version_id(), Some(&*first));
    assert_eq!(bucket.get(None).await, "1");
    assert_eq!(bucket.list().await.len(), 3);

    let error = copy(format!("{BUCKET}/{KEY}")).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidRequest"), "onto itself");
    let (marker, _) = bucket.delete(None).await;
    let error = copy(format!("{BUCKET}/{KEY}?versionId={marker}"))
        .await
        .unwrap_err();
    assert_eq!(refusal(&error).0, 400);
    let copy = bucket.s3.copy_object().bucket(BUCKET).key("another");
    let error = copy.copy_source(format!("{BUCKET}/{KEY}")).send().await;
    assert_eq!(error.unwrap_err().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn an_upload_in_parts_makes_a_version_and_is_completed_once() {
    let bucket = Versioned::start().await;
    let before = bucket.put("1").await;
    let create = bucket.s3.create_multipart_upload().bucket(BUCKET).key(KEY);
    let id = create.send().await.unwrap().upload_id.unwrap();
    let part = bucket.s3.upload_part().bucket(BUCKET).key(KEY);
    let part = part.upload_id(&id).part_number(1);
    let part = part
        .body(ByteStream::from_static(b"2"))
        .send()
        .await
        .unwrap();
    let complete = |etag: &str| {
        let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = bucket.s3.complete_multipart_upload();
        let complete = complete.bucket(BUCKET).key(KEY).upload_id(&id);
        complete.multipart_upload(parts).send()
    };
    let etag = part.e_tag().unwrap();
    let completed = complete(etag).await.unwrap();
    assert_ne!(completed.version_id(), Some(&*before));
    let again = complete(etag).await.unwrap();
    assert_eq!(again.version_id(), completed.version_id());
    assert_eq!(again.e_tag(), completed.e_tag());
    assert_eq!(bucket.events().len(), 2, "one event for each upload");
    let error = complete("\"other\"").await.unwrap_err();
    assert_eq!(error.code(), Some("NoSuchUpload"));
    assert_eq!(bucket.get(Some(&before)).await, "1");
    assert_eq!(bucket.get(None).await, "2");
}

#[tokio::test]
async fn many_versions_are_deleted_at_once() {
    let bucket = Versioned::start().await;
    let first = bucket.put("1").await;
    bucket.put("2").await;
    let objects = [Some(first.clone()), None].map(|version| {
        let object = ObjectIdentifier::builder().key(KEY);
        object.set_version_id(version).build().unwrap()
    });
    let delete = Delete::builder().set_objects(Some(objects.into()));
    let deleted = bucket
        .s3
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete.build().unwrap())
        .send()
        .await
        .unwrap();
    let [version, marker] = deleted.deleted() else {
        panic!("{deleted:?}");
    };
    assert_eq!(version.version_id(), Some(&*first));
    assert_eq!(version.delete_marker(), None);
    assert_eq!(marker.version_id(), None);
    assert_eq!(marker.delete_marker(), Some(true));
    assert!(marker.delete_marker_version_id().is_some());
    assert_eq!(bucket.list().await.len(), 2);
}

/// In pages, by key and newest first, even while the listed versions are deleted.
#[tokio::test]
async fn versions_are_listed_in_pages() {
    let bucket = Versioned::start().await;
    for key in ["a", "b/1", "b/2", "c"] {
        for _ in 0..3 {
            let put = bucket.s3.put_object().bucket(BUCKET).key(key);
            put.send().await.unwrap();
        }
        let delete = bucket.s3.delete_object().bucket(BUCKET).key(key);
        delete.send().await.unwrap();
    }
    let pages = |size, delimiter: Option<&'static str>, deletes: bool| {
        let bucket = &bucket;
        async move {
            let mut keys = Vec::new();
            let (mut key_marker, mut id_marker) = (None, None);
            loop {
                let list = bucket.s3.list_object_versions().bucket(BUCKET);
                let page = list
                    .max_keys(size)
                    .set_delimiter(delimiter.map(str::to_owned))
                    .set_key_marker(key_marker)
                    .set_version_id_marker(id_marker)
                    .send()
                    .await
                    .unwrap();
                let versions = page.versions().iter();
                let versions = versions.map(|version| (version.key(), version.version_id()));
                let markers = page.delete_markers().iter();
                let markers = markers.map(|marker| (marker.key(), marker.version_id()));
                let mut entries: Vec<_> = markers.chain(versions).collect();
                entries.sort_by_key(|(key, _)| *key);
                for (key, id) in entries {
                    keys.push(key.unwrap().to_owned());
                    if deletes {
                        let delete = bucket.s3.delete_object().bucket(BUCKET).key(key.unwrap());
                        delete.version_id(id.unwrap()).send().await.unwrap();
                    }
                }
                keys.extend(
                    page.common_prefixes()
                        .iter()
                        .map(|p| p.prefix().unwrap().to_owned()),
                );
                if page.is_truncated() != Some(true) {
                    return keys;
                }
                (key_marker, id_marker) = (page.next_key_marker, page.next_version_id_marker);
            }
        }
    };
    let expected: Vec<&str> = ["a", "b/1", "b/2", "c"]
        .into_iter()
        .flat_map(|key| [key; 4])
        .collect();
    for size in [1, 2, 3, 5, 100] {
        assert_eq!(pages(size, None, false).await, expected, "{size}");
        let mut rolled = vec!["a"; 4];
        rolled.push("b/");
        rolled.extend(["c"; 4]);
        let mut found = pages(size, Some("/"), false).await;
        found.sort();
        assert_eq!(found, rolled, "{size}");
    }
    assert_eq!(pages(3, None, true).await, expected);
    assert_eq!(pages(3, None, false).await, Vec::<String>::new());
}

/// In a separate runtime, so that nothing holds the store afterwards.
fn serve<T>(folder: &Arc<Folder>, work: impl AsyncFnOnce(Versioned) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stack = Stack::start_in(folder.clone()).await;
        let s3 = stack.client();
        work(Versioned { stack, s3 }).await
    })
}

#[test]
fn versions_outlive_a_restart() {
    let folder = Arc::new(Folder::new());
    let (first, marker) = serve(&folder, async |bucket| {
        bucket.set(BucketVersioningStatus::Enabled).await;
        let first = bucket.put("1").await;
        bucket.put("2").await;
        (first, bucket.delete(None).await.0)
    });
    serve(&folder, async |bucket| {
        assert_eq!(bucket.list().await.len(), 3);
        bucket.delete(Some(&marker)).await;
        assert_eq!(bucket.get(None).await, "2");
        assert_eq!(bucket.get(Some(&first)).await, "1");
        bucket.put("3").await;
        assert_eq!(bucket.list().await.len(), 3);
    });
}

/// The index before there were versions.
const LAYOUT_1: &str = r#"
CREATE TABLE buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL, region TEXT) WITHOUT ROWID;
CREATE TABLE objects (
    bucket TEXT NOT NULL, key BLOB NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    sequence INTEGER NOT NULL, modified INTEGER NOT NULL, description TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, initiated INTEGER NOT NULL, plan TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL, md5 BLOB NOT NULL,
    modified INTEGER NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE sequence (last INTEGER NOT NULL);
INSERT INTO sequence VALUES (1788000000000000000);
INSERT INTO buckets VALUES ('pictures', 1788000000000, 'eu-central-1');
INSERT INTO objects VALUES ('pictures', CAST('k' AS BLOB), 'old', 1, 'cfcd208495d565ef66e7dff9f98764da',
    1787000000000000000, 1787000000000, '{"content_type":"image/png","cache_control":null,"content_disposition":null,
     "content_encoding":null,"content_language":null,"expires":null,"metadata":{"a":"b"},
     "checksum":{"algorithm":"Crc64Nvme","value":"XPtRC3YuN6s=","composite":false},"part_sizes":[]}');
INSERT INTO uploads VALUES ('u', 'pictures', CAST('big' AS BLOB), 1788000000000, '{"description":{"content_type":
    "image/gif","cache_control":null,"content_disposition":null,"content_encoding":null,"content_language":null,
    "expires":null,"metadata":{},"checksum":null,"part_sizes":[]},"algorithm":null,"composite":false}');
INSERT INTO parts VALUES ('u', 1, 'part', 1, X'c4ca4238a0b923820dcc509a6f75849b', 1788000000000,
    '{"algorithm":"Crc64Nvme","value":"AAAAAAAAAAA=","composite":false}');
PRAGMA user_version = 1;
"#;

#[test]
fn a_folder_without_versions_is_read() {
    let folder = Arc::new(Folder::new());
    std::fs::create_dir(folder.0.join("contents")).unwrap();
    std::fs::write(folder.0.join("contents/old"), "0").unwrap();
    std::fs::write(folder.0.join("contents/part"), "1").unwrap();
    let index = rusqlite::Connection::open(folder.0.join("index.sqlite")).unwrap();
    index.execute_batch(LAYOUT_1).unwrap();
    drop(index);
    for _ in 0..2 {
        serve(&folder, async |bucket| {
            let got = bucket.s3.get_object().bucket(BUCKET).key(KEY);
            let got = got.send().await.unwrap();
            assert_eq!(got.content_type(), Some("image/png"));
            assert_eq!(got.metadata().unwrap()["a"], "b");
            assert_eq!(got.version_id(), None);
            assert_eq!(bucket.get(None).await, "0");
            assert_eq!(bucket.list().await, [("null".to_owned(), false, true)]);
        });
    }
    serve(&folder, async |bucket| {
        let part = CompletedPart::builder()
            .part_number(1)
            .e_tag("\"c4ca4238a0b923820dcc509a6f75849b\"");
        let parts = CompletedMultipartUpload::builder().parts(part.build());
        let complete = bucket.s3.complete_multipart_upload().bucket(BUCKET);
        let complete = complete.key("big").upload_id("u");
        complete
            .multipart_upload(parts.build())
            .send()
            .await
            .unwrap();
        let head = bucket.s3.head_object().bucket(BUCKET).key("big");
        assert_eq!(head.send().await.unwrap().content_type(), Some("image/gif"));

        bucket.set(BucketVersioningStatus::Enabled).await;
        bucket.put("1").await;
        assert_eq!(bucket.get(Some("null")).await, "0");
        let last = format!("{:018X}", 1_788_000_000_000_000_000_u64);
        for change in bucket.stack.changes.all() {
            assert!(change.sequencer > last, "{change:?}");
        }
    });
}

/// `versionId` in a query changes the action that a policy must allow.
#[tokio::test]
async fn versions_have_their_own_actions() {
    let bucket = Versioned::start().await;
    let version = bucket.put("1").await;
    let blind = bucket.stack.client_of(support::BLIND, None);
    blind
        .get_object()
        .bucket(BUCKET)
        .key(KEY)
        .send()
        .await
        .unwrap();
    for message in [
        blind
            .get_object()
            .bucket(BUCKET)
            .key(KEY)
            .version_id(&version)
            .send()
            .await
            .unwrap_err()
            .message()
            .map(str::to_owned),
        blind
            .copy_object()
            .bucket(BUCKET)
            .key("copy")
            .copy_source(format!("{BUCKET}/{KEY}?versionId={version}"))
            .send()
            .await
            .unwrap_err()
            .message()
            .map(str::to_owned),
    ] {
        let message = message.unwrap();
        assert!(message.contains("may not s3:GetObjectVersion"), "{message}");
    }
    let delete = blind.delete_object().bucket(BUCKET).key(KEY);
    let error = delete.version_id(&version).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("s3:DeleteObjectVersion"));
    let listed = blind.list_object_versions().bucket(BUCKET).send().await;
    assert_eq!(listed.unwrap_err().code(), Some("AccessDenied"));
}

#[tokio::test]
async fn versioning_cannot_be_left_out_of_its_configuration() {
    let stack = Stack::start().await;
    let xml = b"<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>";
    let mut put = request("PUT", "/pictures?versioning", xml);
    put.headers_mut().insert("content-length", xml.len().into());
    let response = stack.send(put, Signed::Header).await;
    assert_eq!(
        (response.status.as_u16(), response.element("Code")),
        (400, Some("IllegalVersioningConfigurationException"))
    );
}
