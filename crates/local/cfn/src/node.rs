//! A YAML value with its place in the file.

use std::fmt;

use serde_json::Number;

use crate::{Error, yaml};

/// A place in a template; line and column count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and its place.
///
/// As a field of a struct that [`from_node`](crate::from_node) reads, it gets that part of the template unchanged, with
/// its places.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// The value of a [`Node`]: JSON's types, with maps in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, which CloudFormation refuses in a template.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that JSON allows.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// Keys, each with its own place, and their values; no key appears twice.
    Map(Vec<(String, Span, Node)>),
}

impl Node {
    /// Reads one YAML (or JSON) document; short intrinsics become their long form: `!Ref A` is `{Ref: A}`, `!Sub x`
    /// is `{Fn::Sub: x}`.
    ///
    /// # Errors
    /// YAML that is malformed, has aliases, merges or repeated keys, or is nested deeper than 100 levels.
    pub fn parse(text: &str) -> Result<Self, Error> {
        yaml::parse(text)
    }

    /// The value of a map's key; `None` if there is none, or if this is not a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.as_map()?;
        entries
            .iter()
            .find_map(|(name, _, value)| (name == key).then_some(value))
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(entries) => Some(entries),
            _ => None,
        }
    }

    /// Keys with their places and values in the order of the file, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(String, Span, Self)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// A scalar as a string, as in CloudFormation: `true` is `"true"`, `5` is `"5"`; `None` for lists, maps and null.
    #[must_use]
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The same as JSON, without places.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::List(entries) => entries.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, _, value)| (key.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}
