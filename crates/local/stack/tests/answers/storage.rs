//! Reading from the buckets: thumbnails and originals.

use http::Method;

use crate::gateway::{Gateway, Service, asked};

/// A route that reads an object.
struct Route {
    method: Method,
    path: &'static str,
    /// Bucket, and what stands before the key.
    object: &'static str,
    role: &'static str,
    /// The message for an object that does not exist.
    missing: &'static str,
    /// Headers of every object.
    headers: &'static [(&'static str, &'static str)],
}

const PRIVATE: (&str, &str) = ("cache-control", "private, no-cache");
const NO_SNIFF: (&str, &str) = ("x-content-type-options", "nosniff");

fn routes() -> impl Iterator<Item = Route> {
    [Method::GET, Method::HEAD].into_iter().flat_map(|method| {
        let thumbnails = Route {
            method: method.clone(),
            path: "/thumbnails/256/",
            object: "/small/256/",
            role: "ApiThumbnailsRole",
            missing: "no such thumbnail",
            headers: &[PRIVATE, NO_SNIFF],
        };
        let originals = Route {
            method,
            path: "/originals/",
            object: "/raw/",
            role: "ApiOriginalsRole",
            missing: "no such image",
            headers: &[PRIVATE, NO_SNIFF, ("content-disposition", "attachment")],
        };
        [thumbnails, originals]
    })
}

impl Route {
    fn request(&self, key: &str) -> String {
        format!("{} {}{key}", self.method, self.path)
    }

    /// What the client gets when S3 returns an error.
    async fn refuses(&self, key: &str, error: (u16, &str), status: u16, message: &str) {
        let service = Service::s3_error(error.0, error.1, &self.method);
        let reply = Gateway::open().ask(&self.request(key), &service).await;
        reply.refuses(&self.method, status, message);
    }
}

#[tokio::test]
async fn an_object_is_asked_for_by_its_key_and_nothing_else() {
    let gateway = Gateway::open();
    let key = "pets/a%20b%2Bc+%C3%A5.jpg";
    let hostile = [
        ("x-amz-copy-source", "/raw/other"),
        ("x-amz-acl", "public-read"),
        ("content-type", "text/html"),
    ];
    for route in routes() {
        let conditions = [
            ("if-none-match", "\"e\""),
            ("if-range", "\"e\""),
            ("range", "bytes=0-1"),
        ];
        for passed in [&[][..], &conditions[..1], &conditions] {
            let mut headers = hostile.to_vec();
            headers.extend(passed);
            let service = Service::answers(200, &[], "");
            let request = format!("{}?acl&versionId=1", route.request(key));
            let _ = gateway
                .send(asked(&request, &headers, "body"), &service)
                .await;
            let (role, target) = service.asked();
            assert_eq!(role, gateway.role(route.role));
            assert_eq!(target.method, route.method);
            assert_eq!(target.path, format!("{}{key}", route.object));
            assert_eq!((target.query.as_str(), target.body.len()), ("", 0));
            let sent = target.headers.iter();
            let sent = sent.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            let mut sent: Vec<_> = sent.collect();
            sent.sort_unstable();
            assert_eq!(sent, passed);
        }
    }
}

#[tokio::test]
async fn an_object_comes_as_it_is() {
    let bytes = [0xff, 0xd8, 0x00, b'"', 0xe2, 0x28];
    let stored = [
        ("content-type", "image/jpeg"),
        ("etag", "\"e\""),
        ("cache-control", "public, max-age=9"),
        ("content-disposition", "inline"),
        ("x-custom-meta", "secret"),
        ("last-modified", "Sun, 22 Nov 2026 13:00:00 GMT"),
        ("content-range", "bytes 0-5/9"),
    ];
    for route in routes() {
        let body = if route.method == Method::HEAD {
            &[][..]
        } else {
            &bytes
        };
        let service = Service::answers(200, &stored, body.to_vec());
        let gateway = Gateway::open();
        let reply = gateway.ask(&route.request("a.jpg"), &service).await;
        let mut headers = route.headers.to_vec();
        headers.extend([("content-type", "image/jpeg"), ("etag", "\"e\"")]);
        reply.is(200, &headers, body);

        let service = Service::answers(206, &stored, body.to_vec());
        let reply = gateway.ask(&route.request("a.jpg"), &service).await;
        headers.push(("content-range", "bytes 0-5/9"));
        reply.is(206, &headers, body);

        let beyond = [("content-range", "bytes */9")];
        let (error, message) = match route.method {
            Method::HEAD => ("", ""),
            _ => (
                "<Error/>",
                r#"{"message": "the range is beyond the object"}"#,
            ),
        };
        let service = Service::answers(416, &beyond, error);
        let reply = gateway.ask(&route.request("a.jpg"), &service).await;
        reply.is(416, &beyond, message);

        let service = Service::answers(304, &[("etag", "\"e\"")], "");
        let reply = gateway.ask(&route.request("a.jpg"), &service).await;
        reply.is(304, &[("etag", "\"e\""), PRIVATE], "");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for route in routes() {
        route
            .refuses("a.jpg", (404, "NoSuchKey"), 404, route.missing)
            .await;
    }
}

#[tokio::test]
async fn a_key_that_no_image_can_have_is_not_found() {
    let longest = format!("%C3%a9{}", "k".repeat(1018));
    let too_long = "k".repeat(1025);
    for route in routes() {
        let missing = route.missing;
        route
            .refuses(&too_long, (400, "KeyTooLongError"), 404, missing)
            .await;
        route
            .refuses("%ff", (400, "InvalidURI"), 404, missing)
            .await;
        route
            .refuses(&longest, (400, "AuthorizationHeaderMalformed"), 502, BROKEN)
            .await;
        route
            .refuses("%C3%A9", (400, "InvalidRequest"), 502, BROKEN)
            .await;
    }
}

const BROKEN: &str = "the storage behind the API failed";

#[tokio::test]
async fn a_size_and_a_key_of_over_1024_bytes_together_are_not_found() {
    for route in routes().filter(|route| route.path.starts_with("/thumbnails")) {
        // With the size and its slash in front: 256/.
        let key = "k".repeat(1021);
        route
            .refuses(&key, (400, "KeyTooLongError"), 404, route.missing)
            .await;
        route
            .refuses(&key[..1020], (400, "InvalidRequest"), 502, BROKEN)
            .await;
    }
}

#[tokio::test]
async fn what_s3_cannot_do_is_not_the_clients_fault() {
    let throttled = "too many requests for the storage behind the API; try again";
    for route in routes() {
        route
            .refuses("a.jpg", (503, "SlowDown"), 503, throttled)
            .await;
        for error in [
            (301, "PermanentRedirect"),
            (403, "AccessDenied"),
            (405, "MethodNotAllowed"),
            (412, "PreconditionFailed"),
            (500, "InternalError"),
        ] {
            route.refuses("a.jpg", error, 502, BROKEN).await;
        }
    }
}

#[tokio::test]
async fn a_key_that_s3_reads_otherwise_is_the_clients_to_change() {
    for route in routes() {
        let refused = (403, "SignatureDoesNotMatch");
        for key in ["a+b", "a%2Bb", "a%2bb"] {
            route
                .refuses(key, refused, 400, crate::uploads::UNUSABLE_KEY)
                .await;
        }
    }
}
