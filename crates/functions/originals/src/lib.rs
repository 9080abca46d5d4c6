//! What was uploaded: objects of the raw bucket, read under their entity tags.

mod blank;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The bucket.
#[derive(Clone, Debug)]
pub struct Originals {
    client: Client,
    bucket: String,
}

/// What was found where an upload should be.
#[derive(Debug)]
pub enum Found {
    /// The object, whose content has not been read yet.
    Here(Box<Content>),
    /// Another object than the one asked for.
    Changed,
    /// Nothing.
    Gone,
}

/// An object that is about to be read.
#[derive(Debug)]
pub struct Content {
    /// Its entity tag, without quotes.
    pub e_tag: String,
    /// Its size in bytes, whatever part of it was asked for.
    pub total: u64,
    bucket: String,
    key: String,
    /// Bytes that are coming.
    length: u64,
    body: ByteStream,
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

/// S3 could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("object {key:?} of bucket {bucket} cannot be {done}")]
pub struct ObjectError {
    done: &'static str,
    bucket: String,
    key: String,
    source: Cause,
}

impl ObjectError {
    /// What could not be done (`read`, `written`) to which object, and why.
    pub fn new(
        done: &'static str,
        bucket: impl Into<String>,
        key: impl Into<String>,
        source: impl Into<Cause>,
    ) -> Self {
        Self {
            done,
            bucket: bucket.into(),
            key: key.into(),
            source: source.into(),
        }
    }
}

impl Originals {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// The object under `key`: the one with this entity tag, or whichever is there; its first `first` bytes, or all.
    ///
    /// # Errors
    /// S3 refuses or can't be reached, or there is no such bucket.
    pub async fn get(
        &self,
        key: &str,
        e_tag: Option<&str>,
        first: Option<u64>,
    ) -> Result<Found, ObjectError> {
        let range = first.map(|first| format!("bytes=0-{}", first.saturating_sub(1)));
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(blank::stand_in(key))
            .set_range(range)
            .set_if_match(e_tag.map(|tag| format!("\"{tag}\"")));
        match request
            .customize()
            .mutate_request(blank::turn_to(key))
            .send()
            .await
        {
            Ok(answer) => Ok(Found::Here(Box::new(Content {
                e_tag: unquoted(answer.e_tag()),
                // Of a range: `bytes 0-65535/1234567`.
                total: answer
                    .content_range()
                    .and_then(|range| range.rsplit_once('/')?.1.parse().ok())
                    .unwrap_or_else(|| length(answer.content_length())),
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                length: length(answer.content_length()),
                body: answer.body,
            }))),
            Err(error) => match status(&error) {
                Some(412) => Ok(Found::Changed),
                Some(404) if error.code() != Some("NoSuchBucket") => Ok(Found::Gone),
                _ => Err(self.unread(key, error)),
            },
        }
    }

    /// What is under `key` now, if anything is.
    ///
    /// # Errors
    /// S3 refuses or can't be reached.
    pub async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        let request = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(blank::stand_in(key));
        let answer = match request
            .customize()
            .mutate_request(blank::turn_to(key))
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
            e_tag: unquoted(answer.e_tag()),
            bytes: length(answer.content_length()),
            uploaded_at: uploaded_at.unwrap_or_default(),
        }))
    }

    fn unread(&self, key: &str, source: impl Into<Cause>) -> ObjectError {
        ObjectError::new("read", &self.bucket, key, source)
    }
}

impl Content {
    /// Reads it in one piece; collecting the stream's segments first would hold it twice.
    ///
    /// # Errors
    /// The connection broke off.
    pub async fn read(self) -> Result<Vec<u8>, ObjectError> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        let mut body = self.body;
        loop {
            match body.try_next().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(bytes),
                Err(source) => {
                    return Err(ObjectError::new("read", self.bucket, self.key, source));
                }
            }
        }
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

fn unquoted(e_tag: Option<&str>) -> String {
    e_tag.unwrap_or_default().trim_matches('"').to_owned()
}
