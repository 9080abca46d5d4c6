//! Keys in XML. S3 allows keys with characters that XML 1.0 does not.

use std::fmt::Write as _;

/// Whether XML 1.0 [allows] a character.
///
/// [allows]: https://www.w3.org/TR/xml/#charsets
pub(crate) fn is_xml_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Writes characters as references that a parser would refuse or change: control characters, as S3 does (whose
/// listings then [can't be parsed], unless they are asked for with `encoding-type=url`), and a carriage return, which
/// a parser would read as a line feed.
///
/// [can't be parsed]: https://github.com/aws/aws-sdk-php/issues/169
pub(crate) fn escape_controls(xml: String) -> String {
    let needs_escape = |char: char| char == '\r' || !is_xml_char(char);
    if !xml.contains(needs_escape) {
        return xml;
    }
    let mut escaped = String::with_capacity(xml.len() + 16);
    for char in xml.chars() {
        if char == '\r' {
            escaped.push_str("&#13;");
        } else if needs_escape(char) {
            let _ = write!(escaped, "&#x{:x};", u32::from(char));
        } else {
            escaped.push(char);
        }
    }
    escaped
}

/// Escapes a string as the content of an element.
pub(crate) fn escape(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    escape_controls(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_parser_would_refuse_or_change_are_references() {
        assert_eq!(
            escape_controls("<Key>a\u{1}b\r\n\t\u{7f}é\u{ffff}</Key>".to_owned()),
            "<Key>a&#x1;b&#13;\n\t\u{7f}é&#xffff;</Key>"
        );
    }
}
