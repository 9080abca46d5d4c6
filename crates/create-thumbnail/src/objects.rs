//! The two buckets.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What was found where an upload should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// The object.
    Here {
        /// Its entity tag, without quotes.
        e_tag: String,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// The object, which has too many bytes and was not read.
    TooLarge {
        /// Its entity tag, without quotes.
        e_tag: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// Another object than the one asked for.
    Changed,
    /// Nothing.
    Gone,
}

/// An object's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its entity tag, without quotes.
    pub e_tag: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was uploaded.
    pub uploaded_at: DateTime<Utc>,
}

/// What this function needs of S3.
pub trait Objects {
    /// The upload under `key`: the one with this entity tag, or whichever is there. Not read if it has more than
    /// `limit` bytes.
    fn original(
        &self,
        key: &str,
        e_tag: Option<&str>,
        limit: u64,
    ) -> impl Future<Output = Result<Original, ObjectError>> + Send;

    /// What is under `key` in the raw bucket, if anything is.
    fn describe(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Description>, ObjectError>> + Send;

    /// Puts the thumbnail of a size under `{size}/{key}`.
    fn put(
        &self,
        key: &str,
        thumbnail: thumbnail::Thumbnail,
    ) -> impl Future<Output = Result<(), ObjectError>> + Send;

    /// Deletes the thumbnail of a size, if there is one.
    fn delete(&self, key: &str, size: u32) -> impl Future<Output = Result<(), ObjectError>> + Send;
}

/// S3 could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("object {key:?} of bucket {bucket} cannot be {done}")]
pub struct ObjectError {
    done: &'static str,
    bucket: String,
    key: String,
    source: Cause,
}

/// The buckets, in S3.
#[derive(Clone, Debug)]
pub struct Buckets {
    client: Client,
    raw: String,
    thumbnails: String,
}

impl Buckets {
    /// The buckets of these names.
    #[must_use]
    pub fn new(client: Client, raw: impl Into<String>, thumbnails: impl Into<String>) -> Self {
        Self {
            client,
            raw: raw.into(),
            thumbnails: thumbnails.into(),
        }
    }

    fn unread(&self, key: &str, source: impl Into<Cause>) -> ObjectError {
        ObjectError {
            done: "read",
            bucket: self.raw.clone(),
            key: key.to_owned(),
            source: source.into(),
        }
    }
}

impl Objects for Buckets {
    async fn original(
        &self,
        key: &str,
        e_tag: Option<&str>,
        limit: u64,
    ) -> Result<Original, ObjectError> {
        let request = self.client.get_object().bucket(&self.raw).key(key);
        let answer = match request
            .set_if_match(e_tag.map(|tag| format!("\"{tag}\"")))
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) => {
                return match status(&error) {
                    Some(412) => Ok(Original::Changed),
                    Some(404) if error.code() != Some("NoSuchBucket") => Ok(Original::Gone),
                    _ => Err(self.unread(key, error)),
                };
            }
        };
        let e_tag = answer
            .e_tag()
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned();
        let bytes = length(answer.content_length());
        if bytes > limit {
            return Ok(Original::TooLarge { e_tag, bytes });
        }
        let bytes = read(answer, bytes)
            .await
            .map_err(|source| self.unread(key, source))?;
        Ok(Original::Here { e_tag, bytes })
    }

    async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        let answer = match self
            .client
            .head_object()
            .bucket(&self.raw)
            .key(key)
            .send()
            .await
        {
            Ok(answer) => answer,
            // HEAD has no body that could tell a missing bucket; GET and the bucket's own events do.
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(self.unread(key, error)),
        };
        let uploaded_at = answer
            .last_modified()
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        Ok(Some(Description {
            e_tag: answer
                .e_tag()
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned(),
            bytes: length(answer.content_length()),
            uploaded_at: uploaded_at.unwrap_or_default(),
        }))
    }

    async fn put(&self, key: &str, thumbnail: thumbnail::Thumbnail) -> Result<(), ObjectError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.thumbnails)
            .key(format!("{}/{key}", thumbnail.size))
            .content_type(thumbnail.content_type)
            // Replaced under the same address by a newer upload: kept by the reader, asked about each time.
            .cache_control("private, no-cache")
            .body(ByteStream::from(thumbnail.bytes));
        request
            .send()
            .await
            .map(drop)
            .map_err(|source| ObjectError {
                done: "written",
                bucket: self.thumbnails.clone(),
                key: format!("{}/{key}", thumbnail.size),
                source: source.into(),
            })
    }

    async fn delete(&self, key: &str, size: u32) -> Result<(), ObjectError> {
        let key = format!("{size}/{key}");
        let request = self
            .client
            .delete_object()
            .bucket(&self.thumbnails)
            .key(&key);
        request
            .send()
            .await
            .map(drop)
            .map_err(|source| ObjectError {
                done: "deleted",
                bucket: self.thumbnails.clone(),
                key,
                source: source.into(),
            })
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

fn length(content_length: Option<i64>) -> u64 {
    content_length
        .and_then(|length| length.try_into().ok())
        .unwrap_or_default()
}

/// The content in one piece; collecting the stream's segments first would hold it twice.
async fn read(answer: GetObjectOutput, length: u64) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::with_capacity(usize::try_from(length)?);
    let mut body = answer.body;
    while let Some(chunk) = body.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
