//! Keys as notifications encode them.

use percent_encoding::percent_decode;

/// A key that is not UTF-8 once decoded.
#[derive(Debug, thiserror::Error)]
#[error("{encoded:?} is not UTF-8 once decoded")]
pub struct KeyError {
    /// The key as received.
    pub encoded: String,
    source: std::str::Utf8Error,
}

/// Decodes a key of an S3 notification, which is form-encoded: `red+flower.jpg` is `red flower.jpg`, and `%2B` is a plus.
/// Pluses are replaced before percent escapes, and each only once.
///
/// # Errors
/// The bytes are not UTF-8. S3's keys are.
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
