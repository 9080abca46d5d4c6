//! Versions of objects in the raw bucket, and how the functions handle them.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::primitives::ByteStream;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use local_stack::{REGION, Stack};
use serde_json::Value;

const KEY: &str = "pets/a cat.jpg";
const FOLLOWS: Duration = Duration::from_mins(2);

async fn start() -> Stack {
    let options = shipped::ephemeral(&[("ApiAuthorization", "NONE")]);
    Stack::start(&options).await.unwrap()
}

struct RawBucket {
    s3: Client,
    name: String,
    records: String,
}

impl RawBucket {
    fn of(stack: &Stack) -> Self {
        let keys = &stack.credentials;
        let credentials = Credentials::new(&keys.access_key, &keys.secret_key, None, None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .endpoint_url(&stack.aws_url)
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self {
            s3: Client::from_conf(config),
            name: stack.outputs["RawBucketName"].clone(),
            records: format!("{}/images/pets/a%20cat.jpg", stack.api_url),
        }
    }

    async fn put(&self, photo: &str) -> String {
        let path = format!("{}/../../../photos/{photo}", env!("CARGO_MANIFEST_DIR"));
        let put = self.s3.put_object().bucket(&self.name).key(KEY);
        let put = put.body(ByteStream::from_path(path).await.unwrap());
        put.send().await.unwrap().version_id.unwrap()
    }

    /// Deletes the object, or one version of it; returns the version that the response names.
    async fn delete(&self, version: Option<&str>) -> String {
        let delete = self.s3.delete_object().bucket(&self.name).key(KEY);
        let delete = delete.set_version_id(version.map(str::to_owned));
        delete.send().await.unwrap().version_id.unwrap()
    }

    /// Waits until the record has this width, or is gone.
    async fn follows(&self, width: Option<u64>) {
        let client: legacy::Client<_, Full<bytes::Bytes>> =
            legacy::Client::builder(TokioExecutor::new()).build_http();
        let end = Instant::now() + FOLLOWS;
        loop {
            let response = client.get(self.records.parse().unwrap()).await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let record: Value = serde_json::from_slice(&body).unwrap();
            let is_settled = match width {
                Some(width) => {
                    record["thumbnails"]["width"] == width && record["analysis"]["status"] == "done"
                }
                None => status == 404,
            };
            if is_settled {
                return;
            }
            assert!(Instant::now() < end, "{width:?}: {status} {record}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The runbook's ways to restore an object, and the two kinds of deletes: of the object, and of one version.
#[tokio::test(flavor = "multi_thread")]
async fn records_follow_the_latest_version() {
    let stack = start().await;
    let raw = RawBucket::of(&stack);

    let coffee = raw.put("coffee.png").await;
    raw.follows(Some(600)).await;
    let astronaut = raw.put("astronaut.png").await;
    raw.follows(Some(512)).await;

    // An older version is deleted: the latest one stays what it was.
    let second_coffee = raw.put("coffee.png").await;
    raw.follows(Some(600)).await;
    assert_eq!(raw.delete(Some(&coffee)).await, coffee);
    raw.follows(Some(600)).await;

    // The latest version is deleted: the one before it becomes the latest.
    raw.delete(Some(&second_coffee)).await;
    raw.follows(Some(512)).await;

    // A delete marker hides the object; without it the object is back.
    let marker = raw.delete(None).await;
    raw.follows(None).await;
    raw.delete(Some(&marker)).await;
    raw.follows(Some(512)).await;

    // Copying a version over a marker restores it, too.
    raw.delete(None).await;
    raw.follows(None).await;
    let source = format!("{}/pets/a%20cat.jpg?versionId={astronaut}", raw.name);
    raw.s3
        .copy_object()
        .bucket(&raw.name)
        .key(KEY)
        .copy_source(source)
        .send()
        .await
        .unwrap();
    raw.follows(Some(512)).await;

    // A takedown deletes every version.
    let listed = raw
        .s3
        .list_object_versions()
        .bucket(&raw.name)
        .prefix(KEY)
        .send()
        .await
        .unwrap();
    let versions = listed.versions().iter().map(|version| version.version_id());
    let markers = listed
        .delete_markers()
        .iter()
        .map(|marker| marker.version_id());
    for version in versions.chain(markers) {
        raw.delete(version).await;
    }
    raw.follows(None).await;
}
