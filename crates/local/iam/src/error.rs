//! Why a policy document is refused.

/// Why a policy document is refused, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", path, if path.is_empty() { "" } else { ": " })]
pub struct Error {
    /// The path of the offending part: `Statement[0].Condition.StringEquals`; empty for the whole document.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
        }
    }

    /// The same error with `key` prepended to its path.
    pub(crate) fn within(mut self, key: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{key}{separator}{}", self.path);
        self
    }
}
