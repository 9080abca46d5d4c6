//! Authentication: signatures in headers and URLs, and paths that were signed as they were sent.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use support::raw::{Signed, add_signature, request};
use support::{BLIND, BUCKET, Stack};

const NOW: Signed = Signed::Query(Duration::ZERO);

/// S3 decodes a `+` in a path as a space before it compares signatures, so that a request signed with the plus is refused.
#[tokio::test]
async fn a_bare_plus_in_a_path_is_a_space() {
    let stack = Stack::start().await;
    for signed in [Signed::Header, NOW] {
        for method in ["PUT", "GET", "DELETE"] {
            for signed_path in ["/pictures/a+b%2Bc", "/pictures/a%2Bb%2Bc"] {
                let mut sent = request(method, signed_path, b"");
                add_signature(&mut sent, signed, support::ADMIN);
                let target = sent
                    .uri()
                    .to_string()
                    .replacen(signed_path, "/pictures/a+b%2Bc", 1);
                *sent.uri_mut() = target.parse().unwrap();
                let refused = stack.send_as_is(sent).await;
                assert_eq!(refused.status, 403, "{method} {signed_path}");
                assert!(
                    refused.text().contains("SignatureDoesNotMatch"),
                    "{}",
                    refused.text()
                );
            }
            let mut sent = request(method, "/pictures/a%20b%2Bc", b"");
            add_signature(&mut sent, signed, support::ADMIN);
            let target = sent.uri().to_string().replacen("%20", "+", 1);
            *sent.uri_mut() = target.parse().unwrap();
            let taken = stack.send_as_is(sent).await;
            assert!(taken.status.is_success(), "{method}: {}", taken.text());
        }
    }
    assert!(
        stack
            .changes
            .all()
            .iter()
            .all(|change| change.key == "a b+c")
    );
}

/// `curl` and browsers leave characters unencoded that an SDK encodes before it signs.
#[tokio::test]
async fn paths_are_verified_as_they_were_sent() {
    let stack = Stack::start().await;
    for (target, key) in [
        ("/pictures/it's(1)!*.jpg", "it's(1)!*.jpg"),
        ("/pictures/a@b:c,d;e=f&g$", "a@b:c,d;e=f&g$"),
        ("/pictures/%20", " "),
        ("/pictures/../up", "../up"),
        ("/pictures//", "/"),
    ] {
        let put = stack
            .send(request("PUT", target, b"x"), Signed::Header)
            .await;
        assert_eq!(put.status, 200, "{target}: {}", put.text());
        assert!(
            stack.store.read(BUCKET, key, None).await.unwrap().is_some(),
            "{target}"
        );
    }
}

/// S3 decodes the path and encodes it in its own way before it compares.
#[tokio::test]
async fn the_encoding_of_a_path_is_not_signed() {
    let stack = Stack::start().await;
    for target in [
        "/pictures/%7Ea%2bb",
        "/pictures/%7ea%2Bb",
        "/pictures/%7E%61%2bb",
    ] {
        let mut put = request("PUT", &local_s3::canonical_path(target), b"x");
        add_signature(&mut put, Signed::Header, support::ADMIN);
        *put.uri_mut() = target.parse().unwrap();
        let response = stack.send_as_is(put).await;
        assert_eq!(response.status, 200, "{target}: {}", response.text());
    }
    assert!(
        stack
            .changes
            .all()
            .iter()
            .all(|change| change.key == "~a+b")
    );
}

#[tokio::test]
async fn the_host_may_name_the_bucket() {
    let stack = Stack::start().await;
    for host in [
        "pictures.s3.eu-central-1.amazonaws.com",
        "pictures.s3.amazonaws.com",
        "pictures.localhost:4566",
    ] {
        let mut put = request("PUT", &format!("http://{host}/x%20y"), b"x");
        put.headers_mut().insert("host", host.parse().unwrap());
        let response = stack.send(put, Signed::Header).await;
        assert_eq!(response.status, 200, "{host}: {}", response.text());
        assert!(
            stack
                .store
                .read(BUCKET, "x y", None)
                .await
                .unwrap()
                .is_some(),
            "{host}"
        );
    }
}

#[tokio::test]
async fn requests_without_a_valid_signature_are_refused() {
    let stack = Stack::start().await;
    let unsigned = stack
        .send(request("GET", "/pictures/k", b""), Signed::Not)
        .await;
    assert_eq!(
        (unsigned.status.as_u16(), unsigned.element("Code")),
        (403, Some("AccessDenied"))
    );

    let expired = stack
        .send(
            request("GET", "/pictures/k", b""),
            Signed::Query(Duration::from_secs(61)),
        )
        .await;
    assert_eq!(
        (expired.status.as_u16(), expired.element("Code")),
        (403, Some("AccessDenied"))
    );
    assert_eq!(expired.element("Message"), Some("Request has expired"));

    for signed in [Signed::Header, NOW] {
        let mut wrong = request("GET", "/pictures/k", b"");
        add_signature(&mut wrong, signed, ("AKIAADMIN", "another secret"));
        let response = stack.send_as_is(wrong).await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (403, Some("SignatureDoesNotMatch"))
        );
        assert!(response.element("Message").is_some());

        let mut unknown = request("GET", "/pictures/k", b"");
        add_signature(&mut unknown, signed, ("AKIANOBODY", "secret"));
        let response = stack.send_as_is(unknown).await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (403, Some("InvalidAccessKeyId"))
        );

        let mut moved = request("GET", "/pictures/k", b"");
        add_signature(&mut moved, signed, BLIND);
        *moved.uri_mut() = moved
            .uri()
            .to_string()
            .replace("/k", "/other")
            .parse()
            .unwrap();
        let response = stack.send_as_is(moved).await;
        assert_eq!(response.element("Code"), Some("SignatureDoesNotMatch"));
    }
}

#[tokio::test]
async fn a_body_that_was_not_signed_is_not_stored() {
    let stack = Stack::start().await;
    let mut put = request("PUT", "/pictures/k", b"signed");
    add_signature(&mut put, Signed::Header, support::ADMIN);
    *put.body_mut() = Bytes::from_static(b"forged");
    let response = stack.send_as_is(put).await;
    assert_eq!(
        (response.status.as_u16(), response.element("Code")),
        (400, Some("XAmzContentSHA256Mismatch"))
    );
    assert!(stack.store.read(BUCKET, "k", None).await.unwrap().is_none());
    assert!(stack.changes.all().is_empty());
    assert_eq!(stack.folder.contents(), 0);
}

#[tokio::test]
async fn errors_have_the_shape_of_those_of_s3() {
    let stack = Stack::start().await;
    let response = stack
        .send(request("GET", "/pictures/a&b", b""), Signed::Header)
        .await;
    assert_eq!(response.status, 404);
    assert_eq!(response.header("content-type"), Some("application/xml"));
    assert_eq!(response.element("Code"), Some("NoSuchKey"));
    assert_eq!(response.element("Resource"), Some("/pictures/a&amp;b"));
    assert_eq!(
        response.element("RequestId"),
        response.header("x-amz-request-id")
    );
    assert_eq!(response.header("server"), Some("AmazonS3"));

    let head = stack
        .send(request("HEAD", "/pictures/absent", b""), Signed::Header)
        .await;
    assert_eq!((head.status.as_u16(), &*head.body), (404, &b""[..]));

    for (target, code) in [
        ("/pictures/100%", "InvalidURI"),
        ("/pictures/%zz", "InvalidURI"),
        ("/pictures/%FF", "InvalidURI"),
        ("/Pictures/k", "InvalidBucketName"),
        ("/ab/k", "InvalidBucketName"),
    ] {
        let response = stack
            .send(request("GET", target, b""), Signed::Header)
            .await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (400, Some(code)),
            "{target}"
        );
        assert!(
            response
                .element("Message")
                .is_some_and(|message| !message.is_empty()),
            "{target}"
        );
    }
}

/// As API Gateway's integrations do: without a socket, with a body in memory.
#[tokio::test]
async fn the_service_can_be_called_in_process() {
    let stack = Stack::start().await;
    let put = stack
        .send(request("PUT", "/pictures/k", b"hello"), Signed::Header)
        .await;
    assert_eq!(
        (put.status.as_u16(), put.header("etag")),
        (200, Some("\"5d41402abc4b2a76b9719d911017c592\""))
    );
    assert_eq!(stack.changes.all()[0].source_ip, None);

    let get = stack
        .send(request("GET", "/pictures/k", b""), Signed::Header)
        .await;
    assert_eq!((get.status.as_u16(), &*get.body), (200, &b"hello"[..]));
    assert_eq!(get.header("content-type"), Some("binary/octet-stream"));
    assert_eq!(get.header("content-length"), Some("5"));
    assert_eq!(get.header("accept-ranges"), Some("bytes"));

    let head = stack
        .send(request("HEAD", "/pictures/k", b""), Signed::Header)
        .await;
    assert_eq!(
        (head.header("content-length"), &*head.body),
        (Some("5"), &b""[..])
    );

    let mut unchanged: Request<Bytes> = request("GET", "/pictures/k", b"");
    unchanged.headers_mut().insert(
        "if-none-match",
        "\"5d41402abc4b2a76b9719d911017c592\"".parse().unwrap(),
    );
    let response = stack.send(unchanged, Signed::Header).await;
    assert_eq!((response.status.as_u16(), &*response.body), (304, &b""[..]));
    assert_eq!(response.header("content-type"), None);
}
