//! Files over 10 MB: uploads in parts, and reads by range.

use serde_json::{Value, json};
use system_tests::{Method, Response, System, eventually, path, samples};

/// The minimum size of every part but the last.
const MIN_PART: usize = 5 << 20;

/// An upload in parts.
struct Upload<'a> {
    system: &'a System,
    key: String,
    id: String,
}

impl<'a> Upload<'a> {
    fn begin(system: &'a System, key: &str, content_type: &str) -> Self {
        let begun = system
            .request(Method::POST, format!("/uploads/{}", path(key)))
            .header("content-type", content_type)
            .send()
            .expect(201)
            .json();
        assert_eq!(begun["key"], key);
        assert_eq!(begun.as_object().map(serde_json::Map::len), Some(2));
        let id = begun["uploadId"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "{begun}");
        Self {
            system,
            key: key.to_owned(),
            id: path(id),
        }
    }

    fn request(&self, method: Method, query: &str, body: &[u8]) -> Response {
        let path = format!("/uploads/{}?uploadId={}{query}", path(&self.key), self.id);
        self.system.request(method, path).body(body.to_vec()).send()
    }

    /// Sends a part, and returns its entry for the completion.
    fn part(&self, number: usize, bytes: &[u8]) -> Value {
        let stored = self
            .request(Method::PUT, &format!("&part={number}"), bytes)
            .expect(200);
        assert_eq!(stored.json(), json!({ "part": number }));
        json!({"part": number, "etag": stored.header("etag")})
    }

    fn parts(&self) -> Value {
        let listed = self.request(Method::GET, "", b"").expect(200).json();
        assert_eq!(listed["key"], self.key);
        assert_eq!(path(listed["uploadId"].as_str().expect("an id")), self.id);
        listed["parts"].clone()
    }

    fn complete(&self, parts: &Value) -> Response {
        let body = json!({ "parts": parts }).to_string();
        self.request(Method::PATCH, "", body.as_bytes())
    }

    fn abort(&self) -> Response {
        self.request(Method::DELETE, "", b"")
    }
}

/// A BMP followed by this many bytes: an image of any size.
fn image_of(length: usize) -> Vec<u8> {
    let mut bytes = samples::coffee();
    assert!(bytes.len() < length);
    bytes.resize(length, b'x');
    bytes
}

#[test]
fn thirty_megabytes_arrive_in_parts() {
    let system = System::shared();
    let key = system.prefix().key("large å.jpg");
    let whole = image_of(30_000_000);
    let upload = Upload::begin(&system, &key, "image/jpeg");
    assert_eq!(upload.parts(), json!([]));

    let chunks: Vec<&[u8]> = whole.chunks(10 << 20).collect();
    assert_eq!(chunks.len(), 3);
    let third = upload.part(3, chunks[2]);
    let first = upload.part(1, chunks[0]);
    // Parts that were stored before the connection broke need not be sent again.
    let stored = upload.parts();
    assert_eq!(stored.as_array().map(Vec::len), Some(2), "{stored}");
    for (listed, (number, length)) in stored
        .as_array()
        .unwrap()
        .iter()
        .zip([(1, chunks[0].len()), (3, chunks[2].len())])
    {
        assert_eq!(listed["part"], number);
        assert_eq!(listed["bytes"], length);
    }
    let second = upload.part(2, chunks[1]);
    assert_eq!(system.get(format!("/originals/{}", path(&key))).status, 404);

    // Both the parts in the list and those that PUT returned complete the upload.
    let listed = upload.parts();
    let completed = upload.complete(&listed).expect(200).json();
    assert_eq!(completed, json!({ "key": key }));
    let again = json!([first, second, third]);
    assert_eq!(upload.complete(&again).expect(200).json(), completed);
    upload.request(Method::GET, "", b"").refused(404);

    let original = format!("/originals/{}", path(&key));
    let mut read = Vec::new();
    while read.len() < whole.len() {
        let end = (read.len() + (8 << 20)).min(whole.len()) - 1;
        let range = format!("bytes={}-{end}", read.len());
        let part = system
            .request(Method::GET, &original)
            .header("range", &range)
            .send()
            .expect(206);
        let expected = format!("bytes {}-{end}/{}", read.len(), whole.len());
        assert_eq!(part.header("content-range"), expected);
        assert_eq!(part.header("content-type"), "image/jpeg");
        read.extend_from_slice(&part.body);
    }
    assert_eq!(read, whole);
    let message = system.get(&original).refused(502);
    assert!(message.contains("Range"), "{message}");

    let record = eventually("the record of the upload", || {
        let record = system.get(format!("/images/{}", path(&key)));
        let record = (record.status == 200).then(|| record.json())?;
        (record["thumbnails"]["status"] != "pending").then_some(record)
    });
    assert_eq!(record["bytes"], whole.len());
    assert_eq!(record["thumbnails"]["status"], "done", "{record:#}");
    let _ = system.delete(format!("/images/{}", path(&key))).expect(204);
}

#[test]
fn parts_that_are_wrong_are_refused_and_can_be_put_right() {
    let system = System::shared();
    let key = system.prefix().key("wrong.jpg");
    let whole = image_of(MIN_PART + 1000);
    let (head, tail) = whole.split_at(MIN_PART);
    let upload = Upload::begin(&system, &key, "image/jpeg");
    let first = upload.part(1, head);
    let second = upload.part(2, tail);
    let foreign = json!({"part": 1, "etag": "0123456789abcdef0123456789abcdef"});
    for wrong in [
        json!([]),
        json!([second, first]),
        json!([foreign, second]),
        json!([first, {"part": 3, "etag": second["etag"]}]),
        json!([{"part": 1}]),
        json!([{"part": 1, "etag": "</ETag><ETag>"}]),
        json!("parts"),
        Value::Null,
    ] {
        let message = upload.complete(&wrong).refused(400);
        assert!(message.starts_with("parts must be"), "{message}");
    }
    for body in ["", "{", "parts", "<CompleteMultipartUpload/>", "\u{0}"] {
        upload
            .request(Method::PATCH, "", body.as_bytes())
            .refused(400);
    }
    let small = upload.part(1, b"too small");
    upload.complete(&json!([small, second])).refused(400);
    let first = upload.part(1, head);
    let completed = upload.complete(&json!([first, second])).expect(200);
    assert_eq!(completed.json(), json!({ "key": key }));
    let original = system.get(format!("/originals/{}", path(&key)));
    assert_eq!(original.expect(200).body, whole);
    let _ = system.delete(format!("/images/{}", path(&key))).expect(204);
}

#[test]
fn an_aborted_upload_is_gone() {
    let system = System::shared();
    let key = system.prefix().key("aborted.jpg");
    let upload = Upload::begin(&system, &key, "image/jpeg");
    let part = upload.part(1, b"bytes");
    let _ = upload.abort().expect(204);
    upload
        .request(Method::PUT, "&part=1", b"bytes")
        .refused(404);
    upload.request(Method::GET, "", b"").refused(404);
    upload.complete(&json!([part])).refused(404);
    upload.abort().refused(404);
    system
        .get(format!("/originals/{}", path(&key)))
        .refused(404);
}

#[test]
fn an_upload_without_its_parameters_is_no_other_operation() {
    let system = System::shared();
    let image = system.upload("whole.jpg", samples::coffee());
    let uploads = image.path("uploads");
    for (method, query, missing) in [
        (Method::PUT, "", "[part, uploadId]"),
        (Method::PUT, "?part=1", "[uploadId]"),
        (Method::PUT, "?uploadId=x", "[part]"),
        (Method::PUT, "?uploadId=%20&part=", "[part, uploadId]"),
        (Method::GET, "", "[uploadId]"),
        (Method::GET, "?uploadId=", "[uploadId]"),
        (Method::PATCH, "", "[uploadId]"),
        (Method::DELETE, "", "[uploadId]"),
        (Method::DELETE, "?uploadId=%20", "[uploadId]"),
    ] {
        let request = system.request(method.clone(), format!("{uploads}{query}"));
        let message = request.body("other").send().refused(400);
        assert!(message.ends_with(missing), "{method} {query}: {message}");
    }
    for part in ["0", "-1", "1001", "01", "1.5", "x", "1%26acl", "%D9%A1"] {
        let request = format!("{uploads}?uploadId=x&part={part}");
        let status = system.put(request, "other").status;
        assert!(matches!(status, 400 | 404), "{part}: {status}");
    }
    for method in [Method::GET, Method::PATCH, Method::DELETE, Method::PUT] {
        let request = format!("{uploads}?uploadId=no-such&part=1");
        let body = r#"{"parts": [{"part": 1, "etag": "0123456789abcdef0123456789abcdef"}]}"#;
        let response = system.request(method, request).body(body).send();
        assert_eq!(response.refused(404), "no such upload");
    }
    assert_eq!(image.original().expect(200).body, samples::coffee());
}

#[test]
fn a_range_is_a_part_of_the_object() {
    let system = System::shared();
    let image = system.upload("range.jpg", samples::coffee());
    let _ = image.done();
    for route in ["originals", "thumbnails/256"] {
        let route = image.path(route);
        let whole = system.get(&route).expect(200);
        let (length, tag) = (whole.body.len(), whole.header("etag"));
        let ask = |method: Method, headers: &[(&'static str, &str)]| {
            let mut request = system.request(method, &route);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            request.send()
        };
        for (range, start, end) in [
            ("bytes=0-9", 0, 9),
            ("bytes=10-", 10, length - 1),
            ("bytes=-5", length - 5, length - 1),
            ("bytes=5-99999999", 5, length - 1),
        ] {
            let expected = format!("bytes {start}-{end}/{length}");
            let part = ask(Method::GET, &[("range", range)]).expect(206);
            assert_eq!(part.body, whole.body[start..=end], "{range}");
            assert_eq!(part.header("content-range"), expected, "{range}");
            for name in [
                "etag",
                "content-type",
                "cache-control",
                "content-disposition",
            ] {
                assert_eq!(part.header(name), whole.header(name), "{name}");
            }
        }
        let beyond = ask(Method::GET, &[("range", "bytes=99999999-")]);
        assert_eq!(beyond.refused(416), "the range is beyond the object");
        let beyond = ask(Method::HEAD, &[("range", "bytes=99999999-")]);
        assert!(beyond.expect(416).body.is_empty());
        let range = ("range", "bytes=0-9");
        let same = ask(Method::GET, &[range, ("if-range", tag)]);
        assert_eq!(same.expect(206).body.len(), 10);
        let changed = ask(Method::GET, &[range, ("if-range", "\"another\"")]);
        assert_eq!(changed.expect(200).body, whole.body);
        let _ = ask(Method::GET, &[range, ("if-none-match", tag)]).expect(304);
    }
}
