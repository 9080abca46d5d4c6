//! Objects: rows of the index that name a content.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use s3s::dto::ETagCondition;
use serde::{Deserialize, Serialize};

use super::json::Json;
use super::{Object, Store, begin, require_bucket, time};
use crate::Error;
use crate::checksum::Checksum;
use crate::content::Written;

/// What an object says about itself besides its content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
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
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Absent only while an object is being made.
    pub(crate) checksum: Option<Checksum>,
    /// Sizes of the parts that the object was made of; empty if it came in one piece.
    pub(crate) part_sizes: Vec<u64>,
}

/// An object as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, not encoded.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: String,
    /// See [`crate::Change::sequencer`].
    pub sequencer: String,
    /// When it was stored.
    pub modified: DateTime<Utc>,
    /// Headers and metadata.
    pub description: Description,
}

/// Under which condition an object may be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteCondition {
    /// `If-None-Match: *`.
    pub(crate) absent: bool,
    /// `If-Match`.
    pub(crate) matches: Option<ETagCondition>,
}

/// The columns that [`read`] reads, in its order.
pub(super) const COLUMNS: &str = "key, size, etag, sequence, modified, description";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        key: key(row.get(0)?),
        size: row.get(1)?,
        etag: row.get(2)?,
        sequencer: sequencer(row.get(3)?),
        modified: time(row.get(4)?),
        description: row.get::<_, Json<Description>>(5)?.0,
    })
}

/// Keys are kept as bytes, because S3 lists them in the order of their UTF-8 bytes.
pub(super) fn key(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// 18 digits as on AWS, without trailing zeros as far as 16 digits are left: readers have to pad, and find out here.
fn sequencer(sequence: i64) -> String {
    let mut text = format!("{sequence:018X}");
    while text.len() > 16 && text.ends_with('0') {
        text.pop();
    }
    text
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

fn select(index: &Connection, bucket: &str, key: &str) -> Result<Option<(Entry, String)>, Error> {
    let sql = format!("SELECT {COLUMNS}, content FROM objects WHERE bucket = ?1 AND key = ?2");
    Ok(index
        .query_row(&sql, params![bucket, key.as_bytes()], |row| {
            Ok((read(row)?, row.get(6)?))
        })
        .optional()?)
}

impl WriteCondition {
    fn check(&self, key: &str, existing: Option<&Entry>) -> Result<(), Error> {
        if self.absent && existing.is_some() {
            return Err(Error::PreconditionFailed("If-None-Match"));
        }
        match (&self.matches, existing) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => Ok(()),
            (Some(_), None) => Err(Error::NoSuchKey(key.to_owned())),
            (Some(ETagCondition::ETag(etag)), Some(entry)) if etag.value() == entry.etag => Ok(()),
            (Some(ETagCondition::ETag(_)), Some(_)) => Err(Error::PreconditionFailed("If-Match")),
        }
    }
}

/// Makes an object of a content within a transaction; returns it and the content that it replaced.
pub(super) fn replace(
    tx: &Transaction<'_>,
    bucket: &str,
    key: &str,
    written: &Written,
    etag: String,
    description: Description,
    condition: &WriteCondition,
) -> Result<(Entry, Option<String>), Error> {
    require_bucket(tx, bucket)?;
    let replaced = select(tx, bucket, key)?;
    condition.check(key, replaced.as_ref().map(|(entry, _)| entry))?;
    let modified = Utc::now();
    let sequence = next_sequence(tx, modified)?;
    let description = Json(description);
    tx.execute(
        "INSERT OR REPLACE INTO objects (bucket, key, content, size, etag, sequence, modified, description)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            bucket,
            key.as_bytes(),
            written.blob.name(),
            written.size,
            etag,
            sequence,
            modified.timestamp_millis(),
            description
        ],
    )?;
    let entry = Entry {
        key: key.to_owned(),
        size: written.size,
        etag,
        sequencer: sequencer(sequence),
        modified,
        description: description.0,
    };
    Ok((entry, replaced.map(|(_, content)| content)))
}

impl Store {
    /// An object with its content; `None` if there is no such key.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::Index`] or [`Error::Content`] if the disk fails.
    // Asynchronous so that callers need not know that the index is quick enough to be asked in place.
    #[allow(clippy::unused_async)]
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Object>, Error> {
        self.object(bucket, key)
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Option<Object>, Error> {
        // Opened under the lock, so that the content cannot be removed in between.
        let index = self.index();
        require_bucket(&index, bucket)?;
        let Some((entry, content)) = select(&index, bucket, key)? else {
            return Ok(None);
        };
        Ok(Some(Object {
            entry,
            file: self.file(&content)?,
        }))
    }

    /// What the index knows of an object.
    pub(crate) fn entry(&self, bucket: &str, key: &str) -> Result<Option<Entry>, Error> {
        let index = self.index();
        require_bucket(&index, bucket)?;
        Ok(select(&index, bucket, key)?.map(|(entry, _)| entry))
    }

    /// Makes an object of a content, in place of the one that has the key.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        written: Written,
        mut description: Description,
        condition: &WriteCondition,
    ) -> Result<Entry, Error> {
        description.checksum = Some(written.digests.checksum.clone());
        let mut index = self.index();
        let tx = begin(&mut index)?;
        let etag = written.digests.etag();
        let (entry, replaced) = replace(&tx, bucket, key, &written, etag, description, condition)?;
        tx.commit()?;
        drop(index);
        written.blob.keep();
        self.discard(replaced.as_slice());
        Ok(entry)
    }

    /// Removes an object; returns what it was with the sequencer and time of its removal, or `None` if there was none.
    pub(crate) fn remove(
        &self,
        bucket: &str,
        key: &str,
        matches: Option<ETagCondition>,
    ) -> Result<Option<Entry>, Error> {
        let mut index = self.index();
        let tx = begin(&mut index)?;
        require_bucket(&tx, bucket)?;
        let removed = select(&tx, bucket, key)?;
        WriteCondition {
            absent: false,
            matches,
        }
        .check(key, removed.as_ref().map(|(entry, _)| entry))?;
        let Some((entry, content)) = removed else {
            return Ok(None);
        };
        let modified = Utc::now();
        let sequencer = sequencer(next_sequence(&tx, modified)?);
        tx.execute(
            "DELETE FROM objects WHERE bucket = ?1 AND key = ?2",
            params![bucket, key.as_bytes()],
        )?;
        tx.commit()?;
        drop(index);
        self.discard(&[content]);
        Ok(Some(Entry {
            sequencer,
            modified,
            ..entry
        }))
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
