//! Exactly what was sent is stored, or nothing.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
use support::raw::{RawResponse, Signed, add_signature, request};
use support::{BUCKET, Stack};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The digests of "hello" in base64.
const HELLO: &[(&str, &str)] = &[
    ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
    ("x-amz-checksum-crc32", "NhCmhg=="),
    ("x-amz-checksum-crc32c", "mnG7TA=="),
    ("x-amz-checksum-crc64nvme", "M3eFcAZSQlc="),
    ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
    (
        "x-amz-checksum-sha256",
        "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
    ),
];

async fn put(stack: &Stack, headers: &[(&'static str, &str)], body: &'static [u8]) -> RawResponse {
    let mut put = request("PUT", "/pictures/k", body);
    for (name, value) in headers {
        put.headers_mut().insert(*name, value.parse().unwrap());
    }
    stack.send(put, Signed::Header).await
}

#[tokio::test]
async fn digests_in_headers_are_verified() {
    let stack = Stack::start().await;
    for digest in HELLO {
        let refused = put(&stack, &[*digest], b"hellO").await;
        assert_eq!(
            (refused.status.as_u16(), refused.element("Code")),
            (400, Some("BadDigest")),
            "{}",
            digest.0
        );
        assert!(stack.changes.all().is_empty());
        assert_eq!(stack.folder.contents(), 0);
    }
    for (name, value) in HELLO {
        let stored = put(&stack, &[(*name, value)], b"hello").await;
        assert_eq!(stored.status, 200, "{name}: {}", stored.text());
        if *name != "content-md5" {
            assert_eq!(stored.header(name), Some(*value));
            assert_eq!(stored.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        }
    }
    let invalid = put(&stack, &[("content-md5", "nonsense")], b"hello").await;
    assert_eq!(invalid.element("Code"), Some("InvalidDigest"));
    let several = put(&stack, &HELLO[1..3], b"hello").await;
    assert_eq!(several.element("Code"), Some("InvalidRequest"));
}

/// Since December 2024 S3 computes CRC-64/NVME if the client names no algorithm.
#[tokio::test]
async fn a_checksum_is_kept_even_if_none_was_sent() {
    let stack = Stack::start().await;
    let stored = put(&stack, &[], b"hello").await;
    assert_eq!(
        stored.header("x-amz-checksum-crc64nvme"),
        Some("M3eFcAZSQlc=")
    );
    let client = stack.client();
    let asked = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(asked.checksum_crc64_nvme(), Some("M3eFcAZSQlc="));
    let range = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .checksum_mode(ChecksumMode::Enabled)
        .range("bytes=0-1")
        .send()
        .await
        .unwrap();
    assert_eq!(range.checksum_crc64_nvme(), None);
}

/// A body that the SDK cannot read in advance, so that it sends it in chunks with a trailer.
fn streamed() -> ByteStream {
    let chunks =
        (0..16).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b'x'; 65_536]))));
    ByteStream::from_body_1_x(StreamBody::new(futures::stream::iter(chunks)))
}

#[tokio::test]
async fn checksums_in_trailers_are_verified() {
    let stack = Stack::start().await;
    let client = stack.client();
    for (algorithm, header) in [
        (ChecksumAlgorithm::Crc32, "x-amz-checksum-crc32"),
        (ChecksumAlgorithm::Crc32C, "x-amz-checksum-crc32c"),
        (ChecksumAlgorithm::Crc64Nvme, "x-amz-checksum-crc64nvme"),
        (ChecksumAlgorithm::Sha1, "x-amz-checksum-sha1"),
        (ChecksumAlgorithm::Sha256, "x-amz-checksum-sha256"),
    ] {
        let stored = client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .checksum_algorithm(algorithm.clone())
            .content_length(1 << 20)
            .content_encoding("gzip")
            .body(streamed())
            .send()
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {error:?}"));
        let sent = [
            stored.checksum_crc32(),
            stored.checksum_crc32_c(),
            stored.checksum_crc64_nvme(),
            stored.checksum_sha1(),
            stored.checksum_sha256(),
        ];
        assert_eq!(sent.into_iter().flatten().count(), 1, "{header}");
        let read = client
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        assert_eq!(read.content_encoding(), Some("gzip"), "{header}");
        assert_eq!(
            read.body.collect().await.unwrap().into_bytes().len(),
            1 << 20,
            "{header}"
        );
    }

    for (trailer, status, code) in [
        ("NhCmhg==", 200, None),
        ("AAAAAA==", 400, Some("BadDigest")),
    ] {
        let body = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{trailer}\r\n\r\n");
        let mut put = request("PUT", "/pictures/trailed", b"");
        for (name, value) in [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", "5"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("content-encoding", "aws-chunked"),
        ] {
            put.headers_mut().insert(name, value.parse().unwrap());
        }
        *put.body_mut() = Bytes::from(body);
        support::raw::add_signature_over(&mut put, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        let response = stack.send_as_is(put).await;
        assert_eq!(response.status, status, "{}", response.text());
        assert_eq!(response.element("Code"), code);
    }
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("trailed")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (head.content_length(), head.content_encoding()),
        (Some(5), None)
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let stack = Stack::start().await;
    for (name, value) in [
        ("x-amz-tagging", "a=b"),
        ("x-amz-rename-source", "/pictures/k"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ("if-none-match", "\"etag\""),
    ] {
        let refused = put(&stack, &[(name, value)], b"hello").await;
        assert_eq!(
            (refused.status.as_u16(), refused.element("Code")),
            (501, Some("NotImplemented")),
            "{name}"
        );
    }
    // Operations that `s3s` does not know yet: without a check they would write or delete the object.
    for (method, subresource) in [("PUT", "encryption"), ("DELETE", "annotation")] {
        let target = format!("/pictures/k?{subresource}");
        let refused = stack
            .send(request(method, &target, b""), Signed::Header)
            .await;
        assert_eq!(refused.element("Code"), Some("NotImplemented"), "{target}");
    }
    let meta = "x".repeat(2049 - "k".len());
    let refused = put(&stack, &[("x-amz-meta-k", meta.as_str())], b"hello").await;
    assert_eq!(refused.element("Code"), Some("MetadataTooLarge"));
    assert!(stack.changes.all().is_empty());
    let allowed = [
        ("x-amz-acl", "private"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-meta-k", &meta[1..]),
    ];
    assert_eq!(put(&stack, &allowed, b"hello").await.status, 200);
    let error = stack
        .client()
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .version_id("v1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidArgument"));
}

/// A client that expects `100 Continue` never sends the body of a request that is refused.
#[tokio::test]
async fn a_connection_is_closed_after_a_body_that_was_not_read() {
    let stack = Stack::start().await;
    let mut put = request("PUT", "/no-such-bucket/k", b"hello");
    add_signature(&mut put, Signed::Header, support::ADMIN);
    let mut head = format!(
        "PUT {} HTTP/1.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\n",
        put.uri()
    );
    for (name, value) in put.headers() {
        head.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
    }
    let mut connection = TcpStream::connect(stack.address).await.unwrap();
    connection
        .write_all(format!("{head}\r\n").as_bytes())
        .await
        .unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 404"), "{response}");
    assert!(response.contains("connection: close"), "{response}");
    assert!(response.contains("NoSuchBucket"), "{response}");
}
