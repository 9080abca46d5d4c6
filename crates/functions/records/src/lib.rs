//! The record of a picture, its label index, and how two functions write both without a lock.
//!
//! # The tables
//!
//! `ImageTable`, partition key `Id` (the object's key):
//!
//! | attribute | holds |
//! | --- | --- |
//! | `Seq` | the newest event's [`Sequencer`](events::Sequencer) |
//! | `Rev` | a number that every write adds one to: the optimistic lock |
//! | `UploadedAt`, `Bytes` | `2026-11-22T13:00:00.000Z`, the event's time; size in bytes |
//! | `Analysis`, `AnalysisSummary`, `Thumbnails` | the two parts and a summary, each the JSON text that the API returns |
//! | `Labels` | list of `Name` and `Confidence`, typed, for whoever queries the table |
//! | `Indexed` | map of label name to confidence: the rows now in `LabelTable` |
//! | `Sizes` | the thumbnail sizes that may be in the bucket |
//! | `Deleted`, `ExpiresAt` | on a tombstone only: true, and when `DynamoDB` may forget it |
//!
//! `LabelTable`, partition key `Label`, sort key `Rank` (`098.7100#pets/cat.jpg`): `Key`, `Confidence`.
//!
//! # The protocol
//!
//! Both functions do the same: read the record, [`merge`] what they have to say, write the result on the
//! condition that nobody else wrote meanwhile, or start again. [`merge`] is pure, and any order of events, with
//! any repetition, leads to the same record; [`Store`] is the loop around it.

mod decimal;
mod item;
mod merge;
mod part;
mod record;
mod store;

pub use decimal::Decimal;
pub use item::ItemError;
pub use merge::{Outcome, Write, merge};
pub use part::{Analysis, BoundingBox, Instance, Label, Part, Reason, Thumbnail, Thumbnails, href};
pub use record::{IndexChanges, Picture, Record, State, rank};
pub use store::{Store, StoreError, Verdict, Written};

/// Keys of more bytes than this are not handled: `Rank` puts nine bytes before the key, and a sort key holds
/// 1,024.
pub const MAX_KEY_BYTES: usize = 1000;

/// Rows that one picture may have in the label index: a transaction takes 100 writes, and replacing the labels
/// takes the record, so many new rows and so many old ones.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub const MAX_LABELS: usize = 49;
