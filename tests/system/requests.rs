//! No request reaches anything that its route does not name.

use serde_json::json;
use system_tests::{Method, System, samples};

#[test]
fn no_body_becomes_a_request_to_the_tables() {
    let system = System::shared();
    let scan = r#"{"TableName": "ImageTable", "Select": "COUNT"}"#;
    for route in ["/images", "/images/x", "/labels/Person"] {
        for content_type in [
            "application/x-amz-json-1.0",
            "text/plain",
            "image/jpeg",
            "*/*",
        ] {
            let request = system
                .request(Method::GET, route)
                .header("content-type", content_type)
                .body(scan);
            let refusal = request.send().refused(415);
            assert!(refusal.contains("application/json, or none"), "{refusal}");
        }
        let as_json = system
            .request(Method::GET, route)
            .header("content-type", "application/json")
            .body(scan)
            .send();
        let plain = system.get(route);
        assert_eq!(as_json.status, plain.status, "{route}");
        assert!(!as_json.json().to_string().contains("Count"), "{route}");
    }
}

#[test]
fn queries_and_headers_select_no_other_operation_of_s3() {
    let system = System::shared();
    let folder = system.folder();
    let precious = folder.upload("precious.jpg", samples::coffee());
    let target = folder.upload("target.jpg", "first");
    for query in [
        "acl",
        "tagging",
        "uploads",
        "uploadId=x&partNumber=1",
        "versionId=null",
    ] {
        let response = system
            .put(format!("{}?{query}", target.path("images")), query)
            .expect(201);
        assert_eq!(response.json(), json!({"key": target.key()}));
        assert_eq!(target.original().expect(200).body, query);
    }
    let request = system
        .request(Method::PUT, target.path("images"))
        .body("mine");
    let copied = request.header("x-amz-copy-source", &format!("/raw/{}", precious.key()));
    let _ = copied.header("x-amz-acl", "public-read").send().expect(201);
    assert_eq!(target.original().expect(200).body, "mine");
    let _ = system
        .get(format!("{}?acl", precious.path("originals")))
        .expect(200);
}

#[test]
fn dots_in_a_path_lead_to_no_other_route() {
    let system = System::shared();
    let image = system.upload("x.jpg", samples::coffee());
    let _ = image.done();
    let key = image.path("").trim_start_matches('/').to_owned();
    for route in [
        "thumbnails/..",
        "thumbnails/%2E%2E",
        "thumbnails/256/../256",
        "thumbnails/256%2F..%2F256",
        "thumbnails/.",
        "thumbnails/0256",
        "thumbnails/257",
        "thumbnails/256%20",
        "originals/..",
        "originals/../originals",
        "originals/%2E%2E/originals",
        "images/../originals",
    ] {
        let response = system.get(format!("/{route}/{key}"));
        assert!(
            matches!(response.status, 400 | 403 | 404),
            "{route}: {}",
            response.status
        );
        response.refused(response.status);
    }
}

#[test]
fn headers_without_meaning_are_ignored() {
    let system = System::shared();
    let image = system.upload("headers.png", samples::photo("coffee.png"));
    for (name, value) in [
        ("range", "a"),
        ("range", "bytes=9-1"),
        ("if-none-match", "."),
    ] {
        let request = system.request(Method::GET, image.path("originals"));
        let whole = request.header(name, value).send().expect(200);
        assert_eq!(whole.body, *image.bytes(), "{name}: {value}");
    }
}

#[test]
fn a_header_that_is_not_ascii_is_not_the_storages_fault() {
    let system = System::shared();
    let image = system.upload("x.jpg", "not an image");
    for name in [
        "if-none-match",
        "range",
        "if-range",
        "content-type",
        "accept",
        "x-http-method-override",
        "x-other",
    ] {
        for (method, path) in [
            (Method::GET, image.path("originals")),
            (Method::HEAD, image.path("originals")),
            (Method::GET, "/images?limit=1".to_owned()),
            (Method::GET, "/".to_owned()),
            (Method::PUT, image.path("images")),
        ] {
            let request = system.request(method.clone(), &path).header(name, "\"é\"");
            let response = request.send();
            assert!(
                response.status < 500,
                "{name}: {method} {path}: {response:?}"
            );
        }
    }
}
