//! What is known of a request before `s3s` parses it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use s3s::host::{S3Host, VirtualHost};
use s3s::validation::NameValidation;
use s3s::{S3Request, S3Result};

/// An extension of every request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestContext {
    /// The key in the path, decoded. The service has replaced a bare `+`, which S3 reads as a space.
    pub(crate) key: Option<String>,
    /// 16 upper-case hexadecimal digits.
    pub(crate) request_id: String,
    /// From the [`SocketAddr`] among the request's extensions.
    pub(crate) source_ip: Option<IpAddr>,
}

impl RequestContext {
    pub(crate) fn new<B>(request: &http::Request<B>, request_id: &str) -> Self {
        Self {
            key: key(request.uri(), request.headers()),
            request_id: request_id.to_owned(),
            source_ip: request.extensions().get::<SocketAddr>().map(SocketAddr::ip),
        }
    }

    pub(crate) fn of<T>(request: &S3Request<T>) -> Self {
        request
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
    }
}

fn key(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let path = uri.path().strip_prefix('/')?;
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok());
    let key = match host.and_then(bucket_in_host) {
        Some(_) => path,
        None => path.split_once('/')?.1,
    };
    let key = percent_decode_str(key).decode_utf8().ok()?;
    (!key.is_empty()).then(|| key.into_owned())
}

/// Whether every `%` of the path is followed by two hexadecimal digits.
pub(crate) fn is_percent_encoded(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[0].is_ascii_hexdigit() && digits[1].is_ascii_hexdigit()
    })
}

/// The same path in the encoding that S3 [signs]. A gateway that forwards a client's path must sign and send this one. A
/// path with an invalid encoding is returned unchanged.
///
/// [signs]: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#[must_use]
pub fn canonical_path(path: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'/');
    if !is_percent_encoded(path) {
        return path.to_owned();
    }
    let bytes: Vec<u8> = percent_decode_str(&path.replace('+', " ")).collect();
    percent_encode(&bytes, ENCODED).to_string()
}

/// The bucket of a [virtual-hosted] request: `bucket.s3.region.amazonaws.com`, `bucket.s3.amazonaws.com`, and
/// `bucket.localhost`, which is what SDKs send to an endpoint `http://localhost`.
///
/// [virtual-hosted]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
fn bucket_in_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bucket = name.strip_suffix(".localhost").or_else(|| {
        let (bucket, rest) = name.split_once(".s3.")?;
        rest.ends_with("amazonaws.com").then_some(bucket)
    })?;
    (!bucket.is_empty()).then_some(bucket)
}

/// Finds buckets in host names. With any other host, the bucket is in the path.
pub(crate) struct VirtualHosts;

impl S3Host for VirtualHosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_in_host(host) {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// The [naming rules] of buckets. `s3s` checks all but those of labels.
///
/// [naming rules]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
pub(crate) struct BucketNames;

impl NameValidation for BucketNames {
    fn validate_bucket_name(&self, name: &str) -> bool {
        s3s::path::check_bucket_name(name)
            && name
                .split('.')
                .all(|label| !label.starts_with('-') && !label.ends_with('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(uri: &str, host: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::HOST, host.parse().unwrap());
        key(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn keys_are_decoded_once() {
        assert_eq!(
            key_of("/bucket/a%20b%2Bc", "127.0.0.1:4566").as_deref(),
            Some("a b+c")
        );
    }

    #[test]
    fn slashes_and_dots_stay_as_they_are() {
        assert_eq!(
            key_of("/bucket//a//../b/", "127.0.0.1").as_deref(),
            Some("/a//../b/")
        );
        assert_eq!(key_of("/bucket/", "127.0.0.1"), None);
        assert_eq!(key_of("/bucket", "127.0.0.1"), None);
    }

    #[test]
    fn the_bucket_may_be_in_the_host() {
        assert_eq!(
            key_of("/a/b", "bucket.localhost:4566").as_deref(),
            Some("a/b")
        );
        assert_eq!(
            key_of("/a/b", "my.bucket.s3.eu-central-1.amazonaws.com").as_deref(),
            Some("a/b")
        );
        assert_eq!(
            key_of("/a/b", "s3.eu-central-1.amazonaws.com").as_deref(),
            Some("b")
        );
        assert_eq!(key_of("/a/b", "localhost:4566").as_deref(), Some("b"));
    }

    #[test]
    fn paths_have_one_canonical_encoding() {
        assert_eq!(
            canonical_path("/b/a+b%2bc/%7E'å%2F"),
            "/b/a%20b%2Bc/~%27%C3%A5/"
        );
        assert_eq!(canonical_path("/b/%FF"), "/b/%FF");
        assert_eq!(canonical_path("/b/100%"), "/b/100%");
    }

    #[test]
    fn encodings_are_checked() {
        assert!(is_percent_encoded("/b/%41%2B"));
        assert!(!is_percent_encoded("/b/%4"));
        assert!(!is_percent_encoded("/b/%zz"));
        assert!(!is_percent_encoded("/b/100%"));
    }

    #[test]
    fn labels_of_bucket_names_begin_and_end_with_letters_or_digits() {
        for name in ["foo", "foo.bar", "foo-bar.1-2"] {
            assert!(BucketNames.validate_bucket_name(name), "{name}");
        }
        for name in [
            "fo", "Foo", "foo.-bar", "foo-.bar", "foo..bar", "foo-", "1.2.3.4",
        ] {
            assert!(!BucketNames.validate_bucket_name(name), "{name}");
        }
    }
}
