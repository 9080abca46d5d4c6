//! Responses of the system.

use bytes::Bytes;
use http::HeaderMap;
use http::response::Parts;
use serde_json::Value;

/// A response, read completely.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    asked: String,
}

impl Response {
    pub(crate) fn new(asked: String, head: Parts, body: Bytes) -> Self {
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            asked,
        }
    }

    /// The same response, if it has this status; else a panic.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// A header; empty if there is none.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.unwrap_or(Ok("")).expect("a header of plain text")
    }

    /// The body, which must be JSON with its `Content-Type`.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/json",
            "{}",
            self.asked
        );
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// The message of an error, after checking what is true of every error: the body is JSON with only a message, pages of
    /// other origins may read it, and it reveals nothing about the services behind the API.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        let (asked, text) = (&self.asked, self.text());
        assert_eq!(self.status, status, "{asked}: {text}");
        assert_eq!(
            self.header("access-control-allow-origin"),
            "*",
            "{asked}: no page may read {text}"
        );
        assert_eq!(
            self.header("access-control-expose-headers"),
            "ETag,Content-Range,x-amzn-RequestId",
            "{asked}"
        );
        let body = self.json();
        let message = body["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{asked}: {text}");
        assert_eq!(
            body.as_object().map(serde_json::Map::len),
            Some(1),
            "{asked}: {text}"
        );
        let account = message
            .as_bytes()
            .windows(12)
            .any(|run| run.iter().all(u8::is_ascii_digit));
        assert!(!account, "{asked} reveals an account: {text}");
        for secret in ["arn:", "amazonaws", "<", "__type", "Exception"] {
            assert!(
                !message.contains(secret),
                "{asked} reveals {secret}: {text}"
            );
        }
        message.to_owned()
    }

    fn text(&self) -> String {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text.chars().take(2000).collect(),
            Err(_) => format!("{} bytes that are not text", self.body.len()),
        }
    }
}
