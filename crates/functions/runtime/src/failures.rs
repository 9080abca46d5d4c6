//! The records of one invocation that failed.

use std::error::Error;
use std::fmt;

use events::chain;

/// The records of an invocation that failed, after all of them were tried. The message is what Lambda logs and reports
/// as the function's error, so it names each key with all the causes.
#[derive(Debug, Default)]
pub struct Failures {
    /// How many records there were.
    pub tried: usize,
    /// Those that failed, in the order of arrival.
    pub failed: Vec<Failure>,
}

/// One record that failed.
#[derive(Debug)]
pub struct Failure {
    /// The object's key, if the record could be read.
    pub key: Option<String>,
    /// Why.
    pub error: Box<dyn Error + Send + Sync>,
}

impl Failures {
    pub(crate) fn push(
        &mut self,
        key: Option<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) {
        let error = error.into();
        self.failed.push(Failure { key, error });
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} records failed", self.failed.len(), self.tried)?;
        for failure in &self.failed {
            match &failure.key {
                Some(key) => write!(f, "; {key:?}: {}", chain(failure.error.as_ref()))?,
                None => write!(f, "; {}", chain(failure.error.as_ref()))?,
            }
        }
        Ok(())
    }
}

impl Error for Failures {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_each_key_with_its_causes() {
        let mut failures = Failures {
            tried: 5,
            ..Failures::default()
        };
        let source = events::decode_key("%FF").unwrap_err();
        failures.push(Some("a.jpg".into()), events::DecodeError::Key(source));
        failures.push(None, "broken");
        assert_eq!(
            failures.to_string(),
            r#"2 of 5 records failed; "a.jpg": key cannot be decoded: "%FF" is not UTF-8 once decoded: invalid utf-8 sequence of 1 bytes from index 0; broken"#
        );
    }
}
