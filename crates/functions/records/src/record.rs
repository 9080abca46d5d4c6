//! The record of one key.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use events::Sequencer;

use crate::{Analysis, Content, Decimal, Part, Thumbnails};

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The object's key.
    pub key: String,
    /// The sequencer of the newest event.
    pub seq: Sequencer,
    /// How many times the record was written.
    pub rev: u64,
    /// The key's rows in the label index, by label name: those of the newest analysis, which may be of an older upload.
    pub indexed: BTreeMap<String, Decimal>,
    /// Sizes whose thumbnails may be in the bucket, of this upload or an older one.
    pub sizes: BTreeSet<u32>,
    /// Whether the object exists.
    pub state: State,
}

/// Whether the object exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It exists.
    Present(Image),
    /// It was deleted. The tombstone keeps late events of older uploads from bringing it back.
    Deleted {
        /// When no older event can arrive any more, in seconds since 1970.
        expires_at: i64,
    },
}

/// An upload and the results for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The time of the upload.
    pub uploaded_at: DateTime<Utc>,
    /// Size in bytes.
    pub bytes: u64,
    /// What was analysed, and with which settings, if another upload can have the same.
    pub content: Option<Content>,
    /// analyze-image's part.
    pub analysis: Part<Analysis>,
    /// create-thumbnail's part.
    pub thumbnails: Part<Thumbnails>,
}

/// What a new record changes in the label index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexChanges {
    /// Rows to add: label and confidence.
    pub put: Vec<(String, Decimal)>,
    /// Rows to delete: label and confidence.
    pub delete: Vec<(String, Decimal)>,
}

impl Record {
    /// Whether the object was deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.state, State::Deleted { .. })
    }

    /// The image, if the object exists.
    #[must_use]
    pub fn image(&self) -> Option<&Image> {
        match &self.state {
            State::Present(image) => Some(image),
            State::Deleted { .. } => None,
        }
    }

    /// What changes in the label index when `self` replaces `old`. Label and confidence are both in a row's key; rows that
    /// stay are not written again.
    #[must_use]
    pub fn index_changes(&self, old: Option<&Self>) -> IndexChanges {
        let none = BTreeMap::new();
        let old = old.map_or(&none, |old| &old.indexed);
        let less = |rows: &BTreeMap<String, Decimal>, others: &BTreeMap<String, Decimal>| {
            rows.iter()
                .filter(|(label, confidence)| others.get(*label) != Some(confidence))
                .map(|(label, confidence)| (label.clone(), *confidence))
                .collect()
        };
        IndexChanges {
            put: less(&self.indexed, old),
            delete: less(old, &self.indexed),
        }
    }
}

impl IndexChanges {
    /// Whether the index stays as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.delete.is_empty()
    }
}

/// The sort key of an index row: `098.7100#pets/cat.jpg`. Descending order is most confident first, and no two images have
/// the same.
#[must_use]
pub fn rank(confidence: Decimal, key: &str) -> String {
    format!("{}#{key}", confidence.sortable())
}
