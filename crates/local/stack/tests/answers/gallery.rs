//! The gallery page.

use http::Method;

use crate::gateway::{AUTHORIZATIONS, Gateway, Service, asked};
use crate::shipped::resolved;

const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[tokio::test]
async fn anyone_gets_the_page_and_nothing_else() {
    let page = "<!DOCTYPE html>\u{e9}";
    let stored = [
        ("content-type", "binary/octet-stream"),
        ("etag", "\"e\""),
        ("x-custom-meta", "secret"),
    ];
    for authorization in AUTHORIZATIONS {
        for path in ["", "/"] {
            let gateway = Gateway::shared(authorization);
            let service = Service::answers(200, &stored, page);
            let headers = [("range", "bytes=0-1"), ("x-amz-acl", "public-read")];
            let request = format!("GET {path}?list-type=2&versionId=1");
            let reply = gateway
                .send(asked(&request, &headers, "body"), &service)
                .await;
            reply.is(
                200,
                &[
                    ("content-type", "text/html; charset=utf-8"),
                    ("etag", "\"e\""),
                    ("cache-control", "no-cache"),
                    ("content-security-policy", POLICY),
                    ("referrer-policy", "no-referrer"),
                    ("x-content-type-options", "nosniff"),
                ],
                page,
            );
            let (role, target) = service.asked();
            assert_eq!(role, gateway.role("ApiGalleryRole"));
            assert_eq!(target.method, Method::GET);
            // Never the bucket itself, which would be listed.
            assert_eq!(
                target.path,
                "/contact-sheet-artifacts-111122223333-eu-central-1/gallery-none"
            );
            assert_eq!((target.query.as_str(), target.body.len()), ("", 0));
            assert!(target.headers.is_empty(), "{:?}", target.headers);
        }
    }
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let service = Service::answers(304, &[("etag", "\"e\"")], "");
    let request = asked("GET /", &[("if-none-match", "\"e\"")], "");
    let reply = Gateway::open().send(request, &service).await;
    reply.is(304, &[("etag", "\"e\""), ("cache-control", "no-cache")], "");
    let (_, target) = service.asked();
    assert_eq!(target.headers["if-none-match"], "\"e\"");
}

#[tokio::test]
async fn a_page_that_is_not_there_is_not_found() {
    for (error, status, message) in [
        // The role may not list the bucket.
        ((403, "AccessDenied"), 404, "this stack has no gallery page"),
        ((404, "NoSuchKey"), 404, "this stack has no gallery page"),
        (
            (404, "NoSuchBucket"),
            502,
            "the storage behind the API failed",
        ),
        (
            (503, "SlowDown"),
            503,
            "too many requests for the storage behind the API; try again",
        ),
    ] {
        let service = Service::s3_error(error.0, error.1, &Method::GET);
        let reply = Gateway::open().ask("GET /", &service).await;
        reply.refuses(&Method::GET, status, message);
    }
}

#[test]
fn the_stage_names_bucket_and_page() {
    for (parameters, bucket, page) in [
        (
            vec![],
            "contact-sheet-artifacts-111122223333-eu-central-1",
            "gallery-none",
        ),
        (
            vec![
                ("ArtifactsBucketName", "zips"),
                ("GalleryVersionFile", "gallery-7.html"),
            ],
            "zips",
            "gallery-7.html",
        ),
    ] {
        let (_, resources) = resolved(&parameters);
        let variables = &resources.stages[0].properties.variables;
        assert_eq!(variables["artifactsBucket"], bucket);
        assert_eq!(variables["galleryPage"], page);
    }
}
