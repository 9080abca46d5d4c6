//! One picture's record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use events::Sequencer;

use crate::{Analysis, Decimal, Part, Thumbnails};

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The object's key.
    pub key: String,
    /// The newest event that was merged.
    pub seq: Sequencer,
    /// How often this record was written.
    pub rev: u64,
    /// The label index's rows for this key, by label name: those of the newest analysis that was written, which
    /// may be that of an older upload.
    pub indexed: BTreeMap<String, Decimal>,
    /// Sizes whose thumbnails may be in the bucket, of this upload or an older one.
    pub sizes: BTreeSet<u32>,
    /// Whether the object is there.
    pub state: State,
}

/// What became of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there.
    Present(Picture),
    /// It was deleted. The tombstone keeps events of older uploads, which may still come, from bringing it back.
    Deleted {
        /// When no older event can come any more, in seconds since 1970.
        expires_at: i64,
    },
}

/// An upload and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// When.
    pub uploaded_at: DateTime<Utc>,
    /// Its size in bytes.
    pub bytes: u64,
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
    /// Rows to take away: label and confidence.
    pub delete: Vec<(String, Decimal)>,
}

impl Record {
    /// Whether the object was deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.state, State::Deleted { .. })
    }

    /// The upload, if the object is there.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        match &self.state {
            State::Present(picture) => Some(picture),
            State::Deleted { .. } => None,
        }
    }

    /// What has to change in the label index when `self` replaces `old`. A row is its label and its confidence,
    /// as both are in its key; rows that stay are not written again.
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

/// The sort key of an index row: `098.7100#pets/cat.jpg`. Read backwards it goes from the most confident down,
/// and no two pictures share one.
#[must_use]
pub fn rank(confidence: Decimal, key: &str) -> String {
    format!("{}#{key}", confidence.sortable())
}
