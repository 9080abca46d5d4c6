//! Versions of objects: rows of the index, each with a content or as a delete marker.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use s3s::dto::ETagCondition;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::buckets::{self, Versioning};
use super::json::Json;
use super::{Object, Store, begin, time};
use crate::Error;
use crate::checksum::Checksum;
use crate::contents::NewContent;

/// System-defined and user-defined metadata of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectMetadata {
    /// `Content-Type`; `binary/octet-stream` if the writer gave none.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Expires`, in seconds since 1970.
    pub expires: Option<i64>,
    /// User-defined metadata; names are without `x-amz-meta-`.
    #[serde(rename = "metadata")]
    pub user: BTreeMap<String, String>,
    /// Absent only while an object is being made, and in delete markers.
    pub(crate) checksum: Option<Checksum>,
    /// Sizes of the object's parts; empty if it was uploaded in one piece.
    pub(crate) part_sizes: Vec<u64>,
}

/// The id of versions that are written while a bucket is not versioned, or versioning is suspended.
pub(crate) const NULL_VERSION: &str = "null";

/// A version of an object, or a delete marker, in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// The key, not encoded.
    pub key: String,
    /// `null`, or 32 hexadecimal digits.
    pub id: String,
    /// The version that is read if a request names none.
    pub is_latest: bool,
    /// It marks the object as deleted, and has no content.
    pub is_delete_marker: bool,
    /// Bytes.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: String,
    /// See [`crate::Change::sequencer`].
    pub sequencer: String,
    /// When it was stored.
    pub modified: DateTime<Utc>,
    /// Headers and user-defined metadata.
    pub metadata: ObjectMetadata,
    /// Whether its bucket is versioned, or was.
    pub(crate) is_versioned: bool,
}

impl ObjectVersion {
    /// The id, if its bucket is or was versioned: S3 names no versions of other buckets.
    #[must_use]
    pub fn version_id(&self) -> Option<&str> {
        self.is_versioned.then_some(self.id.as_str())
    }
}

/// The condition under which an object may be written or deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteCondition {
    /// `If-None-Match: *`.
    pub(crate) absent: bool,
    /// `If-Match`.
    pub(crate) matches: Option<ETagCondition>,
}

/// What a delete did.
#[derive(Debug)]
pub(crate) enum Removal {
    /// There was nothing to delete.
    Nothing,
    /// A version was deleted permanently. It has the sequencer and the time of its removal.
    Deleted(ObjectVersion),
    /// A delete marker was added; the versions are kept.
    MarkerCreated(ObjectVersion),
}

/// The content of a new version.
pub(super) enum NewVersion<'a> {
    Object {
        content: &'a NewContent,
        etag: String,
        metadata: Box<ObjectMetadata>,
    },
    DeleteMarker,
}

/// The columns that [`read`] reads, in its order.
pub(super) const COLUMNS: &str =
    "key, version, is_latest, content IS NULL, size, etag, sequence, modified, metadata,
    (SELECT versioning FROM buckets WHERE name = bucket)";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<ObjectVersion> {
    Ok(ObjectVersion {
        key: key(row.get(0)?),
        id: row.get(1)?,
        is_latest: row.get(2)?,
        is_delete_marker: row.get(3)?,
        size: row.get(4)?,
        etag: row.get(5)?,
        sequencer: sequencer(row.get(6)?),
        modified: time(row.get(7)?),
        metadata: row.get::<_, Json<ObjectMetadata>>(8)?.0,
        is_versioned: row.get::<_, Option<Versioning>>(9)?.is_some(),
    })
}

/// Keys are kept as bytes, because S3 lists them in the order of their UTF-8 bytes.
pub(super) fn key(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// 18 digits as on AWS, but without trailing zeros down to 16 digits, so that readers that do not pad fail here.
fn sequencer(sequence: i64) -> String {
    let mut digits = format!("{sequence:018X}");
    while digits.len() > 16 && digits.ends_with('0') {
        digits.pop();
    }
    digits
}

/// The next number, greater than all before it, whatever the clock does.
fn next_sequence(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<i64, Error> {
    let clock = now.timestamp_nanos_opt().unwrap_or_default();
    Ok(tx.query_row(
        "UPDATE sequence SET last = max(last + 1, ?1) RETURNING last",
        [clock],
        |row| row.get(0),
    )?)
}

/// The number and 16 random digits.
fn new_id(sequence: i64) -> String {
    format!("{sequence:016x}{:016x}", Uuid::new_v4().as_u64_pair().0)
}

/// The number of a version, which may have been deleted. A deleted version `null` has none.
pub(super) fn sequence(
    index: &Connection,
    bucket: &str,
    key: &str,
    version: &str,
) -> Result<Option<i64>, Error> {
    let found = index
        .query_row(
            "SELECT sequence FROM versions WHERE bucket = ?1 AND key = ?2 AND version = ?3",
            params![bucket, key.as_bytes(), version],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.or_else(|| i64::from_str_radix(version.get(..16)?, 16).ok()))
}

/// A version with its content, the latest one if `version` is `None`.
fn select(
    index: &Connection,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<Option<(ObjectVersion, Option<String>)>, Error> {
    let which = match version {
        None => "is_latest AND ?3 IS NULL",
        Some(_) => "version = ?3",
    };
    let sql = format!(
        "SELECT {COLUMNS}, content FROM versions WHERE bucket = ?1 AND key = ?2 AND {which}"
    );
    Ok(index
        .query_row(&sql, params![bucket, key.as_bytes(), version], |row| {
            Ok((read(row)?, row.get(10)?))
        })
        .optional()?)
}

impl WriteCondition {
    fn check(&self, key: &str, latest: Option<&ObjectVersion>) -> Result<(), Error> {
        let existing = latest.filter(|version| !version.is_delete_marker);
        if self.absent && existing.is_some() {
            return Err(Error::PreconditionFailed("If-None-Match"));
        }
        match (&self.matches, existing) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => Ok(()),
            (Some(_), None) => Err(Error::NoSuchKey(key.to_owned())),
            (Some(ETagCondition::ETag(etag)), Some(version)) if etag.value() == version.etag => {
                Ok(())
            }
            (Some(ETagCondition::ETag(_)), Some(_)) => Err(Error::PreconditionFailed("If-Match")),
        }
    }
}

/// Adds a version within a transaction; returns it and the content of the version `null` that it replaced.
pub(super) fn add(
    tx: &Transaction<'_>,
    bucket: &str,
    key: &str,
    new: NewVersion<'_>,
    condition: &WriteCondition,
) -> Result<(ObjectVersion, Option<String>), Error> {
    let versioning = buckets::select(tx, bucket)?.versioning;
    let latest = select(tx, bucket, key, None)?;
    condition.check(key, latest.as_ref().map(|(version, _)| version))?;
    let modified = Utc::now();
    let sequence = next_sequence(tx, modified)?;
    let (id, replaced) = match versioning {
        Some(Versioning::Enabled) => (new_id(sequence), None),
        Some(Versioning::Suspended) | None => {
            let replaced = delete(tx, bucket, key, NULL_VERSION)?;
            (NULL_VERSION.to_owned(), replaced)
        }
    };
    tx.execute(
        "UPDATE versions SET is_latest = 0 WHERE bucket = ?1 AND key = ?2 AND is_latest",
        params![bucket, key.as_bytes()],
    )?;
    let (content, size, etag, metadata) = match new {
        NewVersion::Object {
            content,
            etag,
            metadata,
        } => (Some(content.file.name()), content.size, etag, metadata),
        NewVersion::DeleteMarker => (None, 0, String::new(), Box::default()),
    };
    let metadata = Json(metadata);
    tx.execute(
        "INSERT INTO versions (bucket, key, sequence, version, is_latest, content, size, etag, modified, metadata)
         VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9)",
        params![
            bucket,
            key.as_bytes(),
            sequence,
            id,
            content,
            size,
            etag,
            modified.timestamp_millis(),
            metadata
        ],
    )?;
    let version = ObjectVersion {
        key: key.to_owned(),
        id,
        is_latest: true,
        is_delete_marker: content.is_none(),
        size,
        etag,
        sequencer: sequencer(sequence),
        modified,
        metadata: *metadata.0,
        is_versioned: versioning.is_some(),
    };
    Ok((version, replaced))
}

/// Deletes a version within a transaction, and makes the newest remaining one the latest; returns its content.
fn delete(
    tx: &Transaction<'_>,
    bucket: &str,
    key: &str,
    version: &str,
) -> Result<Option<String>, Error> {
    let content = tx
        .query_row(
            "DELETE FROM versions WHERE bucket = ?1 AND key = ?2 AND version = ?3 RETURNING content",
            params![bucket, key.as_bytes(), version],
            |row| row.get(0),
        )
        .optional()?;
    tx.execute(
        "UPDATE versions SET is_latest = 1 WHERE bucket = ?1 AND key = ?2 AND sequence =
             (SELECT max(sequence) FROM versions WHERE bucket = ?1 AND key = ?2)",
        params![bucket, key.as_bytes()],
    )?;
    Ok(content.flatten())
}

impl Store {
    /// An object with its content: a version of it, or the latest one. `None` if there is no such version, or if it is
    /// a delete marker.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::Index`] or [`Error::Content`] if the disk fails.
    #[expect(
        clippy::unused_async,
        reason = "callers need not know that the index is fast enough to be read synchronously"
    )]
    pub async fn read(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<Object>, Error> {
        match self.object(bucket, key, version) {
            Ok(object) => Ok(Some(object)),
            Err(Error::NoSuchKey(_) | Error::NoSuchVersion(_) | Error::DeleteMarker(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Like [`Store::read`], with an error if there is nothing to read.
    pub(crate) fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Object, Error> {
        // Opened under the lock, so that the content cannot be removed in between.
        let index = self.index();
        let (version, content) = find(&index, bucket, key, version)?;
        Ok(Object {
            version,
            file: self.file(&content)?,
        })
    }

    /// The entry of an object in the index; the errors are those of [`Store::object`].
    pub(crate) fn version(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<ObjectVersion, Error> {
        let (version, _) = find(&self.index(), bucket, key, version)?;
        Ok(version)
    }

    /// Stores a content as a version.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        content: NewContent,
        mut metadata: ObjectMetadata,
        condition: &WriteCondition,
    ) -> Result<ObjectVersion, Error> {
        metadata.checksum = Some(content.digests.checksum.clone());
        let mut index = self.index();
        let tx = begin(&mut index)?;
        let new = NewVersion::Object {
            content: &content,
            etag: content.digests.etag(),
            metadata: Box::new(metadata),
        };
        let (version, replaced) = add(&tx, bucket, key, new, condition)?;
        tx.commit()?;
        drop(index);
        content.file.keep();
        self.discard(replaced.as_slice());
        Ok(version)
    }

    /// Deletes one version of an object permanently. If none is named, deletes the object: permanently without versioning,
    /// else by a delete marker.
    pub(crate) fn remove(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        condition: &WriteCondition,
    ) -> Result<Removal, Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        let is_versioned = buckets::select(&tx, bucket)?.versioning.is_some();
        if version.is_none() && is_versioned {
            let (marker, replaced) = add(&tx, bucket, key, NewVersion::DeleteMarker, condition)?;
            tx.commit()?;
            drop(index);
            self.discard(replaced.as_slice());
            return Ok(Removal::MarkerCreated(marker));
        }
        let found = select(&tx, bucket, key, version)?;
        condition.check(key, found.as_ref().map(|(version, _)| version))?;
        let Some((version, _)) = found else {
            return Ok(Removal::Nothing);
        };
        let content = delete(&tx, bucket, key, &version.id)?;
        let modified = Utc::now();
        let sequencer = sequencer(next_sequence(&tx, modified)?);
        tx.commit()?;
        drop(index);
        self.discard(content.as_slice());
        Ok(Removal::Deleted(ObjectVersion {
            sequencer,
            modified,
            ..version
        }))
    }
}

/// A version that has a content.
fn find(
    index: &Connection,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<(ObjectVersion, String), Error> {
    buckets::select(index, bucket)?;
    match (select(index, bucket, key, version)?, version) {
        (Some((version, Some(content))), _) => Ok((version, content)),
        (Some((marker, None)), _) => Err(Error::DeleteMarker(Box::new(marker))),
        (None, None) => Err(Error::NoSuchKey(key.to_owned())),
        (None, Some(version)) => Err(Error::NoSuchVersion(version.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::sequencer;

    #[test]
    fn sequencers_are_ordered_once_padded() {
        let numbers = [
            1,
            15,
            16,
            17,
            255,
            256,
            0x18AB_0000_0000_0000,
            0x18AB_0000_0000_0001,
            0x18AB_0000_0000_0010,
        ];
        let padded: Vec<String> = numbers
            .iter()
            .map(|number| format!("{:0<18}", sequencer(*number)))
            .collect();
        assert!(padded.is_sorted_by(|a, b| a < b), "{padded:?}");
        assert!(
            numbers
                .iter()
                .all(|number| (16..=18).contains(&sequencer(*number).len()))
        );
    }
}
