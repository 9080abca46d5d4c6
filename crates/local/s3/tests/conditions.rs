//! Ranges, and conditional reads and writes.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use support::{BUCKET, Stack, put, status};

#[tokio::test]
async fn ranges() {
    let stack = Stack::start().await;
    let client = stack.client();
    put(&client, "k", b"0123456789").await;
    for (range, content, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=5-100", "56789", "bytes 5-9/10"),
        ("bytes=-100", "0123456789", "bytes 0-9/10"),
    ] {
        let part = client
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .range(range)
            .send()
            .await
            .unwrap();
        assert_eq!(part.content_range(), Some(content_range), "{range}");
        assert_eq!(
            part.body.collect().await.unwrap().into_bytes(),
            content.as_bytes(),
            "{range}"
        );
    }
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .range("bytes=10-")
        .send()
        .await
        .unwrap_err();
    assert_eq!((status(&error), error.code()), (416, Some("InvalidRange")));
}

#[tokio::test]
async fn conditional_reads() {
    let stack = Stack::start().await;
    let client = stack.client();
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .cache_control("no-cache")
        .send()
        .await
        .unwrap();
    let etag = put.e_tag().unwrap();
    let get = || client.get_object().bucket(BUCKET).key("k");
    let head = || client.head_object().bucket(BUCKET).key("k");
    let long_ago = DateTime::from_secs(1_000_000_000);
    let soon = DateTime::from_secs(4_000_000_000);

    let unchanged = get().if_none_match(etag).send().await.unwrap_err();
    assert_eq!(status(&unchanged), 304);
    let raw = unchanged.raw_response().unwrap();
    assert_eq!(raw.headers().get("etag"), Some(etag));
    assert_eq!(raw.headers().get("cache-control"), Some("no-cache"));
    assert!(raw.headers().get("last-modified").is_some());
    assert_eq!(raw.body().bytes(), Some(&b""[..]));

    assert_eq!(
        status(&head().if_none_match(etag).send().await.unwrap_err()),
        304
    );
    assert_eq!(
        status(&get().if_none_match("*").send().await.unwrap_err()),
        304
    );
    assert_eq!(
        status(&get().if_modified_since(soon).send().await.unwrap_err()),
        304
    );
    assert_eq!(
        status(&get().if_match("\"other\"").send().await.unwrap_err()),
        412
    );
    assert_eq!(
        status(&head().if_match("\"other\"").send().await.unwrap_err()),
        412
    );
    assert_eq!(
        status(
            &get()
                .if_unmodified_since(long_ago)
                .send()
                .await
                .unwrap_err()
        ),
        412
    );
    get().if_none_match("\"other\"").send().await.unwrap();
    get()
        .if_match(etag)
        .if_unmodified_since(long_ago)
        .send()
        .await
        .unwrap();
    get().if_modified_since(long_ago).send().await.unwrap();
}

#[tokio::test]
async fn conditional_writes() {
    let stack = Stack::start().await;
    let client = stack.client();
    let put = || client.put_object().bucket(BUCKET).key("k");
    assert_eq!(status(&put().if_match("*").send().await.unwrap_err()), 404);
    let first = put().if_none_match("*").send().await.unwrap();
    let error = put().if_none_match("*").send().await.unwrap_err();
    assert_eq!(
        (status(&error), error.code()),
        (412, Some("PreconditionFailed"))
    );
    assert_eq!(
        status(&put().if_match("\"other\"").send().await.unwrap_err()),
        412
    );
    let body = ByteStream::from_static(b"second");
    put()
        .if_match(first.e_tag().unwrap())
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(stack.changes.events().len(), 2);
    assert_eq!(stack.folder.contents(), 1);
}
