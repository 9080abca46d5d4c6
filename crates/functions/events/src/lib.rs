//! S3 event notifications, decoded from what Lambda invokes a function with.
//!
//! S3 publishes to a topic, the topic sends to a queue, and Lambda polls the queue: an invocation holds SQS messages, each
//! of which holds an S3 notification as text, alone (raw message delivery) or in an SNS envelope. A topic that invokes
//! the function itself delivers SNS records instead. [`decode`] reads all of these shapes, and a record that it cannot
//! read does not hide the others.

mod error;
mod key;
mod message;
mod notification;
mod sequencer;

use chrono::{DateTime, Utc};

pub use error::{DecodeError, chain};
pub use key::{KeyError, decode_key};
pub use message::{Message, Receipt, decode};
pub use sequencer::{Sequencer, SequencerError};

/// One thing that happened to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// Orders the events of this key.
    pub sequencer: Sequencer,
    /// When S3 finished the request.
    pub time: DateTime<Utc>,
    /// What happened.
    pub change: Change,
    /// Whether the work has to be done again although it has been done: `ObjectCreated:Reprocess`, which S3 does not send.
    /// The sequencer is then that of the record, or 0 if there is none.
    pub reprocess: bool,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `ObjectCreated:*`: it was uploaded, copied or completed.
    Created {
        /// The entity tag, without quotes.
        e_tag: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// `ObjectRemoved:*`: it was deleted, or hidden by a delete marker.
    Removed {
        /// In a versioned bucket, the version that was deleted permanently. The object may still exist: another version
        /// can be the current one.
        version: Option<String>,
    },
}
