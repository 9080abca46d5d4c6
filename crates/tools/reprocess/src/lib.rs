//! Makes thumbnails, or analyses, again for everything in the raw bucket.
//!
//! Every object of the bucket becomes an event with the structure of S3's, which is sent to the queue of one function; the
//! topic would send it to both. Such an event is ordered with real ones. Its sequencer is that of the record, so that the
//! function replaces only its own part of it; or 0 if there is no record, so that any real event is newer. An object whose
//! own event has not been handled yet is left to that event.

mod checkpoint;
mod event;
mod stack;
mod walk;

pub use checkpoint::Checkpoint;
pub use event::{Object, Recorded, event};
pub use stack::{Outputs, describe, outputs};
pub use walk::{Clients, Progress, Walk};
