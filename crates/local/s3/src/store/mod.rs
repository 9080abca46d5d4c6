//! Buckets and objects in a folder: contents as files in `contents/`, everything else in `index.sqlite`.
//!
//! A file is written first and belongs to an object once a row of the index names it; the change takes effect with that
//! row's transaction. Files that no row names are removed when the store is opened.

mod buckets;
mod json;
mod layout;
mod listing;
mod uploads;
mod versions;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::Error;
pub use buckets::Versioning;
pub(crate) use listing::{ListingItem, ListingQuery, Position};
pub(crate) use uploads::{Completion, CompletionOutcome, Upload, UploadSettings, UploadedPart};
pub(crate) use versions::{NULL_VERSION, Removal, WriteCondition};
pub use versions::{ObjectMetadata, ObjectVersion};

/// Buckets and objects in a folder. One process at a time may have it open.
#[derive(Debug)]
pub struct Store {
    index: Mutex<Connection>,
    contents: PathBuf,
}

/// A version of an object, with its content, which stays readable even if the version is deleted.
#[derive(Debug)]
pub struct Object {
    /// Its entry in the index.
    pub version: ObjectVersion,
    /// The content, at the beginning.
    pub file: File,
}

impl Object {
    /// The whole content in memory; check [`ObjectVersion::size`] first.
    ///
    /// # Errors
    /// [`Error::Content`] if the file cannot be read.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        tokio::task::spawn_blocking(move || {
            let mut bytes =
                Vec::with_capacity(usize::try_from(self.version.size).unwrap_or_default());
            self.file.read_to_end(&mut bytes)?;
            Ok(Bytes::from(bytes))
        })
        .await
        .map_err(std::io::Error::other)?
    }
}

impl Store {
    /// Opens the store in a folder, which is created if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be used, another process has the store open, or another version of this crate wrote it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::try_open(folder).map_err(|error| match error {
            Error::Index(cause) if cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Error::InUse {
                    folder: folder.to_owned(),
                }
            }
            error => error,
        })
    }

    fn try_open(folder: &Path) -> Result<Self, Error> {
        let contents = folder.join("contents");
        std::fs::create_dir_all(&contents).map_err(|source| Error::Folder {
            folder: contents.clone(),
            source,
        })?;

        let mut index = Connection::open(folder.join("index.sqlite"))?;
        index.busy_timeout(Duration::ZERO)?;
        // Exclusive, so that a second process is refused and does not remove this one's files.
        index.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        index.pragma_update(None, "journal_mode", "WAL")?;
        // A crash of the process loses nothing; a crash of the machine may lose the last writes.
        index.pragma_update(None, "synchronous", "NORMAL")?;

        layout::prepare(&mut index)?;
        let store = Self {
            index: Mutex::new(index),
            contents,
        };
        store.remove_orphans()?;
        Ok(store)
    }

    /// Where contents are written before they belong to an object.
    pub(crate) fn contents(&self) -> &Path {
        &self.contents
    }

    fn index(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction has rolled it back.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, content: &str) -> Result<File, Error> {
        Ok(File::open(self.contents.join(content))?)
    }

    /// Removes files that no row names any more. Those that are being read stay readable until closed.
    fn discard(&self, contents: &[String]) {
        for content in contents {
            if let Err(error) = std::fs::remove_file(self.contents.join(content)) {
                tracing::warn!(content, %error, "a content that is no longer needed stays until the next start");
            }
        }
    }

    fn remove_orphans(&self) -> Result<(), Error> {
        let named: HashSet<String> = {
            let index = self.index();
            let mut statement =
                index.prepare("SELECT content FROM versions WHERE content IS NOT NULL UNION SELECT content FROM parts")?;
            statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?
        };
        let folder = |source| Error::Folder {
            folder: self.contents.clone(),
            source,
        };
        for file in std::fs::read_dir(&self.contents).map_err(folder)? {
            let file = file.map_err(folder)?;
            if !file
                .file_name()
                .to_str()
                .is_some_and(|name| named.contains(name))
            {
                std::fs::remove_file(file.path()).map_err(folder)?;
            }
        }
        Ok(())
    }
}

fn begin(index: &mut Connection) -> Result<Transaction<'_>, Error> {
    Ok(index.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// A time in the index, in milliseconds since 1970.
fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
