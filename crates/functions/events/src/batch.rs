//! The records of one invocation: all are tried before it fails.

use std::error::Error;
use std::fmt;
use std::vec::IntoIter;

use tracing::{error, info};

use crate::{DecodeError, ObjectEvent, SnsEvent, decode};

/// The records of one invocation, one after the other, and which of them failed.
#[derive(Debug)]
pub struct Batch {
    events: IntoIter<Result<ObjectEvent, DecodeError>>,
    tried: usize,
    failed: Vec<Failure>,
}

impl Batch {
    /// Everything that `event` holds. What asks for nothing is logged and left out.
    #[must_use]
    pub fn new(event: &SnsEvent) -> Self {
        let decoded = decode(event);
        for ignored in decoded.ignored {
            info!(
                outcome = "ignored",
                message_id = ignored.message_id,
                reason = ignored.reason
            );
        }
        Self {
            tried: decoded.events.len(),
            events: decoded.events.into_iter(),
            failed: vec![],
        }
    }

    /// The next record. One that cannot be read is logged, counted as failed and passed over.
    pub fn next_event(&mut self) -> Option<ObjectEvent> {
        loop {
            match self.events.next()? {
                Ok(event) => return Some(event),
                Err(error) => {
                    error!(outcome = "unreadable", error = chain(&error));
                    self.failed.push(Failure {
                        key: None,
                        error: error.into(),
                    });
                }
            }
        }
    }

    /// Notes that `event` could not be handled.
    pub fn failed(&mut self, event: ObjectEvent, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.failed.push(Failure {
            key: Some(event.key),
            error: error.into(),
        });
    }

    /// How the invocation ends.
    ///
    /// # Errors
    /// The records that failed, if any did.
    pub fn end(self) -> Result<(), Failures> {
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(Failures {
            tried: self.tried,
            failed: self.failed,
        })
    }
}

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
