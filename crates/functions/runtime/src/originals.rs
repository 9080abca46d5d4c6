//! The raw bucket: originals, read on the condition of their entity tags.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Utc};

use crate::white_space_key::{placeholder, restore};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What the functions need of the raw bucket.
pub trait Originals {
    /// The object under `key`: the one with this entity tag, or the current one.
    fn get(
        &self,
        key: &str,
        e_tag: Option<&str>,
        portion: Portion,
    ) -> impl Future<Output = Result<Original, ObjectError>> + Send;

    /// The metadata of the current object under `key`, if there is one.
    fn describe(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Description>, ObjectError>> + Send;
}

/// How much of an object to read, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// All of it.
    All,
    /// Its first bytes, at most this many.
    First(u64),
    /// All of it, or nothing if it is larger.
    AllUpTo(u64),
}

/// What was found under the key of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// The object.
    Found {
        /// Its entity tag, without quotes.
        e_tag: String,
        /// The portion of its content.
        content: Vec<u8>,
        /// Size in bytes of the whole object.
        bytes: u64,
    },
    /// An object with another entity tag.
    Changed,
    /// No object.
    Gone,
}

impl Original {
    /// The current object, or its absence; `None` if there is an object with another entity tag, which has not been read.
    #[must_use]
    pub fn current(self) -> Option<Self> {
        (self != Self::Changed).then_some(self)
    }
}

/// An object's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its entity tag, without quotes.
    pub e_tag: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was uploaded.
    pub uploaded_at: DateTime<Utc>,
}

/// A call of S3 that failed.
#[derive(Debug, thiserror::Error)]
#[error("object {key:?} of bucket {bucket} cannot be {done}")]
pub struct ObjectError {
    done: &'static str,
    bucket: String,
    key: String,
    source: Source,
}

impl ObjectError {
    /// What could not be `done` (`read`, `written`) to which object, and why.
    pub fn new(
        done: &'static str,
        bucket: impl Into<String>,
        key: impl Into<String>,
        source: impl Into<Source>,
    ) -> Self {
        Self {
            done,
            bucket: bucket.into(),
            key: key.into(),
            source: source.into(),
        }
    }
}

/// The raw bucket in S3.
#[derive(Clone, Debug)]
pub struct RawBucket {
    client: Client,
    name: String,
}

impl RawBucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }

    fn unreadable(&self, key: &str, source: impl Into<Source>) -> ObjectError {
        ObjectError::new("read", &self.name, key, source)
    }
}

impl Originals for RawBucket {
    async fn get(
        &self,
        key: &str,
        e_tag: Option<&str>,
        portion: Portion,
    ) -> Result<Original, ObjectError> {
        let range = match portion {
            Portion::First(first) => Some(format!("bytes=0-{}", first.saturating_sub(1))),
            Portion::All | Portion::AllUpTo(_) => None,
        };
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(placeholder(key))
            .set_range(range)
            .set_if_match(e_tag.map(|tag| format!("\"{tag}\"")));
        let response = match request
            .customize()
            .mutate_request(restore(key))
            .send()
            .await
        {
            Ok(response) => response,
            Err(error) => {
                return match status(&error) {
                    Some(412) => Ok(Original::Changed),
                    Some(404) if error.code() != Some("NoSuchBucket") => Ok(Original::Gone),
                    _ => Err(self.unreadable(key, error)),
                };
            }
        };
        let e_tag = unquoted(response.e_tag());
        let length = length(response.content_length());
        // Of a range: `bytes 0-65535/1234567`.
        let bytes = response
            .content_range()
            .and_then(|range| range.rsplit_once('/')?.1.parse().ok())
            .unwrap_or(length);
        let content = match portion {
            Portion::AllUpTo(limit) if bytes > limit => Vec::new(),
            Portion::All | Portion::First(_) | Portion::AllUpTo(_) => {
                collect(response.body, length)
                    .await
                    .map_err(|source| self.unreadable(key, source))?
            }
        };
        Ok(Original::Found {
            e_tag,
            content,
            bytes,
        })
    }

    async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        let request = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(placeholder(key));
        let response = match request
            .customize()
            .mutate_request(restore(key))
            .send()
            .await
        {
            Ok(response) => response,
            // A HEAD has no body that could name a missing bucket; GET, and the bucket's own events, do.
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(self.unreadable(key, error)),
        };
        let uploaded_at = response
            .last_modified()
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        Ok(Some(Description {
            e_tag: unquoted(response.e_tag()),
            bytes: length(response.content_length()),
            uploaded_at: uploaded_at.unwrap_or_default(),
        }))
    }
}

/// Reads a body of `length` bytes into one buffer; [`ByteStream::collect`] would hold it twice.
async fn collect(mut body: ByteStream, length: u64) -> Result<Vec<u8>, Source> {
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    while let Some(chunk) = body.try_next().await? {
        content.extend_from_slice(&chunk);
    }
    Ok(content)
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
