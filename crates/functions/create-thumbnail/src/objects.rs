//! The two buckets.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use originals::{Description, Found, ObjectError, Originals};

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

/// The buckets, in S3.
#[derive(Clone, Debug)]
pub struct Buckets {
    client: Client,
    raw: Originals,
    thumbnails: String,
}

impl Buckets {
    /// The buckets of these names.
    #[must_use]
    pub fn new(client: Client, raw: impl Into<String>, thumbnails: impl Into<String>) -> Self {
        Self {
            raw: Originals::new(client.clone(), raw),
            client,
            thumbnails: thumbnails.into(),
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
        let content = match self.raw.get(key, e_tag, None).await? {
            Found::Changed => return Ok(Original::Changed),
            Found::Gone => return Ok(Original::Gone),
            Found::Here(content) => content,
        };
        let (e_tag, bytes) = (content.e_tag.clone(), content.total);
        if bytes > limit {
            return Ok(Original::TooLarge { e_tag, bytes });
        }
        let bytes = content.read().await?;
        Ok(Original::Here { e_tag, bytes })
    }

    async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        self.raw.describe(key).await
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
        request.send().await.map(drop).map_err(|source| {
            let key = format!("{}/{key}", thumbnail.size);
            ObjectError::new("written", &self.thumbnails, key, source)
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
            .map_err(|source| ObjectError::new("deleted", &self.thumbnails, key, source))
    }
}
