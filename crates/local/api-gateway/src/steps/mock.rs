//! A mock integration's status.

use std::sync::LazyLock;

use http::StatusCode;
use regex::Regex;

use crate::gateway_error::GatewayError;

/// The status that a mock's template renders: `{"statusCode": 200}`, with or without quotes.
pub(super) fn mock_status(body: &[u8]) -> Result<StatusCode, GatewayError> {
    static UNQUOTED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s*\{\s*statusCode\s*:\s*([0-9]+)\s*,?\s*\}\s*$").ok());
    let text = String::from_utf8_lossy(body);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let status = match &json {
        Some(json) => json["statusCode"].as_u64(),
        None => UNQUOTED
            .as_ref()
            .and_then(|pattern| pattern.captures(&text))
            .and_then(|found| found[1].parse().ok()),
    };
    status
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| {
            GatewayError::configuration("the mock integration's template renders no `statusCode`")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_needs_a_status() {
        for body in [
            r#"{"statusCode": 204}"#,
            "{statusCode: 204}",
            r#"{"statusCode":204,"x":1}"#,
        ] {
            assert_eq!(
                mock_status(body.as_bytes()).unwrap(),
                StatusCode::NO_CONTENT,
                "{body}"
            );
        }
        for body in [
            "",
            "{}",
            "[]",
            r#"{"statusCode": "x"}"#,
            "{\"statusCode\": 99999}",
            "\u{0}",
        ] {
            assert_eq!(
                mock_status(body.as_bytes()).unwrap_err().status.as_u16(),
                500,
                "{body}"
            );
        }
    }
}
