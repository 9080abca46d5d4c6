//! The thumbnail bucket.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use runtime::ObjectError;
use thumbnail::Thumbnail;

/// What this function needs of the thumbnail bucket.
pub trait Thumbnails {
    /// Puts a thumbnail under `{size}/{key}`.
    fn put(
        &self,
        key: &str,
        thumbnail: Thumbnail,
    ) -> impl Future<Output = Result<(), ObjectError>> + Send;

    /// Deletes the thumbnail of a size, if there is one.
    fn delete(&self, key: &str, size: u32) -> impl Future<Output = Result<(), ObjectError>> + Send;
}

/// The thumbnail bucket in S3.
#[derive(Clone, Debug)]
pub struct ThumbnailBucket {
    client: Client,
    name: String,
}

impl ThumbnailBucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }
}

impl Thumbnails for ThumbnailBucket {
    async fn put(&self, key: &str, thumbnail: Thumbnail) -> Result<(), ObjectError> {
        let key = format!("{}/{key}", thumbnail.size);
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(&key)
            .content_type(thumbnail.content_type)
            // A newer upload replaces it at the same URL, so a cache has to revalidate it every time.
            .cache_control("private, no-cache")
            .body(ByteStream::from(thumbnail.bytes));
        request
            .send()
            .await
            .map(drop)
            .map_err(|source| ObjectError::new("written", &self.name, key, source))
    }

    async fn delete(&self, key: &str, size: u32) -> Result<(), ObjectError> {
        let key = format!("{size}/{key}");
        let request = self.client.delete_object().bucket(&self.name).key(&key);
        request
            .send()
            .await
            .map(drop)
            .map_err(|source| ObjectError::new("deleted", &self.name, key, source))
    }
}
