//! One error for everything that can be wrong with a template: where, in which part, and what.

use std::fmt;

use crate::Span;

/// What is wrong with a template, and where.
///
/// Displayed as `infra.yaml:12:5: Resources.RawBucket.Properties.Foo: unknown field …`; parts that are not known
/// are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The template's file name, where it is known.
    pub file: Option<String>,
    /// Where it was written. A parameter that was given from outside has no place in the template.
    pub span: Option<Span>,
    /// Keys from the outside in, joined by dots, list entries by their index: `Resources.Queue.Properties.Tags[0]`.
    pub path: String,
    /// What is wrong, in CloudFormation's own words where it has some.
    pub message: String,
}

impl Error {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            ..Self::without_place(message)
        }
    }

    /// An error that belongs to no line of the template.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self {
            file: None,
            span: None,
            path: String::new(),
            message: message.into(),
        }
    }

    /// The same error, seen from one level further out: under `key`.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        if self.path.is_empty() {
            self.path.push_str(key);
        } else {
            let separator = if self.path.starts_with('[') { "" } else { "." };
            self.path = format!("{key}{separator}{}", self.path);
        }
        self
    }

    /// The same error, seen from one level further out: in the list entry `index`, counted from 0.
    #[must_use]
    pub fn within_entry(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// The same error with the name of its file, unless it has one.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.to_owned());
        self
    }

    /// The same error with a place, unless it has one.
    #[must_use]
    pub fn or_at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.span) {
            (Some(file), Some(span)) => write!(f, "{file}:{span}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some(span)) => write!(f, "{span}: ")?,
            (None, None) => {}
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::without_place(message.to_string())
    }
}
