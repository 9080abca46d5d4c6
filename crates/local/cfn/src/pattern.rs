//! `AllowedPattern`: a Java regular expression that must match a whole value.

use regex::Regex;

/// Compiles a pattern; the error says why it is not supported.
///
/// Syntax that means something else in the `regex` crate is translated (`\d`, `\w` and `\s` are ASCII in Java) or refused
/// (possessive quantifiers); the crate refuses what only Java has (look-around, back references).
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let mut translated = String::from(r"\A(?:");
    let mut in_class = false;
    let mut after_quantifier = false;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        let mut quantifier = false;
        match char {
            '\\' => {
                let escaped = chars.next().ok_or("it ends in a backslash")?;
                match escaped {
                    'd' => translated.push_str("[0-9]"),
                    'D' => translated.push_str("[^0-9]"),
                    'w' => translated.push_str("[a-zA-Z0-9_]"),
                    'W' => translated.push_str("[^a-zA-Z0-9_]"),
                    's' => translated.push_str(r"[ \t\n\x0B\f\r]"),
                    'S' => translated.push_str(r"[^ \t\n\x0B\f\r]"),
                    other => translated.extend(['\\', other]),
                }
            }
            '+' if after_quantifier && !in_class => {
                return Err("possessive quantifiers are not supported".to_owned());
            }
            other => {
                quantifier = !in_class && matches!(other, '*' | '+' | '?' | '}');
                in_class = (in_class || other == '[') && other != ']';
                translated.push(other);
            }
        }
        after_quantifier = quantifier;
    }
    translated.push_str(r")\z");
    Regex::new(&translated).map_err(|_| "the regex crate can't read it".to_owned())
}
