//! Listing a bucket.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{CreateBucketConfiguration, EncodingType};
use support::raw::{Signed, request};
use support::{BUCKET, Stack, put};

async fn fill(client: &Client, keys: &[&str]) {
    for key in keys {
        put(client, key, b"").await;
    }
}

/// All keys and rolled-up prefixes of a listing, read in pages of a size.
async fn pages(
    client: &Client,
    prefix: &str,
    delimiter: Option<&str>,
    size: i32,
) -> (Vec<String>, usize) {
    let mut found = Vec::new();
    let mut token = None;
    let mut count = 0;
    loop {
        let page = client
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .set_delimiter(delimiter.map(str::to_owned))
            .max_keys(size)
            .set_continuation_token(token)
            .send()
            .await
            .unwrap();
        count += 1;
        assert_eq!(
            page.key_count(),
            i32::try_from(page.contents().len() + page.common_prefixes().len()).ok()
        );
        found.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key().map(str::to_owned)),
        );
        found.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|prefix| prefix.prefix().map(str::to_owned)),
        );
        assert_eq!(
            page.is_truncated(),
            Some(page.next_continuation_token().is_some())
        );
        match page.next_continuation_token() {
            Some(next) => token = Some(next.to_owned()),
            None => return (found, count),
        }
    }
}

const KEYS: &[&str] = &[
    "a",
    "a/",
    "a/1",
    "a/2/x",
    "a/2/y",
    "a0",
    "b/1",
    "b/2",
    "c",
    "Z",
    "å",
    "日本/1",
    "日本/2",
    "\u{10FFFF}",
];

#[tokio::test]
async fn keys_come_in_the_order_of_their_bytes_once_each() {
    let stack = Stack::start().await;
    let client = stack.client();
    fill(&client, KEYS).await;
    let mut sorted = KEYS.to_vec();
    sorted.sort_unstable();
    for size in [1, 2, 3, 7, 13, 14, 1000] {
        let (found, count) = pages(&client, "", None, size).await;
        assert_eq!(found, sorted, "pages of {size}");
        assert_eq!(
            count,
            KEYS.len().div_ceil(usize::try_from(size).unwrap()),
            "pages of {size}"
        );
    }
}

#[tokio::test]
async fn keys_are_rolled_up_at_a_delimiter() {
    let stack = Stack::start().await;
    let client = stack.client();
    fill(&client, KEYS).await;
    for size in [1, 2, 3, 1000] {
        let mut found = pages(&client, "", Some("/"), size).await.0;
        found.sort_unstable();
        assert_eq!(
            found,
            ["Z", "a", "a/", "a0", "b/", "c", "å", "日本/", "\u{10FFFF}"],
            "pages of {size}"
        );
        let mut found = pages(&client, "a/", Some("/"), size).await.0;
        found.sort_unstable();
        assert_eq!(found, ["a/", "a/1", "a/2/"], "pages of {size}");
    }
    assert_eq!(pages(&client, "日", Some("本"), 5).await.0, ["日本"]);
    assert_eq!(pages(&client, "nothing", None, 5).await, (vec![], 1));
}

#[tokio::test]
async fn the_first_version_goes_on_from_a_marker() {
    let stack = Stack::start().await;
    let client = stack.client();
    fill(&client, KEYS).await;
    let mut found = Vec::new();
    let mut marker = String::new();
    loop {
        let page = client
            .list_objects()
            .bucket(BUCKET)
            .delimiter("/")
            .marker(&marker)
            .max_keys(2)
            .send()
            .await
            .unwrap();
        found.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key().map(str::to_owned)),
        );
        found.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|prefix| prefix.prefix().map(str::to_owned)),
        );
        match page.next_marker() {
            Some(next) => marker = next.to_owned(),
            None => break,
        }
    }
    found.sort_unstable();
    assert_eq!(
        found,
        ["Z", "a", "a/", "a0", "b/", "c", "å", "日本/", "\u{10FFFF}"]
    );
    let plain = client
        .list_objects()
        .bucket(BUCKET)
        .max_keys(2)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (plain.is_truncated(), plain.next_marker()),
        (Some(true), None)
    );
}

#[tokio::test]
async fn a_listing_can_start_after_a_key() {
    let stack = Stack::start().await;
    let client = stack.client();
    fill(&client, &["a", "b", "c"]).await;
    let page = client
        .list_objects_v2()
        .bucket(BUCKET)
        .start_after("a")
        .send()
        .await
        .unwrap();
    assert_eq!(
        page.contents()
            .iter()
            .filter_map(|object| object.key())
            .collect::<Vec<_>>(),
        ["b", "c"]
    );
    let none = client
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(0)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (none.is_truncated(), none.contents().len()),
        (Some(false), 0)
    );
    let error = client
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(-1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidArgument"));
    let error = client
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("!")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidArgument"));
    let error = client
        .list_objects_v2()
        .bucket("no-such-bucket")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NoSuchBucket"));
}

#[tokio::test]
async fn names_can_be_url_encoded() {
    let stack = Stack::start().await;
    let client = stack.client();
    fill(&client, &["a b+c/å\u{1}<&>.jpg"]).await;
    let page = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("a b")
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .unwrap();
    assert_eq!(page.prefix(), Some("a+b"));
    assert_eq!(
        page.contents()[0].key(),
        Some("a+b%2Bc/%C3%A5%01%3C%26%3E.jpg")
    );
}

#[tokio::test]
async fn objects_are_listed_as_they_are_described() {
    let stack = Stack::start().await;
    let client = stack.client();
    let put = stack
        .send(request("PUT", "/pictures/k", b"hello"), Signed::Header)
        .await;
    let page = client
        .list_objects_v2()
        .bucket(BUCKET)
        .fetch_owner(true)
        .send()
        .await
        .unwrap();
    let object = &page.contents()[0];
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap();
    assert_eq!(object.e_tag(), put.header("etag"));
    assert_eq!(object.size(), Some(5));
    assert_eq!(object.last_modified(), head.last_modified());
    assert_eq!(
        object.storage_class().map(ToString::to_string).as_deref(),
        Some("STANDARD")
    );
    assert!(object.owner().is_some());
}

#[tokio::test]
async fn buckets() {
    let stack = Stack::start().await;
    let client = stack.client();
    let create = |name: &str, region: Option<&str>| {
        let configuration = region.map(|region| {
            CreateBucketConfiguration::builder()
                .location_constraint(region.into())
                .build()
        });
        client
            .create_bucket()
            .bucket(name)
            .set_create_bucket_configuration(configuration)
            .send()
    };
    create("another", Some("eu-central-1")).await.unwrap();
    for (name, region, code) in [
        ("another", Some("eu-central-1"), "BucketAlreadyOwnedByYou"),
        ("third", None, "IllegalLocationConstraintException"),
        (
            "third",
            Some("eu-west-1"),
            "IllegalLocationConstraintException",
        ),
        ("foo.-bar", Some("eu-central-1"), "InvalidBucketName"),
        ("sthree-foo", Some("eu-central-1"), "InvalidBucketName"),
    ] {
        let error = create(name, region).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{name} in {region:?}");
    }
    stack.store.create_bucket("another").unwrap();
    let listed = client.list_buckets().send().await.unwrap();
    let names: Vec<&str> = listed
        .buckets()
        .iter()
        .filter_map(|bucket| bucket.name())
        .collect();
    assert_eq!(names, ["another", BUCKET]);

    let head = client.head_bucket().bucket("another").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("eu-central-1"));
    let location = client
        .get_bucket_location()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(
        location
            .location_constraint()
            .map(ToString::to_string)
            .as_deref(),
        Some("eu-central-1")
    );

    fill(&client, &["k"]).await;
    let error = client
        .delete_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("BucketNotEmpty"));
    client
        .delete_bucket()
        .bucket("another")
        .send()
        .await
        .unwrap();
    let error = client
        .head_bucket()
        .bucket("another")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = client
        .delete_bucket()
        .bucket("another")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NoSuchBucket"));
}
