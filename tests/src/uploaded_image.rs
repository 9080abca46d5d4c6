//! Uploaded images, which are deleted when a test drops them.

use std::env;
use std::fs::File;
use std::io::Write as _;

use bytes::Bytes;
use http::Method;
use image::RgbaImage;
use serde_json::{Value, json};

use crate::{Response, System, eventually, path};

/// A key prefix that only one test uses.
#[derive(Clone)]
pub struct Prefix<'a> {
    system: &'a System,
    text: String,
}

impl<'a> Prefix<'a> {
    pub(crate) fn new(system: &'a System, text: String) -> Self {
        Self { system, text }
    }

    /// The key that ends with `name`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.text)
    }

    /// Uploads an image.
    #[must_use]
    pub fn upload(&self, name: &str, bytes: impl Into<Bytes>) -> UploadedImage<'a> {
        let image = UploadedImage {
            system: self.system,
            key: self.key(name),
            bytes: bytes.into(),
        };
        remember(&image.key);
        image.put();
        image
    }
}

/// Adds a key, which has no line break, to the file `STACK_KEYS`.
fn remember(key: &str) {
    if let Some(file) = env::var_os("STACK_KEYS") {
        let file = File::options().append(true).create(true).open(file);
        let written = file.and_then(|mut file| file.write_all(format!("{key}\n").as_bytes()));
        written.expect("STACK_KEYS can be written");
    }
}

/// An uploaded image, which is deleted on drop.
pub struct UploadedImage<'a> {
    system: &'a System,
    key: String,
    bytes: Bytes,
}

impl UploadedImage<'_> {
    fn put(&self) -> Response {
        let response = self
            .system
            .put(self.path("images"), self.bytes.clone())
            .expect(201);
        assert_eq!(response.json(), json!({"key": self.key}));
        assert!(
            response.header("etag").starts_with('"'),
            "no ETag: {:?}",
            response.headers
        );
        response
    }

    /// Uploads another image under the same key.
    pub fn replace(&mut self, bytes: impl Into<Bytes>) {
        self.bytes = bytes.into();
        self.put();
    }

    /// The key that it is stored under.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The bytes that were uploaded last.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// `/images/{key}`, with the key encoded.
    #[must_use]
    pub fn path(&self, route: &str) -> String {
        format!("/{route}/{}", path(&self.key))
    }

    /// The API's response for its record.
    #[must_use]
    pub fn record(&self) -> Response {
        self.system.get(self.path("images"))
    }

    /// The record, once both of its parts belong to the upload of these bytes and are no longer pending.
    #[must_use]
    #[track_caller]
    pub fn settled(&self) -> Value {
        eventually(&format!("the record of {}", self.key), || {
            let response = self.record();
            if response.status == 404 {
                return None;
            }
            let record = response.expect(200).json();
            let settled = |part: &str| match record[part]["status"].as_str() {
                Some("pending") => false,
                Some("done" | "failed") => true,
                _ => panic!("{part} has no status: {record:#}"),
            };
            let latest = record["bytes"] == self.bytes.len();
            (latest && settled("analysis") && settled("thumbnails")).then_some(record)
        })
    }

    /// The record, of which both parts must be done.
    #[must_use]
    #[track_caller]
    pub fn done(&self) -> Value {
        let record = self.settled();
        for part in ["analysis", "thumbnails"] {
            assert_eq!(record[part]["status"], "done", "{part} in {record:#}");
        }
        record
    }

    /// The names of its labels in the record, once that is done, most confident first.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let record = self.done();
        let labels = record["analysis"]["labels"]
            .as_array()
            .expect("labels")
            .iter();
        labels
            .map(|label| label["name"].as_str().expect("a name").to_owned())
            .collect()
    }

    /// The API's response for its thumbnail.
    #[must_use]
    pub fn thumbnail(&self, size: u32) -> Response {
        self.system.get(self.path(&format!("thumbnails/{size}")))
    }

    /// The pixels of its thumbnail.
    #[must_use]
    pub fn pixels(&self, size: u32) -> RgbaImage {
        let response = self.thumbnail(size).expect(200);
        image::load_from_memory(&response.body)
            .expect("an image")
            .to_rgba8()
    }

    /// The API's response for the bytes that were uploaded.
    #[must_use]
    pub fn original(&self) -> Response {
        self.system.get(self.path("originals"))
    }

    /// Deletes it.
    #[must_use]
    pub fn delete(&self) -> Response {
        self.system.delete(self.path("images"))
    }

    /// Waits until nothing is left of it; `GET /images` and `GET /labels` are not checked.
    pub fn vanishes(&self) {
        let gone = |what: &str, look: &dyn Fn() -> Response| {
            eventually(&format!("the end of {what} of {}", self.key), || {
                (look().status == 404).then_some(())
            });
            look().refused(404);
        };
        gone("the original", &|| self.original());
        gone("the record", &|| self.record());
        gone("the small thumbnail", &|| self.thumbnail(256));
        gone("the large thumbnail", &|| self.thumbnail(1024));
    }
}

impl Drop for UploadedImage<'_> {
    fn drop(&mut self) {
        // While a test fails, a second panic would hide the first one.
        if !std::thread::panicking() {
            let _ = self.delete().expect(204);
            return;
        }
        let request = self.system.request(Method::DELETE, self.path("images"));
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| request.send()));
    }
}
