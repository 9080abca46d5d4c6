//! The order of the events of one key.

use std::fmt;
use std::str::FromStr;

/// S3's `sequencer`: a hexadecimal text that orders the creations and removals of one key.
///
/// Two are compared by padding the shorter with zeros on the right and comparing the texts; those of
/// different keys mean nothing to each other. Kept in upper case and padded to 32 digits, longer ones as they
/// are without zeros at the end, so that plain text order is the order of events.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequencer(String);

/// A text that is no sequencer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sequencer {0:?} is not hexadecimal")]
pub struct SequencerError(String);

impl Sequencer {
    /// The padded text, as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sequencer {
    type Err = SequencerError;

    fn from_str(text: &str) -> Result<Self, SequencerError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SequencerError(text.to_owned()));
        }
        let digits = text.to_ascii_uppercase();
        Ok(Self(format!("{:0<32}", digits.trim_end_matches('0'))))
    }
}

impl fmt::Display for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
