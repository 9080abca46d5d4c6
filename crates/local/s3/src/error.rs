//! What can go wrong in the store, and how S3 says it.

use std::path::PathBuf;

use s3s::{S3Error, S3ErrorCode};

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made or read.
    #[error("cannot use the folder {}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the file system says.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the store open.
    #[error("another process uses the folder {}", folder.display())]
    InUse {
        /// Which folder.
        folder: PathBuf,
    },
    /// The index was written by another version of this crate.
    #[error("the index has version {found}, this program reads version {expected}")]
    IndexVersion {
        /// The version found in the index.
        found: i64,
        /// The version that this crate writes.
        expected: i64,
    },
    /// The index cannot be read or written.
    #[error("the index of the object store failed")]
    Index(#[from] rusqlite::Error),
    /// An object's content cannot be read or written.
    #[error("the content of an object failed")]
    Content(#[from] std::io::Error),
    /// There is no bucket of that name.
    #[error("the bucket {0} does not exist")]
    NoSuchBucket(String),
    /// The bucket holds objects.
    #[error("the bucket {0} is not empty")]
    BucketNotEmpty(String),
    /// There is no such object, and the operation needs one.
    #[error("the key {0:?} does not exist")]
    NoSuchKey(String),
    /// There is no such multipart upload, or it has been completed or aborted.
    #[error("the upload {0} does not exist")]
    NoSuchUpload(String),
    /// A condition that the client set does not hold.
    #[error("the condition {0} does not hold")]
    PreconditionFailed(&'static str),
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        let (code, message) = match &error {
            Error::NoSuchBucket(_) => (
                S3ErrorCode::NoSuchBucket,
                "The specified bucket does not exist",
            ),
            Error::BucketNotEmpty(_) => (
                S3ErrorCode::BucketNotEmpty,
                "The bucket you tried to delete is not empty",
            ),
            Error::NoSuchKey(_) => (S3ErrorCode::NoSuchKey, "The specified key does not exist."),
            Error::NoSuchUpload(_) => (
                S3ErrorCode::NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                 aborted or completed.",
            ),
            Error::PreconditionFailed(_) => (
                S3ErrorCode::PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold",
            ),
            Error::Folder { .. }
            | Error::InUse { .. }
            | Error::IndexVersion { .. }
            | Error::Index(_)
            | Error::Content(_) => (
                S3ErrorCode::InternalError,
                "We encountered an internal error. Please try again.",
            ),
        };
        let mut answer = S3Error::with_message(code, message);
        answer.set_source(Box::new(error));
        answer
    }
}
