//! What an event does to a record.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::TimeDelta;
use events::ObjectEvent;

use crate::{Analysis, Part, Picture, Record, State, Thumbnails};

/// How long a tombstone is kept: longer than an older event can be on its way. SNS retries for 23 days, and a
/// failure queue keeps a message for 14 more.
const TOMBSTONE: TimeDelta = TimeDelta::days(45);

/// What one of the two functions has to say about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// create-thumbnail made thumbnails of an upload, or can't.
    Thumbnails {
        /// The upload's size in bytes.
        bytes: u64,
        /// What came out.
        part: Part<Thumbnails>,
        /// Sizes whose thumbnails were taken out of the bucket.
        cleared: BTreeSet<u32>,
    },
    /// analyze-image looked at an upload, or can't. The label index follows.
    Analysis {
        /// The upload's size in bytes.
        bytes: u64,
        /// What came out.
        part: Part<Analysis>,
    },
    /// create-thumbnail heard that the object was deleted. The label index is left to analyze-image.
    Removed,
    /// analyze-image heard that the object was deleted. The label index is emptied.
    RemovedFromIndex,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Write this record in place of the one that was read.
    Write(Box<Record>),
    /// Nothing: this was written before.
    Duplicate,
    /// Nothing: the record already tells of a newer event.
    Late,
}

/// Merges what a function has to say about `event` into `record`, as it was read.
///
/// A newer event starts the record afresh with this part only, so that both parts always belong to the same
/// upload; what is in the label index and the thumbnail bucket is carried over until it is replaced there. An
/// older event changes nothing. Should a creation and a removal ever bear the same sequencer, the removal wins.
#[must_use]
pub fn merge(record: Option<&Record>, event: &ObjectEvent, write: &Write) -> Outcome {
    let fresh = || Record {
        key: event.key.clone(),
        seq: event.sequencer.clone(),
        rev: 0,
        indexed: record
            .map(|record| record.indexed.clone())
            .unwrap_or_default(),
        sizes: record
            .map(|record| record.sizes.clone())
            .unwrap_or_default(),
        state: State::Deleted {
            expires_at: (event.time + TOMBSTONE).timestamp(),
        },
    };
    let age = record.map_or(Ordering::Greater, |record| event.sequencer.cmp(&record.seq));
    let same = record.filter(|_| age == Ordering::Equal);
    if age == Ordering::Less {
        return Outcome::Late;
    }
    // The record and the upload to set a part in; none if the part is there or the object deleted.
    let open = |bytes, pending: &dyn Fn(&Picture) -> bool| match same {
        None => {
            let (analysis, thumbnails) = (Part::Pending, Part::Pending);
            Some((
                fresh(),
                Picture {
                    uploaded_at: event.time,
                    bytes,
                    analysis,
                    thumbnails,
                },
            ))
        }
        Some(same) => {
            let picture = same.picture().filter(|picture| pending(picture))?;
            Some((same.clone(), picture.clone()))
        }
    };

    let mut next = match write {
        Write::Thumbnails {
            bytes,
            part,
            cleared,
        } => {
            let Some((mut next, mut picture)) =
                open(*bytes, &|picture| picture.thumbnails.is_pending())
            else {
                return Outcome::Duplicate;
            };
            next.sizes.retain(|size| !cleared.contains(size));
            next.sizes.extend(
                part.done()
                    .into_iter()
                    .flat_map(|done| &done.items)
                    .map(|item| item.size),
            );
            picture.thumbnails = part.clone();
            next.state = State::Present(picture);
            next
        }
        Write::Analysis { bytes, part } => {
            let Some((mut next, mut picture)) =
                open(*bytes, &|picture| picture.analysis.is_pending())
            else {
                return Outcome::Duplicate;
            };
            let labels = part.done().into_iter().flat_map(|done| &done.labels);
            next.indexed = labels
                .map(|label| (label.name.clone(), label.confidence))
                .collect();
            picture.analysis = part.clone();
            next.state = State::Present(picture);
            next
        }
        Write::Removed => match same {
            Some(same) if same.is_deleted() => return Outcome::Duplicate,
            _ => fresh(),
        },
        Write::RemovedFromIndex => match same {
            Some(same) if same.is_deleted() && same.indexed.is_empty() => {
                return Outcome::Duplicate;
            }
            _ => {
                let mut next = fresh();
                next.indexed.clear();
                next
            }
        },
    };
    next.rev = record.map_or(0, |record| record.rev) + 1;
    Outcome::Write(Box::new(next))
}
