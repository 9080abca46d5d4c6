//! Multipart uploads.

use std::fs::File;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json::Json;
use super::versions::{self, NewVersion};
use super::{ObjectMetadata, ObjectVersion, Store, WriteCondition, begin, buckets, time};
use crate::Error;
use crate::checksum::{Algorithm, Checksum};
use crate::contents::NewContent;

/// The parameters of an upload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct UploadSettings {
    /// The metadata of the object.
    #[serde(alias = "description")]
    pub(crate) metadata: ObjectMetadata,
    /// The checksum algorithm of the parts; absent if the creator of the upload named none.
    pub(crate) algorithm: Option<Algorithm>,
    /// Whether the object's checksum is computed from its parts' checksums.
    pub(crate) composite: bool,
}

/// An upload that is neither complete nor aborted.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) initiated: DateTime<Utc>,
    pub(crate) settings: UploadSettings,
}

/// A part in the index.
#[derive(Debug, Clone)]
pub(crate) struct UploadedPart {
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
    pub(crate) content: NewContent,
    pub(crate) etag: String,
    pub(crate) metadata: ObjectMetadata,
    pub(crate) condition: WriteCondition,
    /// Numbers and entity tags of the parts that the request listed.
    pub(crate) parts: Vec<(i32, String)>,
}

/// The outcome of a completed upload, which a repeated request gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompletionOutcome {
    pub(crate) parts: Vec<(i32, String)>,
    pub(crate) etag: String,
    pub(crate) version_id: Option<String>,
    pub(crate) checksum: Option<Checksum>,
}

/// How long the outcome of a completed upload is kept. AWS documents that a request may be repeated, but not for how long.
const OUTCOMES_KEPT: TimeDelta = TimeDelta::days(1);

fn read_upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        key: versions::key(row.get(1)?),
        initiated: time(row.get(2)?),
        settings: row.get::<_, Json<UploadSettings>>(3)?.0,
    })
}

fn read_part(row: &Row<'_>) -> rusqlite::Result<UploadedPart> {
    Ok(UploadedPart {
        number: row.get(0)?,
        size: row.get(1)?,
        md5: row.get(2)?,
        modified: time(row.get(3)?),
        checksum: row.get::<_, Json<Checksum>>(4)?.0,
        content: row.get(5)?,
    })
}

fn select(index: &Connection, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
    buckets::select(index, bucket)?;
    index
        .query_row(
            "SELECT id, key, initiated, settings FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3",
            params![id, bucket, key.as_bytes()],
            read_upload,
        )
        .optional()?
        .ok_or_else(|| Error::NoSuchUpload(id.to_owned()))
}

/// Deletes an upload within a transaction; returns the contents of its parts.
fn forget(tx: &Transaction<'_>, id: &str) -> Result<Vec<String>, Error> {
    tx.execute("DELETE FROM uploads WHERE id = ?1", [id])?;
    let mut statement = tx.prepare("DELETE FROM parts WHERE upload = ?1 RETURNING content")?;
    let contents = statement
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(contents)
}

impl Store {
    /// Begins an upload; returns its id.
    pub(crate) fn begin_upload(
        &self,
        bucket: &str,
        key: &str,
        settings: UploadSettings,
    ) -> Result<String, Error> {
        let id = Uuid::new_v4().simple().to_string();
        let index = self.index();
        buckets::select(&index, bucket)?;
        index.execute(
            "INSERT INTO uploads (id, bucket, key, initiated, settings) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id,
                bucket,
                key.as_bytes(),
                Utc::now().timestamp_millis(),
                Json(settings)
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
        buckets::select(&index, bucket)?;
        let mut statement = index.prepare(
            "SELECT id, key, initiated, settings FROM uploads WHERE bucket = ?1 ORDER BY key, initiated, id",
        )?;
        let uploads = statement
            .query_map([bucket], read_upload)?
            .collect::<Result<_, _>>()?;
        Ok(uploads)
    }

    /// Adds a part, or replaces the one with its number.
    pub(crate) fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: i32,
        content: NewContent,
    ) -> Result<UploadedPart, Error> {
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
        let checksum = Json(content.digests.checksum.clone());
        tx.execute(
            "INSERT OR REPLACE INTO parts (upload, number, content, size, md5, modified, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                number,
                content.file.name(),
                content.size,
                content.digests.md5,
                modified.timestamp_millis(),
                checksum
            ],
        )?;
        tx.commit()?;
        drop(index);
        let part = UploadedPart {
            number,
            size: content.size,
            md5: content.digests.md5,
            modified,
            checksum: checksum.0,
            content: content.file.name().to_owned(),
        };
        content.file.keep();
        self.discard(replaced.as_slice());
        Ok(part)
    }

    /// The parts of an upload by number.
    pub(crate) fn parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<Vec<UploadedPart>, Error> {
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
    pub(crate) fn part_file(&self, part: &UploadedPart) -> Result<File, Error> {
        self.file(&part.content)
    }

    /// Turns an upload into an object.
    pub(crate) fn complete(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        completion: Completion,
    ) -> Result<ObjectVersion, Error> {
        let Completion {
            content,
            etag,
            metadata,
            condition,
            parts,
        } = completion;
        let mut index = self.index();
        let tx = begin(&mut index)?;
        select(&tx, bucket, key, id)?;
        let new = NewVersion::Object {
            content: &content,
            etag,
            metadata: Box::new(metadata),
        };
        let (version, replaced) = versions::add(&tx, bucket, key, new, &condition)?;
        let mut unwanted = forget(&tx, id)?;
        let outcome = CompletionOutcome {
            parts,
            etag: version.etag.clone(),
            version_id: version.version_id().map(str::to_owned),
            checksum: version.metadata.checksum.clone(),
        };
        let now = Utc::now();
        tx.execute(
            "DELETE FROM completed_uploads WHERE completed < ?1",
            [(now - OUTCOMES_KEPT).timestamp_millis()],
        )?;
        tx.execute(
            "INSERT INTO completed_uploads (id, bucket, key, completed, outcome) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id,
                bucket,
                key.as_bytes(),
                now.timestamp_millis(),
                Json(outcome)
            ],
        )?;
        tx.commit()?;
        drop(index);
        content.file.keep();
        unwanted.extend(replaced);
        self.discard(&unwanted);
        Ok(version)
    }

    /// The outcome of an upload that was completed within [`OUTCOMES_KEPT`].
    pub(crate) fn completed(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<Option<CompletionOutcome>, Error> {
        let outcome = self.index().query_row(
            "SELECT outcome FROM completed_uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3",
            params![id, bucket, key.as_bytes()],
            |row| row.get::<_, Json<CompletionOutcome>>(0),
        );
        Ok(outcome.optional()?.map(|Json(outcome)| outcome))
    }

    /// Deletes an upload and its parts.
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
