//! Writing to the raw bucket.

use http::Method;
use serde_json::json;

use crate::gateway::{Gateway, Service, asked};

pub const MALFORMED: &str = "the key must be at most 1,000 bytes of percent-encoded UTF-8";
pub const UNUSABLE_KEY: &str =
    "this API cannot use the key, as when it has a + in it; use another key, or S3 directly";
pub const BROKEN: &str = "the storage behind the API failed";
pub const THROTTLED: &str = "too many requests for the storage behind the API; try again";

#[tokio::test]
async fn an_object_is_put_or_deleted_by_its_key_and_nothing_else() {
    let gateway = Gateway::open();
    let hostile = [
        ("content-type", "image/png"),
        ("x-amz-copy-source", "/raw/other"),
        ("x-amz-acl", "public-read"),
        ("if-none-match", "*"),
    ];
    for method in ["PUT", "DELETE"] {
        let request = format!("{method} /images/pets/a%20b%2Bc+%C3%A5.jpg?acl&uploadId=1");
        let service = Service::answers(200, &[], "");
        let _ = gateway
            .send(asked(&request, &hostile, vec![0xff, 0]), &service)
            .await;
        let (role, target) = service.asked();
        assert_eq!(role, gateway.role("ApiUploadRole"));
        assert_eq!(target.method, method);
        assert_eq!(target.path, "/raw/pets/a%20b%2Bc+%C3%A5.jpg");
        assert_eq!(
            (target.query.as_str(), &target.body[..]),
            ("", &[0xff, 0][..])
        );
        let sent: Vec<_> = target.headers.iter().collect();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(target.headers["content-type"], "image/png");
    }
}

#[tokio::test]
async fn an_upload_is_acknowledged_with_its_key_and_tag() {
    let longest = format!("%C3%a9{}", "k".repeat(1022));
    let decoded = format!("é{}", "k".repeat(1022));
    for (key, decoded) in [
        ("a.jpg", "a.jpg"),
        (
            "it%27s%20%22q%22/%5Cn%09%7B%7D+%E2%82%AC",
            "it's \"q\"/\\n\t{}+€",
        ),
        (&longest, &decoded),
    ] {
        let service = Service::answers(200, &[("etag", "\"e\"")], "");
        let request = format!("PUT /images/{key}");
        let reply = Gateway::open().ask(&request, &service).await;
        reply.is_json(201, &[("etag", "\"e\"")], &json!({"key": decoded}));
    }
}

#[tokio::test]
async fn a_deletion_is_acknowledged() {
    let service = Service::answers(204, &[("x-amz-version-id", "1")], "");
    let reply = Gateway::open().ask("DELETE /images/a.jpg", &service).await;
    reply.is(204, &[], "");
}

#[tokio::test]
async fn errors_of_s3_are_told_apart() {
    for method in [Method::PUT, Method::DELETE] {
        for (status, code, told, message) in [
            (400, "KeyTooLongError", 400, MALFORMED),
            (400, "InvalidURI", 400, MALFORMED),
            (400, "BadDigest", 502, BROKEN),
            (403, "SignatureDoesNotMatch", 400, UNUSABLE_KEY),
            (503, "SlowDown", 503, THROTTLED),
            (503, "ServiceUnavailable", 503, THROTTLED),
            (301, "PermanentRedirect", 502, BROKEN),
            (403, "AccessDenied", 502, BROKEN),
            (404, "NoSuchBucket", 502, BROKEN),
            (500, "InternalError", 502, BROKEN),
        ] {
            let service = Service::s3_error(status, code, &method);
            let request = format!("{method} /images/a.jpg");
            let reply = Gateway::open().ask(&request, &service).await;
            reply.refuses(&method, told, message);
        }
    }
}
