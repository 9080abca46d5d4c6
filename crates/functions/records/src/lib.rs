//! The record of an image, the label index, and how two functions write both without a lock.
//!
//! # The tables
//!
//! `ImageTable`, partition key `Id` (the object's key):
//!
//! | attribute | holds |
//! | --- | --- |
//! | `Seq` | the [`Sequencer`](events::Sequencer) of the newest event |
//! | `Rev` | number of writes: the optimistic lock |
//! | `UploadedAt`, `Bytes` | the event's time, `2026-11-22T13:00:00.000Z`; size in bytes |
//! | `Analysis`, `AnalysisSummary`, `Thumbnails` | the two parts and a summary, each as the JSON that the API returns |
//! | `Labels` | list of `Name` and `Confidence`, for other readers of the table |
//! | `Content` | the [`Content`] that was analysed |
//! | `Listed`, `ListedAt` | not on a tombstone: `image`, and the upload's time in milliseconds since 1970, 13 digits: keys of the index `Newest` |
//! | `Indexed` | map of label name to confidence: the image's rows in `LabelTable` |
//! | `Sizes` | sizes whose thumbnails may be in the bucket |
//! | `Deleted`, `ExpiresAt` | only on a tombstone: true, and its time to live |
//!
//! `LabelTable`, partition key `Label`, sort key `Rank` (`098.7100#pets/cat.jpg`): `Key`, `Confidence`.
//!
//! `ContentTable`: see [`Contents`].
//!
//! # The protocol
//!
//! Both functions read the record, [`merge`] their part into it, and write the result on the condition that the record has
//! not changed meanwhile; if it has, they start again. [`merge`] is pure, and any order of events, with any repetition,
//! leads to the same record; [`Store`] is the loop around it.

mod contents;
mod decimal;
mod item;
mod merge;
mod part;
mod record;
mod store;

pub use contents::{Content, ContentError, Contents, Pointer};
pub use decimal::Decimal;
pub use item::ItemError;
pub use merge::{Merged, Write, merge};
pub use part::{Analysis, BoundingBox, Instance, Label, Part, Reason, Thumbnail, Thumbnails, href};
pub use record::{Image, IndexChanges, Record, State, rank};
pub use store::{Store, StoreError, Verdict, Written};

/// The length in bytes of the longest key whose image is handled: `Rank` has nine bytes before the key, a thumbnail's key has
/// its size, and a sort key and an object's key have at most 1,024 bytes. A longer key (S3 allows 1,024) only has a record.
pub const MAX_KEY_BYTES: usize = 1000;

/// How many rows an image may have in the label index: a transaction has at most 100 writes, and replacing the labels
/// writes the record, deletes the old rows and puts the new ones.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub const MAX_LABELS: usize = 49;
