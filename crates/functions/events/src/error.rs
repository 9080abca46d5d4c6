//! Why a record cannot be read.

use std::error::Error;

use crate::{KeyError, SequencerError};

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Lambda's payload has no `Records`.
    #[error("the payload has no Records")]
    Payload,
    /// A record of the payload is neither an SQS message nor an SNS record.
    #[error("record {index} of the payload is neither from SQS nor from SNS")]
    Source {
        /// Position in the payload, from 0.
        index: usize,
    },
    /// The message is not JSON.
    #[error("message {message_id} is not JSON")]
    Json {
        /// The SQS or SNS message.
        message_id: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// The message is JSON, but not an S3 notification.
    #[error("message {message_id} is not an S3 notification: it has no Records")]
    NoRecords {
        /// The SQS or SNS message.
        message_id: String,
    },
    /// A record that does not have the structure of an S3 record.
    #[error("record {index} of message {message_id} is not an S3 record")]
    Structure {
        /// The SQS or SNS message.
        message_id: String,
        /// Position in the message, from 0.
        index: usize,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A field is missing, empty or out of range.
    #[error("S3 record of key {key:?} has no valid {field}")]
    Field {
        /// The key, still encoded; empty if the key itself is missing.
        key: String,
        /// The field's path in the record.
        field: &'static str,
    },
    /// The key is not encoded as S3 encodes keys.
    #[error("key cannot be decoded")]
    Key(#[from] KeyError),
    /// The sequencer is not hexadecimal.
    #[error("S3 record of key {key:?} cannot be ordered")]
    Sequencer {
        /// The key, still encoded.
        key: String,
        /// The parser's error.
        source: SequencerError,
    },
}

/// An error and its sources, separated by colons. A source whose message the text already ends with is left out.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        source = error.source();
    }
    text
}
