//! Makes thumbnails, or analyses, again for everything in the raw bucket.
//!
//! Every object of the bucket becomes an event with the structure of S3's, which is sent to the queue of the function that is
//! wanted: through the topic it would wake both. Such an event is ordered with real ones. Its sequencer is that of the
//! record, so that the function replaces its own part of it and nothing else; or 0 if there is no record, so that any real
//! event is newer. An object whose own event is still to come is left to that event.

mod checkpoint;
mod event;
mod stack;
mod walk;

pub use checkpoint::Checkpoint;
pub use event::{Object, Recorded, event};
pub use stack::{Outputs, describe, outputs};
pub use walk::{Clients, Progress, Walk};
