//! The methods of `java.lang.String`, as far as templates use them. Positions count UTF-16 units, as in Java.
//!
//! <https://docs.oracle.com/javase/8/docs/api/java/lang/String.html>

use std::sync::Arc;

use crate::error::{MAX_TEXT_BYTES, Meter, RenderError};
use crate::java_regex;
use crate::methods::not_here;
use crate::regex_cache::RenderingRegexes;
use crate::value::{Heap, Value};

/// Methods of Java's strings that are not implemented. They are errors, because null would hide the difference.
const NOT_HERE: [&str; 16] = [
    "chars",
    "codePointBefore",
    "codePointCount",
    "codePoints",
    "copyValueOf",
    "format",
    "getBytes",
    "getChars",
    "isBlank",
    "lines",
    "offsetByCodePoints",
    "repeat",
    "strip",
    "stripLeading",
    "stripTrailing",
    "toCharArray",
];

/// Calls `text.name(arguments)`; `None` if a string has no such method, which is null in Velocity.
pub(crate) fn call(
    text: &Arc<str>,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    patterns: &mut RenderingRegexes,
    meter: &mut Meter,
) -> Result<Option<Value>, RenderError> {
    meter.text(text.len())?;
    let value = match (name, arguments) {
        ("length", []) => Value::size(units(text)),
        ("isEmpty", []) => Value::Boolean(text.is_empty()),
        ("toString" | "intern", []) => Value::Text(text.clone()),
        ("trim", []) => Value::text(text.trim_matches(|c| c <= ' ')),
        ("toLowerCase", []) => Value::text(text.to_lowercase()),
        ("toUpperCase", []) => Value::text(text.to_uppercase()),
        ("hashCode", []) => Value::Integer(hash_code(text).into()),
        ("equals", [other]) => Value::Boolean(matches!(other, Value::Text(other) if other == text)),
        ("equalsIgnoreCase", [Value::Text(other)]) => Value::Boolean(fold(text).eq(fold(other))),
        ("compareTo", [Value::Text(other)]) => compare(text.encode_utf16(), other.encode_utf16()),
        ("compareToIgnoreCase", [Value::Text(other)]) => {
            let (left, right): (String, String) = (fold(text).collect(), fold(other).collect());
            compare(left.encode_utf16(), right.encode_utf16())
        }
        ("contains", [Value::Text(part)]) => Value::Boolean(text.contains(&**part)),
        ("startsWith", [Value::Text(part)]) => Value::Boolean(text.starts_with(&**part)),
        ("startsWith", [Value::Text(part), Value::Integer(from)]) => {
            let rest = usize::try_from(*from)
                .ok()
                .and_then(|from| byte_at(text, from));
            Value::Boolean(rest.is_some_and(|rest| text[rest..].starts_with(&**part)))
        }
        ("endsWith", [Value::Text(part)]) => Value::Boolean(text.ends_with(&**part)),
        ("concat", [Value::Text(other)]) => {
            meter.text(text.len() + other.len())?;
            Value::text(format!("{text}{other}"))
        }
        ("indexOf", [part, rest @ ..]) if rest.len() < 2 => {
            let (Some(part), Some(from)) = (text_or_code_point(part), position(rest, 0)) else {
                return Ok(None);
            };
            let from = byte_at(text, from.min(units(text))).unwrap_or(text.len());
            found(text, text[from..].find(&*part).map(|at| at + from))
        }
        ("lastIndexOf", [part, rest @ ..]) if rest.len() < 2 => {
            let (Some(part), Some(last)) = (text_or_code_point(part), position(rest, usize::MAX))
            else {
                return Ok(None);
            };
            let last = byte_at(text, last.min(units(text))).unwrap_or(text.len());
            let end = text.len().min(last + part.len());
            let end = (end..=text.len())
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(text.len());
            found(text, text[..end].rfind(&*part))
        }
        ("charAt" | "codePointAt", [Value::Integer(index)]) => {
            let unit = usize::try_from(*index)
                .ok()
                .and_then(|index| text.encode_utf16().nth(index));
            let (Some(unit), Ok(at)) = (unit, usize::try_from(*index)) else {
                return Err(RenderError::OutOfBounds {
                    index: *index,
                    length: units(text),
                });
            };
            match (
                name,
                byte_at(text, at).and_then(|byte| text[byte..].chars().next()),
            ) {
                ("charAt", Some(c)) if c.len_utf16() == 1 => Value::text(c.to_string()),
                // Half of a pair alone can't be written: Java prints a question mark.
                ("charAt", _) => Value::text("?"),
                (_, Some(c)) => Value::Integer(u32::from(c).into()),
                (_, None) => Value::Integer(unit.into()),
            }
        }
        ("substring", [Value::Integer(from)]) => substring(text, *from, None)?,
        ("substring" | "subSequence", [Value::Integer(from), Value::Integer(to)]) => {
            substring(text, *from, Some(*to))?
        }
        ("replace", [Value::Text(from), Value::Text(to)]) => {
            let times = text.matches(&**from).count();
            let longer = to.len().saturating_sub(from.len()).saturating_mul(times);
            meter.text(text.len().saturating_add(longer))?;
            Value::text(text.replace(&**from, to))
        }
        ("contentEquals", [Value::Text(other)]) => Value::Boolean(other == text),
        ("regionMatches", arguments) => match region_matches(text, arguments) {
            Some(matches) => Value::Boolean(matches),
            None => return Ok(None),
        },
        // Static, and called on any string.
        ("valueOf", [value]) => Value::Text(heap.to_text(value, meter)?),
        ("join", [Value::Text(between), Value::List(list)]) => {
            let mut parts = Vec::new();
            for element in &heap.list(*list).elements {
                let part = heap.to_text(element, meter)?;
                meter.text(part.len() + between.len())?;
                parts.push(part);
            }
            let length = parts.iter().map(|part| part.len() + between.len()).sum();
            meter.text(length)?;
            Value::text(parts.join(&**between))
        }
        _ if NOT_HERE.contains(&name) => return Err(not_here("java.lang.String", name)),
        _ => return call_with_pattern(text, name, arguments, heap, patterns, meter),
    };
    Ok(Some(value))
}

/// `regionMatches(at, other, from, length)`, with or without `ignoreCase` as the first argument.
fn region_matches(text: &str, arguments: &[Value]) -> Option<bool> {
    let (fold_case, rest) = match arguments {
        [Value::Boolean(fold), rest @ ..] => (*fold, rest),
        rest => (false, rest),
    };
    let [
        Value::Integer(at),
        Value::Text(other),
        Value::Integer(from),
        Value::Integer(length),
    ] = rest
    else {
        return None;
    };
    let region = |text: &str, start: i128| {
        let start = usize::try_from(start).ok()?;
        let length = usize::try_from((*length).max(0)).ok()?;
        let region: Vec<u16> = text.encode_utf16().skip(start).take(length).collect();
        (region.len() == length && start <= units(text)).then_some(region)
    };
    let (Some(left), Some(right)) = (region(text, *at), region(other, *from)) else {
        return Some(false);
    };
    if !fold_case {
        return Some(left == right);
    }
    let folded = |units: &[u16]| fold(&String::from_utf16_lossy(units)).collect::<String>();
    Some(folded(&left) == folded(&right))
}

/// The methods that take a regular expression.
fn call_with_pattern(
    text: &Arc<str>,
    name: &str,
    arguments: &[Value],
    heap: &mut Heap,
    patterns: &mut RenderingRegexes,
    meter: &mut Meter,
) -> Result<Option<Value>, RenderError> {
    let value = match (name, arguments) {
        ("matches", [Value::Text(pattern)]) => Value::Boolean(
            patterns
                .get(pattern, true, "matches", meter)?
                .is_match(text),
        ),
        ("replaceAll" | "replaceFirst", [Value::Text(pattern), Value::Text(replacement)]) => {
            let (method, limit) = if name == "replaceAll" {
                ("replaceAll", 0)
            } else {
                ("replaceFirst", 1)
            };
            let regex = patterns.get(pattern, false, method, meter)?;
            let replaced = java_regex::replace(text, &regex, replacement, limit, MAX_TEXT_BYTES)
                .map_err(|problem| RenderError::Method { method, problem })?;
            meter.text(replaced.len())?;
            Value::text(replaced)
        }
        ("split", [Value::Text(pattern), rest @ ..]) if rest.len() < 2 => {
            let limit = match rest {
                [] => 0,
                [Value::Integer(limit)] => *limit,
                _ => return Ok(None),
            };
            let regex = patterns.get(pattern, false, "split", meter)?;
            let pieces: Vec<Value> = java_regex::split(text, &regex, limit)
                .into_iter()
                .map(Value::text)
                .collect();
            meter.work(pieces.len())?;
            heap.new_list(pieces)
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// The length in UTF-16 units.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The byte position of a UTF-16 unit; within a surrogate pair, that of the character.
fn byte_at(text: &str, unit: usize) -> Option<usize> {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units + c.len_utf16() > unit {
            return Some(byte);
        }
        units += c.len_utf16();
    }
    (units == unit).then_some(text.len())
}

fn found(text: &str, byte: Option<usize>) -> Value {
    byte.map_or(Value::Integer(-1), |byte| Value::size(units(&text[..byte])))
}

/// `indexOf` takes a string or a code point.
fn text_or_code_point(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(code) => {
            let c = u32::try_from(*code).ok().and_then(char::from_u32)?;
            Some(c.to_string().into())
        }
        _ => None,
    }
}

/// An optional position; a negative one counts as 0.
fn position(rest: &[Value], default: usize) -> Option<usize> {
    match rest {
        [] => Some(default),
        [Value::Integer(from)] => Some(usize::try_from((*from).max(0)).unwrap_or(usize::MAX)),
        _ => None,
    }
}

fn substring(text: &str, from: i128, to: Option<i128>) -> Result<Value, RenderError> {
    let length = Value::size(units(text));
    let Value::Integer(length) = length else {
        return Ok(Value::Null);
    };
    let to = to.unwrap_or(length);
    if from < 0 || from > to || to > length {
        return Err(RenderError::Method {
            method: "substring",
            problem: format!("begin {from}, end {to}, length {length}"),
        });
    }
    if text.is_ascii() {
        let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
            return Ok(Value::Null);
        };
        return Ok(Value::text(&text[from..to]));
    }
    let (skipped, taken) = (
        usize::try_from(from).unwrap_or(0),
        usize::try_from(to - from).unwrap_or(0),
    );
    let units = text.encode_utf16().skip(skipped).take(taken);
    // Half of a pair alone can't be written: Java prints a question mark.
    Ok(Value::text(
        char::decode_utf16(units)
            .map(|c| c.unwrap_or('?'))
            .collect::<String>(),
    ))
}

/// Case folding as in Java's comparisons: the lower case of each character's upper case.
fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

/// The difference of the first units that differ, else of the lengths.
fn compare(left: impl Iterator<Item = u16>, right: impl Iterator<Item = u16>) -> Value {
    let (left, right): (Vec<u16>, Vec<u16>) = (left.collect(), right.collect());
    let differing = left.iter().zip(&right).find(|(left, right)| left != right);
    match differing {
        Some((left, right)) => Value::Integer(i128::from(*left) - i128::from(*right)),
        None => match (Value::size(left.len()), Value::size(right.len())) {
            (Value::Integer(left), Value::Integer(right)) => Value::Integer(left - right),
            _ => Value::Null,
        },
    }
}

fn hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}
