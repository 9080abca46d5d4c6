//! The raw bucket.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use chrono::{DateTime, Utc};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What was found where an upload should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The object that was asked for.
    Here {
        /// Its first bytes: as many as were asked for, or all.
        bytes: Vec<u8>,
        /// Its size in bytes.
        total: u64,
    },
    /// Another object.
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
    /// The upload under `key` that has this entity tag: its first `first` bytes, or all.
    fn read(
        &self,
        key: &str,
        e_tag: &str,
        first: Option<u64>,
    ) -> impl Future<Output = Result<Found, ObjectError>> + Send;

    /// What is under `key` now, if anything is.
    fn describe(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Description>, ObjectError>> + Send;
}

/// S3 could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("object {key:?} of bucket {bucket} cannot be read")]
pub struct ObjectError {
    bucket: String,
    key: String,
    source: Cause,
}

/// The bucket, in S3.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }

    fn unread(&self, key: &str, source: impl Into<Cause>) -> ObjectError {
        ObjectError {
            bucket: self.name.clone(),
            key: key.to_owned(),
            source: source.into(),
        }
    }
}

impl Objects for Bucket {
    async fn read(&self, key: &str, e_tag: &str, first: Option<u64>) -> Result<Found, ObjectError> {
        let request = self.client.get_object().bucket(&self.name).key(key);
        let range = first.map(|first| format!("bytes=0-{}", first.saturating_sub(1)));
        let answer = request
            .set_range(range)
            .if_match(format!("\"{e_tag}\""))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return match status(&error) {
                    Some(412) => Ok(Found::Changed),
                    Some(404) if error.code() != Some("NoSuchBucket") => Ok(Found::Gone),
                    _ => Err(self.unread(key, error)),
                };
            }
        };
        let length = length(answer.content_length());
        // Of a range: `bytes 0-65535/1234567`.
        let total = answer
            .content_range()
            .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let mut body = answer.body;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        // Collecting the stream's segments first would hold the content twice.
        while let Some(chunk) = body
            .try_next()
            .await
            .map_err(|source| self.unread(key, source))?
        {
            bytes.extend_from_slice(&chunk);
        }
        Ok(Found::Here {
            bytes,
            total: total.unwrap_or(length),
        })
    }

    async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        let answer = match self
            .client
            .head_object()
            .bucket(&self.name)
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
