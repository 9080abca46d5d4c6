//! One photograph from upload to deletion. Only these tests run against a stack with users (`.ci/prove main-job`): they
//! read only their own keys, and no list.

use serde_json::{Value, json};
use system_tests::{Method, System, path, samples, shape};

#[test]
fn the_record_is_of_the_promised_shape() {
    let system = System::shared();
    let photo = samples::photo("coffee.png");
    let image = system.upload("coffee.png", photo.clone());
    let record = image.done();

    assert_eq!(
        shape(&record),
        json!({
            "key": "string",
            "uploadedAt": "string",
            "bytes": "number",
            "analysis": {
                "status": "string",
                "labels": [{
                    "name": "string",
                    "confidence": "number",
                    "parents": ["string"],
                    "instances": [{
                        "confidence": "number",
                        "box": {"left": "number", "top": "number", "width": "number", "height": "number"},
                    }],
                }],
            },
            "thumbnails": {
                "status": "string",
                "width": "number",
                "height": "number",
                "format": "string",
                "placeholder": "string",
                "items": [{
                    "size": "number",
                    "width": "number",
                    "height": "number",
                    "bytes": "number",
                    "contentType": "string",
                    "href": "string",
                }],
            },
        })
    );
    assert_eq!(record["key"], image.key());
    assert_eq!(record["bytes"], photo.len());
    assert_is_a_time(&record["uploadedAt"]);
    let thumbnails = &record["thumbnails"];
    assert_eq!([&thumbnails["width"], &thumbnails["height"]], [600, 400]);
    assert_eq!(thumbnails["format"], "png");
    let sizes: Vec<&Value> = thumbnails["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["size"])
        .collect();
    assert_eq!(sizes, [256, 1024]);
}

/// `2026-11-22T13:00:00.000Z`
fn assert_is_a_time(value: &Value) {
    let text = value.as_str().expect("a text");
    let digits = text.replace(|digit: char| digit.is_ascii_digit(), "0");
    assert_eq!(digits, "0000-00-00T00:00:00.000Z", "{text}");
}

#[test]
fn photographs_are_recognised() {
    let system = System::shared();
    let photos = [
        ("astronaut.png", &["Person"][..]),
        ("coffee.png", &["Cup", "Coffee"]),
        ("china.jpg", &["Building", "Architecture"]),
    ];
    let uploads = photos.map(|(name, wanted)| (system.upload(name, samples::photo(name)), wanted));
    for (image, wanted) in uploads {
        let labels = image.labels();
        let found = labels.iter().any(|label| wanted.contains(&label.as_str()));
        assert!(found, "none of {wanted:?} in {labels:?} of {}", image.key());
    }
}

#[test]
fn thumbnails_are_what_the_record_says() {
    let system = System::shared();
    let image = system.upload("china.jpg", samples::photo("china.jpg"));
    let record = image.done();
    for (item, dimensions) in record["thumbnails"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .zip([(256, 171), (640, 427)])
    {
        let href = item["href"].as_str().unwrap();
        assert_eq!(
            href,
            format!("thumbnails/{}/{}", item["size"], path(image.key()))
        );
        let url = format!("/{href}");
        let got = system.get(&url).expect(200);

        assert_eq!(item["contentType"], "image/jpeg");
        assert_eq!(got.header("content-type"), "image/jpeg");
        assert_eq!(item["bytes"], got.body.len());
        let pixels = image::load_from_memory(&got.body).unwrap();
        assert_eq!((pixels.width(), pixels.height()), dimensions);
        assert_eq!(
            [&item["width"], &item["height"]],
            [dimensions.0, dimensions.1]
        );
        assert_eq!(got.header("cache-control"), "private, no-cache");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_asked_again(&system, &url);
    }
}

#[test]
fn originals_are_the_very_bytes() {
    let system = System::shared();
    let photo = samples::photo("coffee.png");
    let image = system.upload("coffee.png", photo.clone());
    let got = image.original().expect(200);

    assert!(
        got.body == photo,
        "{} bytes instead of {}",
        got.body.len(),
        photo.len()
    );
    assert_eq!(got.header("content-disposition"), "attachment");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("cache-control"), "private, no-cache");
    assert_asked_again(&system, &image.path("originals"));
}

/// GET, HEAD and `If-None-Match` agree.
fn assert_asked_again(system: &System, url: &str) {
    let got = system.get(url).expect(200);
    let tag = got.header("etag");
    assert!(tag.starts_with('"') && tag.len() > 2, "ETag {tag}");

    let head = system.request(Method::HEAD, url).send().expect(200);
    assert!(head.body.is_empty());
    for name in [
        "etag",
        "content-type",
        "cache-control",
        "x-content-type-options",
        "content-disposition",
    ] {
        assert_eq!(head.header(name), got.header(name), "{name} of HEAD {url}");
    }
    for method in [Method::GET, Method::HEAD] {
        let asked = |tag: &str| {
            system
                .request(method.clone(), url)
                .header("if-none-match", tag)
                .send()
        };
        let unchanged = asked(tag).expect(304);
        assert!(unchanged.body.is_empty());
        assert_eq!(unchanged.header("etag"), tag);
        assert_eq!(unchanged.header("cache-control"), "private, no-cache");
        let _ = asked("\"another\"").expect(200);
    }
}

#[test]
fn bytes_stay_the_same_for_any_accept_and_content_type() {
    let system = System::shared();
    let folder = system.folder();
    let photo = samples::coffee();
    let types = [
        "",
        "image/jpeg",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
    ];
    for (number, content_type) in types.into_iter().enumerate() {
        let image = folder.upload(&format!("{number}.jpg"), "soon replaced");
        let request = system
            .request(Method::PUT, image.path("images"))
            .body(photo.clone());
        let request = if content_type.is_empty() {
            request
        } else {
            request.header("content-type", content_type)
        };
        let _ = request.send().expect(201);
        for accept in [
            "*/*",
            "image/avif,image/webp,*/*;q=0.8",
            "text/html",
            "application/json",
        ] {
            let got = system
                .request(Method::GET, image.path("originals"))
                .header("accept", accept)
                .send();
            assert!(
                got.expect(200).body == photo,
                "sent as {content_type:?}, accepted as {accept:?}"
            );
        }
    }
}

#[test]
fn deleting_an_image_deletes_everything_of_it() {
    let system = System::shared();
    let image = system.upload("coffee.jpg", samples::coffee());
    assert!(!image.labels().is_empty());

    let deleted = image.delete().expect(204);
    assert!(deleted.body.is_empty());
    image.vanishes();

    let _ = image.delete().expect(204);
    let _ = system
        .delete("/images/system-tests/there-never-was-such-an-image.jpg")
        .expect(204);
}
