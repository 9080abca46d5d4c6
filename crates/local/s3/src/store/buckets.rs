//! Buckets.

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, Transaction, params};

use super::{Store, begin, time};
use crate::Error;

/// Whether writes to a bucket keep earlier versions. A bucket that has never been versioned has none of these states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// Every write makes a version with a new id.
    Enabled,
    /// Versions are kept, and writes make or replace the version `null`.
    Suspended,
}

impl Versioning {
    const NAMES: [(Self, &'static str); 2] =
        [(Self::Enabled, "Enabled"), (Self::Suspended, "Suspended")];

    /// Its name in `VersioningConfiguration`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::NAMES.into_iter();
        all.find(|(_, known)| *known == name)
            .map(|(status, _)| status)
    }
}

impl ToSql for Versioning {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Versioning {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// A bucket in the index.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) versioning: Option<Versioning>,
}

const COLUMNS: &str = "name, created, versioning";

fn read(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket {
        name: row.get(0)?,
        created: time(row.get(1)?),
        versioning: row.get(2)?,
    })
}

/// # Errors
/// [`Error::NoSuchBucket`].
pub(super) fn select(index: &Connection, name: &str) -> Result<Bucket, Error> {
    let sql = format!("SELECT {COLUMNS} FROM buckets WHERE name = ?1");
    let found = index.query_row(&sql, [name], read).optional()?;
    found.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))
}

/// Deletes a bucket's uploads within a transaction; returns the contents of their parts.
fn delete_uploads(tx: &Transaction<'_>, bucket: &str) -> Result<Vec<String>, Error> {
    let mut statement = tx.prepare(
        "DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket = ?1) RETURNING content",
    )?;
    let contents = statement
        .query_map([bucket], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    tx.execute("DELETE FROM uploads WHERE bucket = ?1", [bucket])?;
    Ok(contents)
}

impl Store {
    /// Creates a bucket; does nothing if it exists.
    ///
    /// # Errors
    /// [`Error::Index`].
    pub fn create_bucket(&self, name: &str) -> Result<(), Error> {
        self.add_bucket(name).map(|_| ())
    }

    /// Creates a bucket; returns whether it is new.
    pub(crate) fn add_bucket(&self, name: &str) -> Result<bool, Error> {
        let added = self.index().execute(
            "INSERT INTO buckets (name, created) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![name, Utc::now().timestamp_millis()],
        )?;
        Ok(added == 1)
    }

    /// Enables or suspends versioning of a bucket. Existing versions are kept.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::Index`].
    pub fn set_versioning(&self, bucket: &str, versioning: Versioning) -> Result<(), Error> {
        let changed = self.index().execute(
            "UPDATE buckets SET versioning = ?2 WHERE name = ?1",
            params![bucket, versioning],
        )?;
        if changed == 0 {
            return Err(Error::NoSuchBucket(bucket.to_owned()));
        }
        Ok(())
    }

    /// Whether a bucket keeps versions; `None` if it never has.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::Index`].
    pub fn versioning(&self, bucket: &str) -> Result<Option<Versioning>, Error> {
        Ok(self.bucket(bucket)?.versioning)
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Bucket, Error> {
        select(&self.index(), name)
    }

    pub(crate) fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        let index = self.index();
        let mut statement =
            index.prepare(&format!("SELECT {COLUMNS} FROM buckets ORDER BY name"))?;
        let buckets = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(buckets)
    }

    /// Deletes a bucket that holds no version of any object, and its unfinished uploads.
    pub(crate) fn remove_bucket(&self, name: &str) -> Result<(), Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        select(&tx, name)?;
        if tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM versions WHERE bucket = ?1)",
            [name],
            |row| row.get(0),
        )? {
            return Err(Error::BucketNotEmpty(name.to_owned()));
        }
        let contents = delete_uploads(&tx, name)?;
        tx.execute("DELETE FROM buckets WHERE name = ?1", [name])?;
        tx.commit()?;
        drop(index);
        self.discard(&contents);
        Ok(())
    }
}
