//! Multipart uploads and copies.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, MetadataDirective,
};
use support::{BUCKET, Stack};

const FIVE_MB: usize = 5 << 20;

fn five_mb(byte: u8) -> ByteStream {
    ByteStream::from(vec![byte; FIVE_MB])
}

async fn begin(client: &Client, key: &str) -> String {
    let begun = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .content_type("image/tiff")
        .send()
        .await;
    begun.unwrap().upload_id().unwrap().to_owned()
}

async fn part(
    client: &Client,
    key: &str,
    id: &str,
    number: i32,
    body: ByteStream,
) -> CompletedPart {
    let uploaded = client
        .upload_part()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id)
        .part_number(number)
        .body(body)
        .send()
        .await
        .unwrap();
    CompletedPart::builder()
        .part_number(number)
        .e_tag(uploaded.e_tag().unwrap())
        .build()
}

fn of(parts: &[CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts.to_vec()))
        .build()
}

#[tokio::test]
async fn parts_become_an_object() {
    let stack = Stack::start().await;
    let client = stack.client();
    let key = "å/b+c.tiff";
    let id = begin(&client, key).await;
    let second = part(&client, key, &id, 2, ByteStream::from_static(b"tail")).await;
    part(&client, key, &id, 1, five_mb(b'x')).await;
    let first = part(&client, key, &id, 1, five_mb(b'a')).await;

    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id)
        .multipart_upload(of(&[first, second]));
    let completed = complete.clone().send().await.unwrap();
    // MD5 of the MD5s of 5 MiB of "a" and of "tail".
    assert_eq!(
        completed.e_tag(),
        Some("\"30dcfd3901d1c613b7fb532281748544-2\"")
    );
    assert_eq!(completed.key(), Some(key));
    let repeated = complete.send().await.unwrap();
    assert_eq!(repeated.e_tag(), completed.e_tag());
    assert_eq!(
        repeated.checksum_crc64_nvme(),
        completed.checksum_crc64_nvme()
    );

    let whole = client
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(whole.content_type(), Some("image/tiff"));
    let content = whole.body.collect().await.unwrap().into_bytes();
    assert_eq!(
        (content.len(), &content[FIVE_MB..]),
        (FIVE_MB + 4, &b"tail"[..])
    );
    let tail = client
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .part_number(2)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (tail.parts_count(), tail.content_range()),
        (Some(2), Some("bytes 5242880-5242883/5242884"))
    );
    assert_eq!(
        tail.body.collect().await.unwrap().into_bytes(),
        &b"tail"[..]
    );

    let change = &stack.changes.all()[0];
    assert_eq!(
        (change.event_name, change.key.as_str()),
        ("ObjectCreated:CompleteMultipartUpload", key)
    );
    assert_eq!(change.size, FIVE_MB as u64 + 4);
    assert_eq!(stack.changes.all().len(), 1);
    assert_eq!(stack.folder.contents(), 1);
}

#[tokio::test]
async fn an_upload_can_be_looked_at_until_it_is_complete() {
    let stack = Stack::start().await;
    let client = stack.client();
    let key = "å/b+c.tiff";
    let id = begin(&client, key).await;
    part(&client, key, &id, 2, ByteStream::from_static(b"tail")).await;
    part(&client, key, &id, 1, five_mb(b'x')).await;

    let listed = client
        .list_parts()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    let sizes: Vec<_> = listed
        .parts()
        .iter()
        .map(|part| (part.part_number().unwrap(), part.size().unwrap()))
        .collect();
    assert_eq!(sizes, [(1, 5 << 20), (2, 4)]);
    let page = client
        .list_parts()
        .bucket(BUCKET)
        .key(key)
        .upload_id(&id)
        .max_parts(1)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (page.is_truncated(), page.next_part_number_marker()),
        (Some(true), Some("1"))
    );
    let uploads = client
        .list_multipart_uploads()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (uploads.uploads()[0].key(), uploads.uploads()[0].upload_id()),
        (Some(key), Some(id.as_str()))
    );
    assert!(
        client
            .head_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let stack = Stack::start().await;
    let client = stack.client();
    let id = begin(&client, "k").await;
    let first = part(&client, "k", &id, 1, ByteStream::from_static(b"small")).await;
    let second = part(&client, "k", &id, 2, ByteStream::from_static(b"tail")).await;
    let forged = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"00000000000000000000000000000000\"")
        .build();
    for (parts, code) in [
        (vec![], "MalformedXML"),
        (vec![second.clone(), first.clone()], "InvalidPartOrder"),
        (vec![first.clone(), first.clone()], "InvalidPartOrder"),
        (vec![forged], "InvalidPart"),
        (
            vec![CompletedPart::builder().part_number(3).e_tag("x").build()],
            "InvalidPart",
        ),
        (vec![first.clone(), second], "EntityTooSmall"),
    ] {
        let error = client
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .multipart_upload(of(&parts))
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(code), "{parts:?}");
    }
    for number in [0, 10_001] {
        let error = client
            .upload_part()
            .bucket(BUCKET)
            .key("k")
            .upload_id(&id)
            .part_number(number)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("InvalidArgument"));
    }
    let elsewhere = client
        .upload_part()
        .bucket(BUCKET)
        .key("other")
        .upload_id(&id)
        .part_number(1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(elsewhere.code(), Some("NoSuchUpload"));

    client
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    let error = client
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NoSuchUpload"));
    assert_eq!(stack.folder.contents(), 0);
    assert!(stack.changes.all().is_empty());
}

#[tokio::test]
async fn checksums_of_parts_make_one_of_the_object() {
    let stack = Stack::start().await;
    let client = stack.client();
    let begun = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("k")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let id = begun.upload_id().unwrap();
    let uploaded = client
        .upload_part()
        .bucket(BUCKET)
        .key("k")
        .upload_id(id)
        .part_number(1)
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        uploaded.checksum_sha256(),
        Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    );
    let claim = |sum: &str| {
        of(&[CompletedPart::builder()
            .part_number(1)
            .e_tag(uploaded.e_tag().unwrap())
            .checksum_sha256(sum)
            .build()])
    };
    let complete = || {
        client
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(id)
    };
    let error = complete()
        .multipart_upload(claim("AAAA"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidPart"));
    let sum = uploaded.checksum_sha256().unwrap();
    let completed = complete()
        .multipart_upload(claim(sum))
        .send()
        .await
        .unwrap();
    // SHA-256 of the 32 bytes that are the SHA-256 of "hello".
    assert_eq!(
        completed.checksum_sha256(),
        Some("lZXJ35AHUUjrBoYDZd8zWEt1v/eCpRDGzUiDpBmDPVA=-1")
    );
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(head.checksum_sha256(), completed.checksum_sha256());
    assert_eq!(
        head.checksum_type().map(ToString::to_string).as_deref(),
        Some("COMPOSITE")
    );
}

#[tokio::test]
async fn copies_keep_or_replace_the_description() {
    let stack = Stack::start().await;
    let client = stack.client();
    let source = "å b+c/100%.jpg";
    client
        .put_object()
        .bucket(BUCKET)
        .key(source)
        .content_type("image/jpeg")
        .metadata("camera", "Leica")
        .body(ByteStream::from_static(b"picture"))
        .send()
        .await
        .unwrap();
    let encoded = "pictures/%C3%A5%20b%2Bc/100%25.jpg";
    let copy = |key: &str| {
        client
            .copy_object()
            .bucket(BUCKET)
            .key(key)
            .copy_source(encoded)
    };

    let kept = copy("kept").send().await.unwrap();
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("kept")
        .send()
        .await
        .unwrap();
    assert_eq!(kept.copy_object_result().unwrap().e_tag(), head.e_tag());
    assert_eq!(
        (head.content_type(), head.metadata().unwrap().len()),
        (Some("image/jpeg"), 1)
    );

    copy("replaced")
        .metadata_directive(MetadataDirective::Replace)
        .content_type("image/png")
        .send()
        .await
        .unwrap();
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("replaced")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (head.content_type(), head.metadata().unwrap().len()),
        (Some("image/png"), 0)
    );

    assert_eq!(
        copy(source).send().await.unwrap_err().code(),
        Some("InvalidRequest")
    );
    copy(source)
        .metadata_directive(MetadataDirective::Replace)
        .content_type("image/gif")
        .send()
        .await
        .unwrap();
    assert_eq!(
        copy("x")
            .copy_source_if_match("\"other\"")
            .send()
            .await
            .unwrap_err()
            .code(),
        Some("PreconditionFailed")
    );
    let absent = client
        .copy_object()
        .bucket(BUCKET)
        .key("x")
        .copy_source("pictures/absent")
        .send()
        .await;
    assert_eq!(absent.unwrap_err().code(), Some("NoSuchKey"));

    let events = stack.changes.events();
    assert_eq!(
        events.iter().map(|(event, _)| *event).collect::<Vec<_>>()[1..],
        ["ObjectCreated:Copy"; 3]
    );
    assert_eq!(stack.changes.all()[3].key, source);
}

#[tokio::test]
async fn parts_can_be_copied() {
    let stack = Stack::start().await;
    let client = stack.client();
    let body = ByteStream::from_static(b"0123456789");
    client
        .put_object()
        .bucket(BUCKET)
        .key("source")
        .body(body)
        .send()
        .await
        .unwrap();
    let id = begin(&client, "k").await;
    let copied = client
        .upload_part_copy()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id)
        .part_number(1)
        .copy_source("pictures/source")
        .copy_source_range("bytes=2-4")
        .send()
        .await
        .unwrap();
    let etag = copied.copy_part_result().unwrap().e_tag().unwrap();
    let parts = [CompletedPart::builder().part_number(1).e_tag(etag).build()];
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("k")
        .upload_id(&id);
    complete.multipart_upload(of(&parts)).send().await.unwrap();
    let object = stack.store.read(BUCKET, "k", None).await.unwrap().unwrap();
    assert_eq!(object.bytes().await.unwrap(), &b"234"[..]);
}
