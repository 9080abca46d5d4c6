//! Buckets and objects in a folder: contents as files in `contents/`, everything else in `index.sqlite`.
//!
//! A file is written first and belongs to an object once a row of the index names it; the row's transaction is what
//! makes a change happen. Files that no row names are removed when the store is opened.

mod json;
mod listing;
mod objects;
mod uploads;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params,
};

use crate::Error;
pub(crate) use listing::{Item, Query};
pub(crate) use objects::WriteCondition;
pub use objects::{Description, Entry};
pub(crate) use uploads::{Completion, Part, Plan, Upload};

/// Written into the index; another number means another shape of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL, region TEXT) WITHOUT ROWID;
CREATE TABLE objects (
    bucket TEXT NOT NULL, key BLOB NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    sequence INTEGER NOT NULL, modified INTEGER NOT NULL, description TEXT NOT NULL, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, initiated INTEGER NOT NULL, plan TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL, md5 BLOB NOT NULL,
    modified INTEGER NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE sequence (last INTEGER NOT NULL);
INSERT INTO sequence VALUES (0);
";

/// Buckets and objects in a folder. One process at a time may have it open.
#[derive(Debug)]
pub struct Store {
    index: Mutex<Connection>,
    contents: PathBuf,
}

/// An object with its content, which stays readable even if the object is replaced or removed.
#[derive(Debug)]
pub struct Object {
    /// What the index knows of it.
    pub entry: Entry,
    /// Its content, at the beginning.
    pub file: File,
}

impl Object {
    /// The whole content in memory; look at [`Entry::size`] first.
    ///
    /// # Errors
    /// [`Error::Content`] if the file cannot be read.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        tokio::task::spawn_blocking(move || {
            let mut bytes =
                Vec::with_capacity(usize::try_from(self.entry.size).unwrap_or_default());
            self.file.read_to_end(&mut bytes)?;
            Ok(Bytes::from(bytes))
        })
        .await
        .map_err(std::io::Error::other)?
    }
}

/// A bucket as the index knows it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) region: Option<String>,
}

impl Store {
    /// Opens the store in a folder, which is made if it isn't there.
    ///
    /// # Errors
    /// If the folder cannot be used, another process has the store open, or it was written by another version.
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
        // Exclusive, so that a second process is refused rather than collecting this one's files.
        index.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        index.pragma_update(None, "journal_mode", "WAL")?;
        // A crash of the process loses nothing; a crash of the machine may lose the last writes.
        index.pragma_update(None, "synchronous", "NORMAL")?;

        let tx = index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match tx.pragma_query_value(None, "user_version", |row| row.get(0))? {
            VERSION => {}
            0 => {
                tx.execute_batch(TABLES)?;
                tx.pragma_update(None, "user_version", VERSION)?;
            }
            found => {
                return Err(Error::IndexVersion {
                    found,
                    expected: VERSION,
                });
            }
        }
        tx.commit()?;

        let store = Self {
            index: Mutex::new(index),
            contents,
        };
        store.remove_orphans()?;
        Ok(store)
    }

    /// Makes a bucket; does nothing if it is there.
    ///
    /// # Errors
    /// [`Error::Index`].
    pub fn create_bucket(&self, name: &str) -> Result<(), Error> {
        self.add_bucket(name, None).map(|_| ())
    }

    /// True if the bucket is new.
    pub(crate) fn add_bucket(&self, name: &str, region: Option<&str>) -> Result<bool, Error> {
        let added = self.index().execute(
            "INSERT INTO buckets (name, created, region) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![name, Utc::now().timestamp_millis(), region],
        )?;
        Ok(added == 1)
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Bucket, Error> {
        let found = self
            .index()
            .query_row(
                "SELECT name, created, region FROM buckets WHERE name = ?1",
                [name],
                read_bucket,
            )
            .optional()?;
        found.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))
    }

    pub(crate) fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        let index = self.index();
        let mut statement =
            index.prepare("SELECT name, created, region FROM buckets ORDER BY name")?;
        let buckets = statement
            .query_map([], read_bucket)?
            .collect::<Result<_, _>>()?;
        Ok(buckets)
    }

    /// Removes an empty bucket; its unfinished uploads go with it.
    pub(crate) fn remove_bucket(&self, name: &str) -> Result<(), Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        require_bucket(&tx, name)?;
        if tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1)",
            [name],
            |row| row.get(0),
        )? {
            return Err(Error::BucketNotEmpty(name.to_owned()));
        }
        let contents = uploads::forget_all(&tx, name)?;
        tx.execute("DELETE FROM buckets WHERE name = ?1", [name])?;
        tx.commit()?;
        drop(index);
        self.discard(&contents);
        Ok(())
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
                tracing::warn!(content, %error, "a content that is no longer wanted stays until the next start");
            }
        }
    }

    fn remove_orphans(&self) -> Result<(), Error> {
        let named: HashSet<String> = {
            let index = self.index();
            let mut statement =
                index.prepare("SELECT content FROM objects UNION SELECT content FROM parts")?;
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

fn require_bucket(index: &Connection, name: &str) -> Result<(), Error> {
    if index.query_row(
        "SELECT EXISTS (SELECT 1 FROM buckets WHERE name = ?1)",
        [name],
        |row| row.get(0),
    )? {
        Ok(())
    } else {
        Err(Error::NoSuchBucket(name.to_owned()))
    }
}

fn read_bucket(row: &rusqlite::Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket {
        name: row.get(0)?,
        created: time(row.get(1)?),
        region: row.get(2)?,
    })
}

/// A time as the index keeps it: milliseconds since 1970.
fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
