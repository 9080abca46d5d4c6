//! Error responses, and access for pages of other origins.

use system_tests::{Method, System, samples};

const ROUTES: [(&str, &str); 6] = [
    ("/images", "GET,OPTIONS"),
    ("/images/a/b.jpg", "GET,PUT,DELETE,OPTIONS"),
    ("/uploads/a/b.jpg", "GET,POST,PUT,PATCH,DELETE,OPTIONS"),
    ("/labels/Person", "GET,OPTIONS"),
    ("/thumbnails/256/a/b.jpg", "GET,HEAD,OPTIONS"),
    ("/originals/a/b.jpg", "GET,HEAD,OPTIONS"),
];

#[test]
fn what_is_not_there_is_not_found() {
    let system = System::shared();
    for path in [
        "/images/no-such",
        "/images/a/b/c",
        "/thumbnails/256/no-such",
        "/thumbnails/x/y",
        "/originals/no-such",
    ] {
        system.get(path).refused(404);
    }
}

#[test]
fn unknown_routes_and_methods_are_missing_a_token() {
    let system = System::shared();
    let unknown = [
        (Method::POST, "/"),
        (Method::GET, "/nothing"),
        (Method::GET, "/Images"),
        (Method::GET, "/labels"),
        (Method::GET, "/labels/a/b"),
        (Method::GET, "/thumbnails/256"),
        (Method::GET, "/originals"),
        (Method::POST, "/images"),
        (Method::PUT, "/images"),
        (Method::DELETE, "/images"),
        (Method::HEAD, "/images"),
        (Method::POST, "/images/x"),
        (Method::PATCH, "/images/x"),
        (Method::PUT, "/thumbnails/256/x"),
        (Method::DELETE, "/originals/x"),
        (Method::POST, "/labels/Person"),
        (Method::OPTIONS, "/nothing"),
    ];
    for (method, path) in unknown {
        let response = system.request(method.clone(), path).send();
        if method == Method::HEAD {
            assert_eq!(response.status, 403);
        } else {
            assert_eq!(
                response.refused(403),
                "Missing Authentication Token",
                "{method} {path}"
            );
        }
    }
}

#[test]
fn ten_megabytes_are_accepted_and_not_one_byte_more() {
    let system = System::shared();
    let limit = 10 * 1024 * 1024;
    let image = system.upload("large.bin", vec![b'x'; limit]);
    assert_eq!(image.original().expect(200).body.len(), limit);
    let request = system.request(Method::PUT, image.path("images"));
    // A server need not read a body that it refuses, so this is the connection's last request. Only the status is
    // guaranteed: a template can't set the body or headers of API Gateway's own 413.
    let request = request.header("connection", "close");
    let _ = request.body(vec![b'y'; limit + 1]).send().expect(413);
    assert_eq!(image.original().expect(200).body[0], b'x');
}

#[test]
fn pages_of_other_origins_may_send_requests_and_read_responses() {
    let system = System::shared();
    for (path, methods) in ROUTES {
        let response = system
            .request(Method::OPTIONS, path)
            .access(system_tests::Access::Open)
            .header("origin", "https://example.com")
            .header("access-control-request-method", "GET")
            .send()
            .expect(204);
        assert!(response.body.is_empty());
        assert_ne!(response.header("access-control-allow-origin"), "");
        assert_eq!(
            response.header("access-control-allow-methods"),
            methods,
            "{path}"
        );
        let allowed = response
            .header("access-control-allow-headers")
            .to_lowercase();
        for header in [
            "authorization",
            "content-type",
            "if-none-match",
            "if-range",
            "range",
            "x-amz-date",
            "x-amz-security-token",
            "x-api-key",
        ] {
            assert!(
                allowed.split(',').any(|name| name == header),
                "{header} is not in {allowed}"
            );
        }
    }
    let image = system.upload("coffee.jpg", samples::coffee());
    let _ = image.done();
    let seen = [
        system
            .put(image.path("images"), samples::coffee())
            .expect(201),
        system.get("/images").expect(200),
        system.get("/labels/Person").expect(200),
        image.record().expect(200),
        image.thumbnail(256).expect(200),
        image.original().expect(200),
        image.delete().expect(204),
    ];
    for response in seen {
        assert_ne!(
            response.header("access-control-allow-origin"),
            "",
            "{response:?}"
        );
    }
}
