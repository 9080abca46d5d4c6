//! Keys of nothing but white space, which S3 takes, and which the SDK takes for missing ones when it looks for the
//! endpoint (its `GetObject` and `HeadObject` drop a key whose `trim` is empty). Such a request is made for another key,
//! and turned to the right one before it is signed.

use std::fmt::Write as _;

use aws_sdk_s3::config::http::HttpRequest;

/// Of unreserved characters, so that it stands in the path as it is.
const STAND_IN: &str = "a-key-of-white-space";

/// The key itself, or another one in its place.
pub(crate) fn stand_in(key: &str) -> &str {
    if key.trim().is_empty() { STAND_IN } else { key }
}

/// Turns a request for [`stand_in`] of a key to the key.
pub(crate) fn turn_to(key: &str) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let encoded = key.trim().is_empty().then(|| percent_encoded(key));
    move |request| {
        if let Some(encoded) = &encoded {
            let uri = request.uri().replacen(STAND_IN, encoded, 1);
            // Digits and percent signs leave a URI a URI.
            let _ = request.set_uri(uri);
        }
    }
}

fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a string doesn't fail.
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_the_key_that_was_meant() {
        for (key, sent) in [
            (" ", "%20"),
            ("\t\n", "%09%0A"),
            ("\u{3000}", "%E3%80%80"),
            ("a b", "a%20b"),
        ] {
            let first = stand_in(key).replace(' ', "%20");
            assert!(!first.trim().is_empty());
            let mut request = HttpRequest::empty();
            request
                .set_uri(format!("https://raw.example/{first}?x-id=GetObject"))
                .expect("a URI");
            turn_to(key)(&mut request);
            assert_eq!(
                request.uri(),
                format!("https://raw.example/{sent}?x-id=GetObject")
            );
        }
    }
}
