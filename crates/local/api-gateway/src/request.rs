//! Requests of clients, and the responses to them.

use std::net::IpAddr;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestBody {
    /// The whole body, of at most [`MAX_PAYLOAD`](crate::MAX_PAYLOAD) bytes.
    Complete(Bytes),
    /// A body over the limit, which is not kept.
    TooLarge,
}

impl RequestBody {
    /// The bytes; empty for a body over the limit, which no integration gets.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Complete(bytes) => bytes.clone(),
            Self::TooLarge => Bytes::new(),
        }
    }
}

impl<B: Into<Bytes>> From<B> for RequestBody {
    fn from(bytes: B) -> Self {
        let bytes = bytes.into();
        if bytes.len() > crate::MAX_PAYLOAD {
            Self::TooLarge
        } else {
            Self::Complete(bytes)
        }
    }
}

/// A client's request, as received.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as sent, percent-encoded, from the stage on: `/v1/images/a%20b.jpg`.
    pub path: String,
    /// The query as sent, without its `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// The client's address.
    pub source_ip: IpAddr,
    /// When it was received.
    pub received: SystemTime,
}

impl Request {
    /// A request that is received now.
    #[must_use]
    pub fn new(request: http::Request<RequestBody>, source_ip: IpAddr) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body,
            source_ip,
            received: SystemTime::now(),
        }
    }

    /// A header's value, if it is text; of repeated headers the last counts.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let last = self.headers.get_all(name).iter().next_back()?;
        last.to_str().ok()
    }
}

/// A response to a client.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; `Content-Length` is left to the server.
    pub headers: HeaderMap,
    /// The body; empty for HEAD and for the statuses that have none.
    pub body: Bytes,
    /// Why the gateway itself refused or failed, for the operator's log and not for the client; `None` if the response is
    /// the integration's.
    pub diagnostic: Option<String>,
}
