//! `$util`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#util-template-reference>

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Meter, RenderError};
use crate::value::{Heap, Value};

/// `java.net.URLEncoder` leaves letters, digits and these; a space becomes a plus.
const URL_ENCODED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'*')
    .remove(b'_')
    .remove(b' ');

/// `java.util.Base64` decodes with and without padding, and ignores trailing bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Calls `$util.name(argument)`; `None` if there is no such function. Null counts as an empty string (recorded for
/// urlEncode).
pub(crate) fn call(
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    meter: &mut Meter,
) -> Result<Option<Value>, RenderError> {
    let [argument] = arguments else {
        return Ok(None);
    };
    let text = heap.to_text(argument, meter)?;
    meter.text(text.len())?;
    let value = match name {
        "escapeJavaScript" => Value::text(escape_java_script(&text)),
        "parseJson" if text.is_empty() => Value::Null,
        "parseJson" => heap.read_json(&text).map_err(RenderError::NotJson)?,
        "urlEncode" => Value::text(
            utf8_percent_encode(&text, &URL_ENCODED)
                .to_string()
                .replace(' ', "+"),
        ),
        "urlDecode" => Value::text(url_decode(&text)?),
        "base64Encode" => Value::text(BASE64.encode(text.as_bytes())),
        "base64Decode" => {
            let bytes = BASE64
                .decode(text.as_bytes())
                .map_err(|error| RenderError::Method {
                    method: "$util.base64Decode",
                    problem: error.to_string(),
                })?;
            Value::text(String::from_utf8_lossy(&bytes))
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// `StringEscapeUtils.escapeJavaScript` of Apache Commons Lang: quotes of both kinds, backslash, slash and
/// control characters, and everything beyond ASCII as UTF-16. AWS warns that `\'` is not JSON.
///
/// <https://commons.apache.org/proper/commons-lang/javadocs/api-2.6/org/apache/commons/lang/StringEscapeUtils.html>
fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'\'' | b'"' | b'\\' | b'/')) => {
                out.push('\\');
                out.push(byte.into());
            }
            Ok(b'\n') => out.push_str("\\n"),
            Ok(b'\r') => out.push_str("\\r"),
            Ok(b'\t') => out.push_str("\\t"),
            Ok(0x8) => out.push_str("\\b"),
            Ok(0xc) => out.push_str("\\f"),
            Ok(byte @ 0x20..=0x7f) => out.push(byte.into()),
            _ => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{unit:04X}");
            }
        }
    }
    out
}

/// `java.net.URLDecoder`: a plus is a space, and a percent sign without two hexadecimal digits throws. Bytes
/// that are not UTF-8 become U+FFFD.
fn url_decode(text: &str) -> Result<String, RenderError> {
    let malformed = || RenderError::Method {
        method: "$util.urlDecode",
        problem: "a percent sign without two hexadecimal digits".to_owned(),
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|digit| char::from(digit).to_digit(16))
                        .ok_or_else(malformed)
                };
                let code = digit()? * 16 + digit()?;
                u8::try_from(code).map_err(|_| malformed())?
            }
            other => other,
        });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{escape_java_script, url_decode};

    #[test]
    fn java_script_is_escaped_as_commons_lang_does() {
        // Printed by commons-lang 2.6.
        let escaped = escape_java_script("a'b\"c\\d/e\n\r\t\u{8}\u{c}\u{1}\u{7f}\u{80}é€😀");
        assert_eq!(
            escaped,
            "a\\'b\\\"c\\\\d\\/e\\n\\r\\t\\b\\f\\u0001\u{7f}\\u0080\\u00E9\\u20AC\\uD83D\\uDE00"
        );
    }

    #[test]
    fn url_decoding_refuses_what_java_refuses() {
        assert_eq!(url_decode("a+b%20c%C3%A9").expect("well-formed"), "a b cé");
        assert_eq!(url_decode("%FF").expect("well-formed"), "\u{FFFD}");
        for malformed in ["%", "%4", "%zz", "a%é"] {
            assert!(url_decode(malformed).is_err(), "{malformed}");
        }
    }
}
