//! The progress of a run, so that it can be resumed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// How far a run has come. It is saved in a file after each page of objects; a page that was interrupted is sent again,
/// which repeats work but does no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The bucket, the prefix and the queue; a run with others starts from the beginning.
    pub run: [String; 3],
    /// The last key that was done.
    pub after: Option<String>,
    /// Objects for which an event was sent.
    pub sent: u64,
    /// Objects that are newer than their records.
    pub skipped: u64,
}

impl Checkpoint {
    /// The checkpoint in a file, if it belongs to the same run; otherwise the beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn load(file: &Path, run: [String; 3]) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        };
        let kept: Option<Self> = serde_json::from_str(&text).ok();
        let kept = kept.filter(|kept| kept.run == run);
        Ok(kept.unwrap_or(Self {
            run,
            ..Self::default()
        }))
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, file: &Path) -> anyhow::Result<()> {
        let new = file.with_extension("new");
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, file))
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Removes the file, because the run is complete.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(file: &Path) -> anyhow::Result<()> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", file.display()))
            }
            _ => Ok(()),
        }
    }
}
