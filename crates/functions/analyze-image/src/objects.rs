//! The raw bucket.

use std::future::Future;

use originals::{Description, ObjectError, Originals};

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

impl Objects for Originals {
    async fn read(&self, key: &str, e_tag: &str, first: Option<u64>) -> Result<Found, ObjectError> {
        match self.get(key, Some(e_tag), first).await? {
            originals::Found::Changed => Ok(Found::Changed),
            originals::Found::Gone => Ok(Found::Gone),
            originals::Found::Here(content) => {
                let total = content.total;
                let bytes = content.read().await?;
                Ok(Found::Here { bytes, total })
            }
        }
    }

    async fn describe(&self, key: &str) -> Result<Option<Description>, ObjectError> {
        Originals::describe(self, key).await
    }
}
