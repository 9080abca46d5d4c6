//! Keys that are only white space. S3 allows them, but the SDK's `GetObject` and `HeadObject` treat a key whose `trim` is
//! empty as missing. Such a request is built for another key, and its URI is changed before it is signed.

use std::fmt::Write as _;

use aws_sdk_s3::config::http::HttpRequest;

/// Unreserved characters only, so that the path has it unencoded.
const PLACEHOLDER: &str = "white-space-key";

/// The key to build a request for.
pub(crate) fn placeholder(key: &str) -> &str {
    if key.trim().is_empty() {
        PLACEHOLDER
    } else {
        key
    }
}

/// Changes a request for [`placeholder`] of a key into one for the key.
pub(crate) fn restore(key: &str) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let encoded = key.trim().is_empty().then(|| percent_encoded(key));
    move |request| {
        if let Some(encoded) = &encoded {
            let uri = request.uri().replacen(PLACEHOLDER, encoded, 1);
            // Percent escapes keep the URI valid.
            let _ = request.set_uri(uri);
        }
    }
}

fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut encoded, byte| {
        // Writing to a string cannot fail.
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_the_key() {
        for (key, sent) in [
            (" ", "%20"),
            ("\t\n", "%09%0A"),
            ("\u{3000}", "%E3%80%80"),
            ("a b", "a%20b"),
        ] {
            let first = placeholder(key).replace(' ', "%20");
            assert!(!first.trim().is_empty());
            let mut request = HttpRequest::empty();
            request
                .set_uri(format!("https://raw.example/{first}?x-id=GetObject"))
                .expect("a URI");
            restore(key)(&mut request);
            assert_eq!(
                request.uri(),
                format!("https://raw.example/{sent}?x-id=GetObject")
            );
        }
    }
}
