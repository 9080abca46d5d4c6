//! Converts YAML events to [`Node`]s, with CloudFormation's exceptions.
//!
//! CloudFormation reads YAML 1.1 without aliases, hash merges and the tags binary, omap, pairs, set and timestamp
//! ("CloudFormation template format", user guide). An unquoted `2012-10-17` is therefore a string. Numbers whose spelling
//! would be lost, like the account id `012345678901`, an octal `0755` or `1_000`, are read as strings, too.

use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use crate::{Error, Node, Span, Value};

/// More than any template needs; bounds every recursion over a node.
const MAX_DEPTH: usize = 100;

/// Reads the one document of `text`.
pub(crate) fn parse(text: &str) -> Result<Node, Error> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
    };
    reader.expect_prologue()?;
    let (event, span) = reader.next()?;
    let node = reader.node(event, span, 0)?;
    reader.expect_end()?;
    Ok(node)
}

struct Reader<'text> {
    parser: Parser<'text, StrInput<'text>>,
}

impl<'text> Reader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place(&span.start))),
            Some(Err(error)) => Err(Error::new(
                place(error.marker()),
                format!("YAML not well-formed: {}", error.info()),
            )),
            None => Err(Error::without_place("YAML not well-formed: ends too early")),
        }
    }

    fn expect_prologue(&mut self) -> Result<(), Error> {
        loop {
            match self.next()? {
                (Event::DocumentStart(_), _) => return Ok(()),
                (Event::StreamEnd, span) => return Err(Error::new(span, "the document is empty")),
                _ => {}
            }
        }
    }

    fn expect_end(&mut self) -> Result<(), Error> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    return Err(Error::new(span, "there is more than one YAML document"));
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, Error> {
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Error::new(span, message));
        }
        let (value, tag) = match event {
            Event::Scalar(text, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                (scalar(&text, plain, tag.as_deref()), tag)
            }
            Event::SequenceStart(_, tag) => (self.list(depth)?, tag),
            Event::MappingStart(_, tag) => (self.map(depth)?, tag),
            Event::Alias(_) => return Err(Error::new(span, "YAML aliases are not supported")),
            other => {
                let message = format!("YAML not well-formed: unexpected {other:?}");
                return Err(Error::new(span, message));
            }
        };
        let node = Node { span, value };
        match tag {
            Some(tag) => tagged(&tag, node),
            None => Ok(node),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Error> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(entries)),
                (event, span) => {
                    let entry = self.node(event, span, depth + 1);
                    entries.push(entry.map_err(|error| error.within_entry(entries.len()))?);
                }
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Error> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (key, span) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(entries)),
                (Event::Scalar(text, style, _, None), span) => {
                    let plain = style == ScalarStyle::Plain;
                    if plain && text == "<<" {
                        return Err(Error::new(span, "YAML merges (<<) are not supported"));
                    }
                    if plain && text.is_empty() {
                        return Err(Error::new(span, "a key is missing"));
                    }
                    (text.into_owned(), span)
                }
                (Event::Alias(_), span) => {
                    return Err(Error::new(span, "YAML aliases are not supported"));
                }
                (_, span) => return Err(Error::new(span, "a key must be plain text")),
            };
            if !seen.insert(key.clone()) {
                return Err(Error::new(span, format!("the key {key} appears twice")));
            }
            let (event, value_span) = self.next().map_err(|error| error.within(&key))?;
            let value = self.node(event, value_span, depth + 1);
            let value = value.map_err(|error| error.within(&key))?;
            entries.push((key, span, value));
        }
    }
}

fn place(marker: &Marker) -> Span {
    Span {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

fn scalar(text: &str, plain: bool, tag: Option<&Tag>) -> Value {
    // A short intrinsic's argument and `!!str` are strings; `!!int` and the like don't change a plain scalar.
    let resolve = tag.map_or(plain, |tag| {
        tag.is_yaml_core_schema() && tag.suffix != "str"
    });
    if resolve {
        plain_value(text)
    } else {
        text.into()
    }
}

/// YAML 1.1's booleans and nulls, and those of its numbers that are the same in JSON.
fn plain_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => plain_number(text).map_or_else(|| text.into(), Value::Number),
    }
}

/// An integer of up to 64 bits or a decimal fraction, in JSON's notation. YAML 1.1 requires a fraction before an exponent:
/// `1e3` is a string.
fn plain_number(text: &str) -> Option<serde_json::Number> {
    let number: serde_json::Number = text.parse().ok()?;
    let integer = text
        .bytes()
        .skip_while(|b| *b == b'-')
        .all(|b| b.is_ascii_digit());
    let representable = if integer {
        !number.is_f64()
    } else {
        text.contains('.')
    };
    representable.then_some(number)
}

/// `!Ref X` → `{Ref: X}`, `!Sub x` → `{Fn::Sub: x}`. Whether the function exists is checked when the expression is read.
fn tagged(tag: &Tag, node: Node) -> Result<Node, Error> {
    let span = node.span;
    if tag.is_yaml_core_schema() {
        return match tag.suffix.as_str() {
            "str" | "int" | "float" | "bool" | "null" | "seq" | "map" => Ok(node),
            other => Err(Error::new(
                span,
                format!("the YAML tag !!{other} is not supported"),
            )),
        };
    }
    let key = match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("!", name @ ("Ref" | "Condition")) => name.to_owned(),
        ("!", name) if !name.is_empty() => format!("Fn::{name}"),
        (handle, name) => {
            let message = format!("the YAML tag {handle}{name} is not supported");
            return Err(Error::new(span, message));
        }
    };
    Ok(Node {
        span,
        value: Value::Map(vec![(key, span, node)]),
    })
}
