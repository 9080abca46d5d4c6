//! Multipart uploads: parts that become an object once they are complete.

use std::fs::File;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json::Json;
use super::objects::{key as key_of, replace};
use super::{Description, Entry, Store, WriteCondition, begin, require_bucket, time};
use crate::Error;
use crate::checksum::{Algorithm, Checksum};
use crate::content::Written;

/// What the object of an upload will be, as its creator said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) description: Description,
    /// The checksum that parts carry; absent if the creator named none.
    pub(crate) algorithm: Option<Algorithm>,
    /// Whether the object's checksum is made of its parts' checksums.
    pub(crate) composite: bool,
}

/// An upload that is neither complete nor aborted.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) initiated: DateTime<Utc>,
    pub(crate) plan: Plan,
}

/// A part as the index knows it.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// 1 to 10,000.
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) modified: DateTime<Utc>,
    pub(crate) checksum: Checksum,
    content: String,
}

/// What completes an upload.
pub(crate) struct Completion {
    pub(crate) written: Written,
    pub(crate) etag: String,
    pub(crate) description: Description,
    pub(crate) condition: WriteCondition,
}

fn read_upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        key: key_of(row.get(1)?),
        initiated: time(row.get(2)?),
        plan: row.get::<_, Json<Plan>>(3)?.0,
    })
}

fn read_part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        number: row.get(0)?,
        size: row.get(1)?,
        md5: row.get(2)?,
        modified: time(row.get(3)?),
        checksum: row.get::<_, Json<Checksum>>(4)?.0,
        content: row.get(5)?,
    })
}

fn select(index: &Connection, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
    require_bucket(index, bucket)?;
    index
        .query_row(
            "SELECT id, key, initiated, plan FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3",
            params![id, bucket, key.as_bytes()],
            read_upload,
        )
        .optional()?
        .ok_or_else(|| Error::NoSuchUpload(id.to_owned()))
}

/// Forgets an upload within a transaction; returns the contents of its parts.
fn forget(tx: &Transaction<'_>, id: &str) -> Result<Vec<String>, Error> {
    tx.execute("DELETE FROM uploads WHERE id = ?1", [id])?;
    let mut statement = tx.prepare("DELETE FROM parts WHERE upload = ?1 RETURNING content")?;
    let contents = statement
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(contents)
}

/// Forgets a bucket's uploads within a transaction; returns the contents of their parts.
pub(super) fn forget_all(tx: &Transaction<'_>, bucket: &str) -> Result<Vec<String>, Error> {
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
    /// Begins an upload; returns its id.
    pub(crate) fn begin_upload(
        &self,
        bucket: &str,
        key: &str,
        plan: Plan,
    ) -> Result<String, Error> {
        let id = Uuid::new_v4().simple().to_string();
        let index = self.index();
        require_bucket(&index, bucket)?;
        index.execute(
            "INSERT INTO uploads (id, bucket, key, initiated, plan) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id,
                bucket,
                key.as_bytes(),
                Utc::now().timestamp_millis(),
                Json(plan)
            ],
        )?;
        Ok(id)
    }

    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
        select(&self.index(), bucket, key, id)
    }

    /// A bucket's uploads by key, then by age.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<Vec<Upload>, Error> {
        let index = self.index();
        require_bucket(&index, bucket)?;
        let mut statement = index.prepare(
            "SELECT id, key, initiated, plan FROM uploads WHERE bucket = ?1 ORDER BY key, initiated, id",
        )?;
        let uploads = statement
            .query_map([bucket], read_upload)?
            .collect::<Result<_, _>>()?;
        Ok(uploads)
    }

    /// Adds a part, in place of the one that has the number.
    pub(crate) fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: i32,
        written: Written,
    ) -> Result<Part, Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        select(&tx, bucket, key, id)?;
        let replaced: Option<String> = tx
            .query_row(
                "SELECT content FROM parts WHERE upload = ?1 AND number = ?2",
                params![id, number],
                |row| row.get(0),
            )
            .optional()?;
        let modified = Utc::now();
        let checksum = Json(written.digests.checksum.clone());
        tx.execute(
            "INSERT OR REPLACE INTO parts (upload, number, content, size, md5, modified, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                number,
                written.blob.name(),
                written.size,
                written.digests.md5,
                modified.timestamp_millis(),
                checksum
            ],
        )?;
        tx.commit()?;
        drop(index);
        let part = Part {
            number,
            size: written.size,
            md5: written.digests.md5,
            modified,
            checksum: checksum.0,
            content: written.blob.name().to_owned(),
        };
        written.blob.keep();
        self.discard(replaced.as_slice());
        Ok(part)
    }

    /// The parts of an upload by number.
    pub(crate) fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<Part>, Error> {
        let index = self.index();
        select(&index, bucket, key, id)?;
        let mut statement = index.prepare(
            "SELECT number, size, md5, modified, checksum, content FROM parts WHERE upload = ?1 ORDER BY number",
        )?;
        let parts = statement
            .query_map([id], read_part)?
            .collect::<Result<_, _>>()?;
        Ok(parts)
    }

    /// The content of a part.
    pub(crate) fn part_file(&self, part: &Part) -> Result<File, Error> {
        self.file(&part.content)
    }

    /// Turns an upload into an object.
    pub(crate) fn complete(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        completion: Completion,
    ) -> Result<Entry, Error> {
        let Completion {
            written,
            etag,
            description,
            condition,
        } = completion;
        let mut index = self.index();
        let tx = begin(&mut index)?;
        select(&tx, bucket, key, id)?;
        let (entry, replaced) = replace(&tx, bucket, key, &written, etag, description, &condition)?;
        let mut unwanted = forget(&tx, id)?;
        tx.commit()?;
        drop(index);
        written.blob.keep();
        unwanted.extend(replaced);
        self.discard(&unwanted);
        Ok(entry)
    }

    /// Forgets an upload and its parts.
    pub(crate) fn abort(&self, bucket: &str, key: &str, id: &str) -> Result<(), Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        select(&tx, bucket, key, id)?;
        let contents = forget(&tx, id)?;
        tx.commit()?;
        drop(index);
        self.discard(&contents);
        Ok(())
    }
}
