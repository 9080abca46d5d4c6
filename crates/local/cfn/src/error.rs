//! The error for everything that can be wrong with a template.

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
    /// The place in the template. The value of a parameter has none.
    pub span: Option<Span>,
    /// Keys from the outermost, joined by dots, with indices of list entries: `Resources.Queue.Properties.Tags[0]`.
    pub path: String,
    /// What is wrong, with CloudFormation's own message if it is known.
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

    /// An error without a place in the template.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self {
            file: None,
            span: None,
            path: String::new(),
            message: message.into(),
        }
    }

    /// The same error with `key` prepended to its path.
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

    /// The same error with the list entry `index`, counted from 0, prepended to its path.
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
