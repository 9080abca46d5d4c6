//! Access under each value of `ApiAuthorization`, and the effect of the other parameters.

use local_stack::access::Credentials;
use serde_json::{Value, json};
use system_tests::{Access, Method, System, samples};

/// Every method of every route.
const ROUTES: [(Method, &str); 14] = [
    (Method::GET, "/images"),
    (Method::GET, "/images/x"),
    (Method::PUT, "/images/x"),
    (Method::DELETE, "/images/x"),
    (Method::POST, "/uploads/x"),
    (Method::PUT, "/uploads/x?uploadId=x&part=1"),
    (Method::GET, "/uploads/x?uploadId=x"),
    (Method::PATCH, "/uploads/x?uploadId=x"),
    (Method::DELETE, "/uploads/x?uploadId=x"),
    (Method::GET, "/labels/Person"),
    (Method::GET, "/thumbnails/256/x"),
    (Method::HEAD, "/thumbnails/256/x"),
    (Method::GET, "/originals/x"),
    (Method::HEAD, "/originals/x"),
];

#[test]
fn with_aws_iam_requests_are_signed() {
    let Some(system) = System::with(&[("ApiAuthorization", "AWS_IAM")]) else {
        return;
    };
    let Access::Signed {
        credentials,
        region,
        service,
    } = system.access()
    else {
        panic!("the API does not require signatures");
    };
    let signed = |credentials: &Credentials, region: &str, service: &str| Access::Signed {
        credentials: credentials.clone(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let guessed = Credentials {
        secret_key: "guessed".to_owned(),
        ..credentials.clone()
    };
    let elsewhere = signed(credentials, "eu-north-1", service);
    only_lets_in(
        &system,
        &[
            ("nothing", Access::Open),
            ("a key", Access::Key("a key".to_owned())),
            (
                "a stranger",
                signed(&Credentials::random_user(), region, service),
            ),
            ("a guessed secret", signed(&guessed, region, service)),
            ("a signature for another region", elsewhere),
            ("a signature for S3", signed(credentials, region, "s3")),
        ],
    );
    for nonsense in [
        "Bearer x",
        "Basic dTpw",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=x",
    ] {
        let request = system.request(Method::GET, "/images").access(Access::Open);
        let request = request.header("authorization", nonsense);
        request.send().refused(403);
    }
    let long = format!("/images/{}", "%C3%A9".repeat(300));
    system.get(long).refused(414);
    an_image_passes(&system);
}

#[test]
fn with_api_key_requests_carry_it() {
    let Some(system) = System::with(&[("ApiAuthorization", "API_KEY")]) else {
        return;
    };
    let Access::Key(key) = system.access() else {
        panic!("the API does not require a key");
    };
    assert!(system.output("ApiKeyId").is_some());
    only_lets_in(
        &system,
        &[
            ("nothing", Access::Open),
            ("a wrong key", Access::Key("wrong".to_owned())),
            ("more than the key", Access::Key(format!("{key}x"))),
        ],
    );
    an_image_passes(&system);
}

fn only_lets_in(system: &System, wrong: &[(&str, Access)]) {
    for (method, path) in ROUTES {
        for (who, access) in wrong {
            let request = system.request(method.clone(), path).body("x");
            let response = request.access(access.clone()).send();
            assert_eq!(response.status, 403, "{method} {path} with {who}");
            if method != Method::HEAD {
                response.refused(403);
            }
        }
        let preflight = system.request(Method::OPTIONS, path).access(Access::Open);
        let preflight = preflight.send().expect(204);
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
    }
}

/// Keys and queries whose encoding in a signature matters.
fn an_image_passes(system: &System) {
    for name in ["coffee.jpg", "å b&c/100%.jpg"] {
        let image = system.upload(name, samples::coffee());
        let _ = image.done();
        let _ = image.thumbnail(256).expect(200);
        assert!(
            system
                .list("/images", 1)
                .iter()
                .any(|summary| summary["key"] == image.key())
        );
        let _ = image.delete().expect(204);
        image.vanishes();
    }
}

#[test]
fn parameters_take_effect() {
    let parameters = [
        ("StageName", "pictures"),
        ("ThumbnailSizes", "64,32,200"),
        ("MaxLabels", "2"),
        ("MinConfidence", "10"),
        ("RawBucketName", "chosen-for-originals"),
        ("ThumbnailBucketName", "chosen-for-thumbnails"),
    ];
    let Some(system) = System::with(&parameters) else {
        return;
    };
    assert!(system.base().ends_with("/pictures"), "{}", system.base());
    assert_eq!(system.output("RawBucketName"), Some("chosen-for-originals"));
    assert_eq!(
        system.output("ThumbnailBucketName"),
        Some("chosen-for-thumbnails")
    );

    let image = system.upload("astronaut.png", samples::photo("astronaut.png"));
    let record = image.done();
    let items = record["thumbnails"]["items"].as_array().unwrap();
    let mut sizes: Vec<&Value> = items.iter().map(|item| &item["size"]).collect();
    sizes.sort_by_key(|size| size.as_u64());
    assert_eq!(sizes, [32, 64, 200]);
    assert_eq!(image.pixels(32).dimensions(), (32, 32));
    image.thumbnail(256).refused(404);
    assert_eq!(
        record["analysis"]["labels"].as_array().map(Vec::len),
        Some(2),
        "{record:#}"
    );
}

#[test]
fn labels_below_the_minimum_confidence_are_left_out() {
    let Some(system) = System::with(&[("MinConfidence", "100")]) else {
        return;
    };
    let image = system.upload("plain.png", samples::photo("coffee.png"));
    let record = image.done();
    let below = |label: &Value| label["confidence"].as_f64() < Some(100.0);
    assert!(
        !record["analysis"]["labels"]
            .as_array()
            .unwrap()
            .iter()
            .any(below),
        "{record:#}"
    );
    assert_ne!(record["analysis"], json!(null));
}
