//! The end of an invocation in which some records failed.

use std::error::Error;
use std::fmt;

/// One record that could not be handled.
#[derive(Debug)]
pub struct Failure {
    /// The object's key, if the record could be read.
    pub key: Option<String>,
    /// Why.
    pub error: Box<dyn Error + Send + Sync>,
}

/// The records of an invocation that failed, after all of them were tried. Its message is what Lambda keeps
/// with the event in a failure queue, so it names each key with the whole chain of causes.
#[derive(Debug)]
pub struct Failures {
    /// How many records there were.
    pub tried: usize,
    /// Those that failed, in the order of arrival.
    pub failed: Vec<Failure>,
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

/// An error with its causes, each after a colon. A cause that only repeats what is already said is left out.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
