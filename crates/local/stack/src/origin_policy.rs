//! Which web pages may call this machine: those that it serves, and those that the user allows.
//!
//! A browser lets every page send requests to the loopback interface. A request is refused if its `Origin` is not a
//! loopback address and is not allowed by `--allow-origin`, or if its `Host` is not a loopback name: a site can make
//! its own name resolve to 127.0.0.1 (DNS rebinding), and its pages are then of the same origin.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use http::{Request, Response, StatusCode, Uri};
use serde_json::json;

/// The origins that may call, in addition to loopback addresses.
#[derive(Debug, Clone, Default)]
pub struct OriginPolicy {
    allowed: Vec<String>,
}

impl OriginPolicy {
    /// A policy that allows `origins`, each `scheme://host[:port]` in lower case, and loopback addresses.
    #[must_use]
    pub fn new(origins: &[String]) -> Self {
        Self {
            allowed: origins.to_vec(),
        }
    }

    /// The response to a request that is refused: 403 without CORS headers, so that a page cannot read it either.
    #[must_use]
    pub fn refuse<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let reason = self.violation(request)?;
        let body = json!({"message": reason}).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(response)
    }

    fn violation<B>(&self, request: &Request<B>) -> Option<String> {
        // A request line with a whole URI overrides the header (RFC 9112, section 3.2.2); both are checked.
        let line = request.uri().authority().map(http::uri::Authority::as_str);
        for host in line
            .into_iter()
            .map(Some)
            .chain([header(request, HOST.as_str())])
        {
            let host = host.unwrap_or_default();
            if !is_loopback(&format!("http://{host}")) {
                return Some(format!(
                    "Host {host:?} is not a loopback name: this machine serves localhost, *.localhost, 127.0.0.0/8 and [::1]"
                ));
            }
        }
        for origin in request.headers().get_all(ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase();
            if !is_loopback(&origin) && !self.allowed.contains(&origin) {
                return Some(format!(
                    "pages of {origin} may not call this machine (--allow-origin allows them)"
                ));
            }
        }
        None
    }
}

/// The value of a header; if it is repeated or not ASCII, an empty string, which no rule allows.
fn header<'a, B>(request: &'a Request<B>, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether the host of an origin is a loopback name or address.
fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") {
        return false;
    }
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: Option<&str>, origin: Option<&str>, allowed: &[&str]) -> bool {
        let mut request = Request::get("/v1/images");
        for (name, value) in [("host", host), ("origin", origin)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let allowed: Vec<String> = allowed.iter().map(|&origin| origin.to_owned()).collect();
        let response = OriginPolicy::new(&allowed).refuse(&request.body(()).unwrap());
        response.is_some_and(|response| response.status() == StatusCode::FORBIDDEN)
    }

    #[test]
    fn loopback_names_are_served() {
        for host in [
            "127.0.0.1:8080",
            "127.8.9.1",
            "localhost",
            "LOCALHOST:4566",
            "bucket.localhost:4566",
            "[::1]:8080",
        ] {
            assert!(!refused(Some(host), None, &[]), "{host}");
            let origin = format!("http://{host}");
            assert!(!refused(Some("127.0.0.1"), Some(&origin), &[]), "{origin}");
        }
    }

    #[test]
    fn foreign_hosts_are_refused_whatever_is_allowed() {
        for host in [
            Some("example.com"),
            Some("localhost.example.com"),
            Some("127.0.0.1.example.com"),
            Some("notlocalhost"),
            Some("192.168.0.1"),
            Some("0.0.0.0"),
            Some("user@127.0.0.1"),
            Some("127.0.0.1/x"),
            Some(""),
            None,
        ] {
            let allowed = ["https://example.com", "http://example.com"];
            assert!(refused(host, None, &allowed), "{host:?}");
        }
        let mut twice = Request::get("/").header("host", "127.0.0.1");
        twice = twice.header("host", "example.com");
        assert!(
            OriginPolicy::default()
                .refuse(&twice.body(()).unwrap())
                .is_some()
        );
        let absolute = Request::get("http://example.com/").header("host", "127.0.0.1");
        let absolute = absolute.body(()).unwrap();
        assert!(OriginPolicy::default().refuse(&absolute).is_some());
    }

    #[test]
    fn foreign_origins_are_refused_unless_allowed() {
        let host = Some("127.0.0.1:8080");
        for origin in [
            "https://example.com",
            "null",
            "http://localhost.example.com",
            "file://",
            "",
            "http://127.0.0.1@example.com",
        ] {
            assert!(refused(host, Some(origin), &[]), "{origin}");
        }
        let allowed = ["https://example.com"];
        assert!(!refused(host, Some("https://example.com"), &allowed));
        assert!(!refused(host, Some("HTTPS://Example.com"), &allowed));
        assert!(refused(host, Some("http://example.com"), &allowed));
        assert!(refused(host, Some("https://example.com:444"), &allowed));
        assert!(refused(host, Some("null"), &allowed));
    }
}
