//! AWS Signature Version 4: verified on requests to JSON services and the API, and put on the gateway's own.
//!
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>. S3 verifies
//! its own requests (crate `local-s3`).

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::access::Credentials;

/// Everything but unreserved characters (RFC 3986) is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// How far a request's clock may be off.
const SKEW: Duration = Duration::from_mins(15);

/// What a request says of its signature.
#[derive(Debug, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Who signed.
    pub access_key: &'a str,
    /// `20261122T130000Z`
    pub time: &'a str,
    /// Region of the credential scope.
    pub region: &'a str,
    /// Service of the credential scope.
    pub service: &'a str,
    /// What the role's session shows.
    pub session_token: Option<&'a str>,
    signed_headers: &'a str,
    signature: &'a str,
}

/// What is wrong with a signature.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is none.
    #[error("missing authentication token")]
    Missing,
    /// A part is missing.
    #[error("the Authorization header lacks {0}")]
    Incomplete(&'static str),
    /// Too old or too new.
    #[error("signature expired: {0} is not within 15 minutes of now")]
    Expired(String),
    /// Signed for somewhere else.
    #[error("Credential should be scoped to {0}.")]
    Scope(String),
    /// Another secret, or another request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl<'a> Presented<'a> {
    /// Reads `Authorization`, `X-Amz-Date` and `X-Amz-Security-Token`.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::Incomplete`].
    pub fn read(headers: &'a HeaderMap) -> Result<Self, Invalid> {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let authorization = text("authorization").ok_or(Invalid::Missing)?;
        let fields = authorization
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or(Invalid::Incomplete("the algorithm AWS4-HMAC-SHA256"))?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let credential = field("Credential").ok_or(Invalid::Incomplete("Credential"))?;
        let mut scope = credential.split('/');
        let mut part = || {
            scope
                .next()
                .ok_or(Invalid::Incomplete("a whole credential scope"))
        };
        let (access_key, _date, region, service) = (part()?, part()?, part()?, part()?);
        Ok(Self {
            access_key,
            time: text("x-amz-date").ok_or(Invalid::Incomplete("its X-Amz-Date"))?,
            region,
            service,
            session_token: text("x-amz-security-token"),
            signed_headers: field("SignedHeaders").ok_or(Invalid::Incomplete("SignedHeaders"))?,
            signature: field("Signature").ok_or(Invalid::Incomplete("Signature"))?,
        })
    }

    /// Compares the signature with the one that `secret` gives for a service in a region.
    ///
    /// # Errors
    /// [`Invalid::Scope`], [`Invalid::Expired`], [`Invalid::Mismatch`].
    pub fn verify(
        &self,
        secret: &str,
        (service, region): (&str, &str),
        request: &Signable<'_>,
        now: SystemTime,
    ) -> Result<(), Invalid> {
        if (self.service, self.region) != (service, region) {
            return Err(Invalid::Scope(format!("{service} in {region}")));
        }
        let expired = || Invalid::Expired(self.time.to_owned());
        let time: SystemTime = NaiveDateTime::parse_from_str(self.time, "%Y%m%dT%H%M%SZ")
            .map_err(|_| expired())?
            .and_utc()
            .into();
        let apart = now
            .duration_since(time)
            .unwrap_or_else(|error| error.duration());
        if apart > SKEW {
            return Err(expired());
        }
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        let expected = signature(secret, time, self.region, self.service, &names, request);
        if expected == self.signature {
            Ok(())
        } else {
            Err(Invalid::Mismatch)
        }
    }
}

/// The parts of a request that are signed.
#[derive(Debug)]
pub struct Signable<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as sent.
    pub path: &'a str,
    /// The query as sent, without its `?`.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// Adds the headers that sign a request. `host` must be among its headers.
pub fn sign(
    credentials: &Credentials,
    region: &str,
    service: &str,
    method: &Method,
    path_and_query: (&str, &str),
    headers: &mut HeaderMap,
    body: &[u8],
) {
    let now = SystemTime::now();
    let time = DateTime::<Utc>::from(now)
        .format("%Y%m%dT%H%M%SZ")
        .to_string();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("x-amz-date", &time);
    put("x-amz-content-sha256", &sha256(body));
    if let Some(token) = &credentials.session_token {
        put("x-amz-security-token", token);
    }
    let mut names: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| *name == "host" || name.starts_with("x-amz-"))
        .collect();
    names.sort_unstable();
    let request = Signable {
        method,
        path: path_and_query.0,
        query: path_and_query.1,
        headers,
        body,
    };
    let signature = signature(
        &credentials.secret_key,
        now,
        region,
        service,
        &names,
        &request,
    );
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}/{region}/{service}/aws4_request, SignedHeaders={}, Signature={signature}",
        credentials.access_key,
        &time[..8],
        names.join(";"),
    );
    if let Ok(value) = HeaderValue::from_str(&authorization) {
        headers.insert(http::header::AUTHORIZATION, value);
    }
}

fn signature(
    secret: &str,
    time: SystemTime,
    region: &str,
    service: &str,
    signed_headers: &[&str],
    request: &Signable<'_>,
) -> String {
    let time_text = DateTime::<Utc>::from(time)
        .format("%Y%m%dT%H%M%SZ")
        .to_string();
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time_text}\n{}/{region}/{service}/aws4_request\n{}",
        &time_text[..8],
        sha256(canonical_request(service, signed_headers, request).as_bytes()),
    );
    let key = generate_signing_key(secret, time, region, service);
    calculate_signature(key, to_sign.as_bytes())
}

fn canonical_request(service: &str, signed_headers: &[&str], request: &Signable<'_>) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        canonical_path(service, request.path),
        canonical_query(request.query)
    );
    for name in signed_headers {
        let values: Vec<String> = request
            .headers
            .get_all(*name)
            .iter()
            .map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        let _ = writeln!(text, "{name}:{}", values.join(","));
    }
    let _ = write!(text, "\n{}\n", signed_headers.join(";"));
    match request.headers.get("x-amz-content-sha256") {
        Some(value) if value == "UNSIGNED-PAYLOAD" => text.push_str("UNSIGNED-PAYLOAD"),
        _ => text.push_str(&sha256(request.body)),
    }
    text
}

/// S3 takes the path as it was sent; every other service has dots and double slashes resolved and encodes it again.
fn canonical_path(service: &str, path: &str) -> String {
    if service == "s3" {
        return path.to_owned();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let trailing = if path.len() > 1 && path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    let joined = format!("/{}{trailing}", segments.join("/"));
    utf8_percent_encode(&joined, RESERVED_IN_PATH).to_string()
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&bytes, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(name), encode(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "get-vanilla-query-order-key-case" of AWS's published test suite for Signature Version 4.
    #[test]
    fn agrees_with_the_published_suite() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("example.amazonaws.com"));
        headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
        let request = Signable {
            method: &Method::GET,
            path: "/",
            query: "Param2=value2&Param1=value1",
            headers: &headers,
            body: b"",
        };
        let time = NaiveDateTime::parse_from_str("20150830T123600Z", "%Y%m%dT%H%M%SZ").unwrap();
        assert_eq!(
            signature(
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                time.and_utc().into(),
                "us-east-1",
                "service",
                &["host", "x-amz-date"],
                &request
            ),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
    }

    const SCOPE: (&str, &str) = ("execute-api", "us-east-1");

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let credentials = Credentials::random_user();
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
        let (method, path, query, body) = (
            Method::PUT,
            "/v1/images/a%20b%2Bc.jpg",
            "x=%C3%A5&b",
            b"picture",
        );
        sign(
            &credentials,
            "us-east-1",
            "execute-api",
            &method,
            (path, query),
            &mut headers,
            body,
        );

        let presented = Presented::read(&headers).unwrap();
        assert_eq!(presented.access_key, credentials.access_key);
        let verify = |path, body| {
            let request = Signable {
                method: &method,
                path,
                query,
                headers: &headers,
                body,
            };
            presented.verify(&credentials.secret_key, SCOPE, &request, SystemTime::now())
        };
        assert_eq!(verify(path, &body[..]), Ok(()));
        assert_eq!(
            verify("/v1/images/other.jpg", &body[..]),
            Err(Invalid::Mismatch)
        );
        assert_eq!(verify(path, b"another"), Err(Invalid::Mismatch));

        let late = SystemTime::now() + Duration::from_hours(1);
        let request = Signable {
            method: &method,
            path,
            query,
            headers: &headers,
            body,
        };
        assert!(matches!(
            presented.verify(&credentials.secret_key, SCOPE, &request, late),
            Err(Invalid::Expired(_))
        ));
    }
}
