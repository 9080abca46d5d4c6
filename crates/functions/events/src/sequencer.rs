//! The order of the events of one key.

use std::fmt;
use std::str::FromStr;

/// S3's `sequencer`: a hexadecimal string that orders the creations and removals of one key.
///
/// Two sequencers are compared by padding the shorter with zeros on the right; those of different keys cannot be
/// compared. Stored in upper case and padded to 32 digits (a longer one without trailing zeros), so that string order is
/// the order of events.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequencer(String);

/// A string that is not a sequencer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sequencer {0:?} is not hexadecimal")]
pub struct SequencerError(String);

impl Sequencer {
    /// The padded string, as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sequencer {
    type Err = SequencerError;

    fn from_str(digits: &str) -> Result<Self, SequencerError> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SequencerError(digits.to_owned()));
        }
        let digits = digits.to_ascii_uppercase();
        Ok(Self(format!("{:0<32}", digits.trim_end_matches('0'))))
    }
}

impl fmt::Display for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
