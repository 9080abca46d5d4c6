//! `contentHandling`: conversions of a payload between text and bytes.
//!
//! The tables are AWS's "Content type conversions in API Gateway" (developer guide,
//! `api-gateway-payload-encodings-workflow`), as recorded from AWS in `tests/binary_matrix.json`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Padding may be missing, as in Java's decoder.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `contentHandling` of an integration or an integration response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentHandling {
    /// `CONVERT_TO_TEXT`.
    Text,
    /// `CONVERT_TO_BINARY`.
    Binary,
}

/// A payload as the mapping template gets it; bytes are an error for a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Text.
    Text(String),
    /// Bytes, which pass a gateway unchanged.
    Bytes(Bytes),
}

impl Payload {
    /// The bytes that are passed on.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The payload is to be converted to bytes, but is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not base64, and bytes were asked for")]
pub(crate) struct NotBase64Error;

/// Converts a request. `binary`: its `Content-Type` is a binary media type.
pub(crate) fn request(
    body: Bytes,
    binary: bool,
    handling: Option<ContentHandling>,
) -> Result<Payload, NotBase64Error> {
    match (binary, handling) {
        (true, None | Some(ContentHandling::Binary)) => Ok(Payload::Bytes(body)),
        (true, Some(ContentHandling::Text)) => Ok(encoded(&body)),
        (false, None | Some(ContentHandling::Text)) => Ok(text(&body)),
        (false, Some(ContentHandling::Binary)) => decoded(&body),
    }
}

/// Converts a response. `binary`: the back end's `Content-Type` is a binary media type; `accepted`: the request's
/// `Accept` is.
pub(crate) fn response(
    body: Bytes,
    binary: bool,
    accepted: bool,
    handling: Option<ContentHandling>,
) -> Result<Payload, NotBase64Error> {
    match (binary, handling, accepted) {
        (true, Some(ContentHandling::Binary), _) | (true, None, true) => Ok(Payload::Bytes(body)),
        (true, Some(ContentHandling::Text), _) | (true, None, false) => Ok(encoded(&body)),
        (false, Some(ContentHandling::Binary), _) | (false, None, true) => decoded(&body),
        (false, Some(ContentHandling::Text), _) | (false, None, false) => Ok(text(&body)),
    }
}

fn text(body: &[u8]) -> Payload {
    Payload::Text(String::from_utf8_lossy(body).into_owned())
}

fn encoded(body: &[u8]) -> Payload {
    Payload::Text(BASE64.encode(body))
}

fn decoded(body: &[u8]) -> Result<Payload, NotBase64Error> {
    match BASE64.decode(body) {
        Ok(bytes) => Ok(Payload::Bytes(bytes.into())),
        Err(_) => Err(NotBase64Error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_become_the_replacement_character() {
        let payload = request(Bytes::from_static(b"a\xffb"), false, None);
        assert_eq!(payload, Ok(Payload::Text("a\u{fffd}b".to_owned())));
    }

    #[test]
    fn an_empty_payload_decodes_to_nothing() {
        let payload = response(Bytes::new(), false, true, None);
        assert_eq!(payload, Ok(Payload::Bytes(Bytes::new())));
    }

    #[test]
    fn text_that_is_no_base64_cannot_become_bytes() {
        let text = Bytes::from_static(b"no base64");
        assert_eq!(
            request(text, false, Some(ContentHandling::Binary)),
            Err(NotBase64Error)
        );
    }
}
