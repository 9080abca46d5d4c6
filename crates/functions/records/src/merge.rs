//! What an event does to a record.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::TimeDelta;
use events::ObjectEvent;

use crate::{Analysis, Content, Image, Part, Record, State, Thumbnails};

/// How long a tombstone is kept: longer than an older event can be delayed. SNS retries for up to 23 days, a queue keeps
/// a message for 4, a dead-letter queue for 14, and a redrive puts it into the first queue again.
const TOMBSTONE: TimeDelta = TimeDelta::days(60);

/// What one of the two functions writes about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// create-thumbnail's part of an upload.
    Thumbnails {
        /// Size of the upload in bytes.
        bytes: u64,
        /// Its result.
        part: Part<Thumbnails>,
        /// Sizes whose thumbnails were deleted from the bucket.
        deleted: BTreeSet<u32>,
    },
    /// analyze-image's part of an upload. The label index changes with it.
    Analysis {
        /// Size of the upload in bytes.
        bytes: u64,
        /// What was analysed, if another upload can have the same.
        content: Option<Content>,
        /// Its result.
        part: Part<Analysis>,
    },
    /// create-thumbnail: the object was deleted. The label index is left to analyze-image.
    Removed,
    /// analyze-image: the object was deleted. Its rows are deleted from the label index.
    RemovedFromIndex,
}

/// The result of merging a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Write this record in place of the one that was read.
    Write(Box<Record>),
    /// Write nothing: the record has it already.
    Duplicate,
    /// Write nothing: the record is of a newer event.
    Late,
}

/// Merges what a function writes about `event` into the record that was read.
///
/// A newer event starts a new record with this part only, so that both parts always belong to the same upload; what is in
/// the label index and in the thumbnail bucket is carried over until it is replaced there. An older event changes nothing.
/// Should a creation and a removal have the same sequencer, the removal wins. A part that is set stays, unless the event is
/// to reprocess.
#[must_use]
pub fn merge(record: Option<&Record>, event: &ObjectEvent, write: &Write) -> Merged {
    let new = || Record {
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
        return Merged::Late;
    }
    // The record and the image to set a part in; none if the part is set or the object deleted.
    let open = |bytes, pending: &dyn Fn(&Image) -> bool| match same {
        None => Some((
            new(),
            Image {
                uploaded_at: event.time,
                bytes,
                content: None,
                analysis: Part::Pending,
                thumbnails: Part::Pending,
            },
        )),
        Some(same) => {
            let image = same
                .image()
                .filter(|image| event.reprocess || pending(image))?;
            Some((same.clone(), image.clone()))
        }
    };

    let mut next = match write {
        Write::Thumbnails {
            bytes,
            part,
            deleted,
        } => {
            let Some((mut next, mut image)) = open(*bytes, &|image| image.thumbnails.is_pending())
            else {
                return Merged::Duplicate;
            };
            next.sizes.retain(|size| !deleted.contains(size));
            next.sizes.extend(
                part.done()
                    .into_iter()
                    .flat_map(|done| &done.items)
                    .map(|item| item.size),
            );
            image.thumbnails = part.clone();
            next.state = State::Present(image);
            next
        }
        Write::Analysis {
            bytes,
            content,
            part,
        } => {
            let Some((mut next, mut image)) = open(*bytes, &|image| image.analysis.is_pending())
            else {
                return Merged::Duplicate;
            };
            let labels = part.done().into_iter().flat_map(|done| &done.labels);
            next.indexed = labels
                .map(|label| (label.name.clone(), label.confidence))
                .collect();
            image.content.clone_from(content);
            image.analysis = part.clone();
            next.state = State::Present(image);
            next
        }
        Write::Removed => match same {
            Some(same) if same.is_deleted() => return Merged::Duplicate,
            _ => new(),
        },
        Write::RemovedFromIndex => match same {
            Some(same) if same.is_deleted() && same.indexed.is_empty() => {
                return Merged::Duplicate;
            }
            _ => {
                let mut next = new();
                next.indexed.clear();
                next
            }
        },
    };
    next.rev = record.map_or(0, |record| record.rev) + 1;
    Merged::Write(Box::new(next))
}
