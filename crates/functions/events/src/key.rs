//! Keys as notifications write them.

use percent_encoding::percent_decode;

/// A key that is not UTF-8 after decoding.
#[derive(Debug, thiserror::Error)]
#[error("{encoded:?} is not UTF-8 once decoded")]
pub struct KeyError {
    /// The key as it came.
    pub encoded: String,
    source: std::str::Utf8Error,
}

/// Decodes a key of an S3 notification, which is form-encoded: `red+flower.jpg` is `red flower.jpg`, and
/// a real plus arrives as `%2B`. So the pluses go first, then the escapes, and neither twice.
///
/// # Errors
/// When the bytes are not UTF-8. An S3 key always is.
pub fn decode_key(encoded: &str) -> Result<String, KeyError> {
    let spaced = encoded.replace('+', " ");
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(key) => Ok(key.into_owned()),
        Err(source) => Err(KeyError {
            encoded: encoded.to_owned(),
            source,
        }),
    }
}
