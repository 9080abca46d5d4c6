//! Which image had the same content before.
//!
//! `ContentTable`, partition key `Content`: `Key` and `Seq` of the image whose analysis can be used again, `ExpiresAt`. A row
//! is only a pointer: what it points to may have been overwritten or deleted since, so it is compared with the record
//! before its labels are used ([`Pointer::analysis`]).

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use events::Sequencer;

use crate::{Analysis, Record};

/// How long a pointer is kept. An analysis is then made again, by what may be a newer model.
const TIME_TO_LIVE: TimeDelta = TimeDelta::days(90);

/// The length in bytes of the longest key that is pointed to: with it the row has at most 1 KB, one write unit.
const MAX_KEY_BYTES: usize = 896;

/// What two uploads have in common if they get the same labels: the content, by S3's entity tag where that is the MD5 of the
/// content, and its size; and the settings of the analysis.
///
/// MD5 can be forged: with two files of the same MD5 and size, one can be made to get the labels of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// `None` if the entity tag is not an MD5, as that of a multipart upload is not
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>). That of an object encrypted with a KMS key or a
    /// key of the client's looks like an MD5, but no two uploads have the same.
    #[must_use]
    pub fn new(e_tag: &str, bytes: u64, max_labels: usize, min_confidence: f32) -> Option<Self> {
        let is_md5 = e_tag.len() == 32 && e_tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_md5.then(|| {
            let e_tag = e_tag.to_ascii_lowercase();
            Self(format!("{e_tag}-{bytes}-{max_labels}-{min_confidence}"))
        })
    }

    pub(crate) fn stored(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The image that had some content first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Its key.
    pub key: String,
    /// The sequencer of its upload.
    pub seq: Sequencer,
}

impl Pointer {
    /// The analysis in the record that this points to, if that is still the record of the same upload, analysed with the
    /// same settings.
    #[must_use]
    pub fn analysis<'a>(&self, content: &Content, record: &'a Record) -> Option<&'a Analysis> {
        let image = record.image().filter(|_| record.seq == self.seq)?;
        if image.content.as_ref() != Some(content) {
            return None;
        }
        image.analysis.done()
    }
}

/// The content table.
#[derive(Clone, Debug)]
pub struct Contents {
    client: Client,
    table: String,
}

/// The content table could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("table {table} cannot be {done}")]
pub struct ContentError {
    table: String,
    done: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Contents {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    fn error(
        &self,
        done: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ContentError {
        ContentError {
            table: self.table.clone(),
            done,
            source: source.into(),
        }
    }

    /// The image that had this content before. Read with eventual consistency: a pointer that is missed costs one
    /// analysis.
    ///
    /// # Errors
    /// `DynamoDB` fails or throttles.
    pub async fn find(&self, content: &Content) -> Result<Option<Pointer>, ContentError> {
        let response = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("Content", AttributeValue::S(content.0.clone()))
            .send()
            .await
            .map_err(|source| self.error("read", source))?;
        Ok(response.item.as_ref().and_then(pointer))
    }

    /// Points to an image that has just been analysed, unless its key is too long.
    ///
    /// # Errors
    /// `DynamoDB` fails or throttles.
    pub async fn put(
        &self,
        content: &Content,
        pointer: &Pointer,
        now: DateTime<Utc>,
    ) -> Result<(), ContentError> {
        if pointer.key.len() > MAX_KEY_BYTES {
            return Ok(());
        }
        let expires_at = (now + TIME_TO_LIVE).timestamp();
        self.client
            .put_item()
            .table_name(&self.table)
            .item("Content", AttributeValue::S(content.0.clone()))
            .item("Key", AttributeValue::S(pointer.key.clone()))
            .item("Seq", AttributeValue::S(pointer.seq.as_str().to_owned()))
            .item("ExpiresAt", AttributeValue::N(expires_at.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|source| self.error("written", source))
    }
}

/// `None` for an item that is not a pointer; it is replaced after the analysis.
fn pointer(item: &HashMap<String, AttributeValue>) -> Option<Pointer> {
    Some(Pointer {
        key: item.get("Key")?.as_s().ok()?.clone(),
        seq: item.get("Seq")?.as_s().ok()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_md5_identifies_content() {
        let md5 = "9E107D9D372BB6826BD81D3542A419D6";
        let content = Content::new(md5, 43, 20, 55.5).expect("an MD5");
        assert_eq!(
            content.as_str(),
            "9e107d9d372bb6826bd81d3542a419d6-43-20-55.5"
        );
        for e_tag in ["", "9e107d9d372bb6826bd81d3542a419d6-2", &md5[1..], "tag"] {
            assert_eq!(Content::new(e_tag, 43, 20, 55.5), None);
        }
        let others = [(42, 20, 55.5), (43, 19, 55.5), (43, 20, 55.0)];
        for (bytes, max_labels, min_confidence) in others {
            assert_ne!(
                Content::new(md5, bytes, max_labels, min_confidence),
                Some(content.clone())
            );
        }
    }
}
