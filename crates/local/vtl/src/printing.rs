//! Prints values as Java's `toString` does, and as JSON.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::error::{MAX_DEPTH, MAX_TEXT_BYTES, Meter, RenderError};
use crate::value::{Heap, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Java,
    Json,
}

impl Heap {
    /// The output of a reference to the value: nothing for null, `{a=b}` for a map, JSON for a list from JSON and `[a, b]` for
    /// any other list.
    pub(crate) fn to_text(
        &self,
        value: &Value,
        meter: &mut Meter,
    ) -> Result<Arc<str>, RenderError> {
        match value {
            Value::Null => Ok(Arc::default()),
            Value::Text(text) => {
                meter.text(text.len())?;
                Ok(text.clone())
            }
            _ => {
                let mut out = String::new();
                self.print(value, Style::Java, &mut out, meter, 0)?;
                meter.text(out.len())?;
                Ok(out.into())
            }
        }
    }

    /// The value as compact JSON.
    pub(crate) fn to_json(&self, value: &Value, meter: &mut Meter) -> Result<String, RenderError> {
        let mut out = String::new();
        self.print(value, Style::Json, &mut out, meter, 0)?;
        meter.text(out.len())?;
        Ok(out)
    }

    fn print(
        &self,
        value: &Value,
        style: Style,
        out: &mut String,
        meter: &mut Meter,
        depth: usize,
    ) -> Result<(), RenderError> {
        if depth > 2 * MAX_DEPTH {
            return Err(RenderError::TooDeep);
        }
        if out.len() > MAX_TEXT_BYTES {
            return Err(RenderError::TooLong);
        }
        meter.work(1)?;
        match value {
            Value::Null => out.push_str("null"),
            Value::Boolean(true) => out.push_str("true"),
            Value::Boolean(false) => out.push_str("false"),
            Value::Integer(integer) => {
                // Writing to a string can't fail.
                let _ = write!(out, "{integer}");
            }
            Value::Float(float) => out.push_str(&java_double(*float)),
            Value::Text(text) if style == Style::Java => out.push_str(text),
            Value::Text(text) => print_json_text(text, out),
            Value::List(id) => {
                let list = self.list(*id);
                let style = if list.is_json { Style::Json } else { style };
                out.push('[');
                for (n, element) in list.elements.iter().enumerate() {
                    if n > 0 {
                        out.push_str(if style == Style::Json { "," } else { ", " });
                    }
                    self.print(element, style, out, meter, depth + 1)?;
                }
                out.push(']');
            }
            Value::Map(id) => {
                out.push('{');
                for (n, (key, value)) in self.map(*id).iter().enumerate() {
                    if style == Style::Json {
                        out.push_str(if n > 0 { "," } else { "" });
                        print_json_text(key, out);
                        out.push(':');
                    } else {
                        out.push_str(if n > 0 { ", " } else { "" });
                        out.push_str(key);
                        out.push('=');
                    }
                    self.print(value, style, out, meter, depth + 1)?;
                }
                out.push('}');
            }
            Value::Entry(id) => {
                let (key, value) = self.entry(*id);
                let mut text = format!("{key}=");
                self.print(value, Style::Java, &mut text, meter, depth + 1)?;
                match style {
                    Style::Java => out.push_str(&text),
                    Style::Json => print_json_text(&text, out),
                }
            }
            Value::Defined(_) | Value::Loop(_) | Value::Input | Value::Util => {}
        }
        Ok(())
    }
}

/// A JSON string; only what JSON requires is escaped.
fn print_json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `Double.toString`: plain from 0.001 up to ten million, with an exponent otherwise.
///
/// <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/Double.html#toString(double)>
fn java_double(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}E{exponent}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::java_double;

    #[test]
    fn doubles_print_as_in_java() {
        // Printed by Java 17.
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (2.5, "2.5"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.5e-7, "1.5E-7"),
            (123_456_789.123, "1.23456789123E8"),
            (1e300, "1.0E300"),
        ] {
            assert_eq!(java_double(number), text);
        }
    }
}
