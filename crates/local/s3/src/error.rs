//! Errors of the store, and the S3 errors that clients get for them.

use std::path::PathBuf;

use http::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use s3s::dto::TimestampFormat;
use s3s::{S3Error, S3ErrorCode};

use crate::conditions::timestamp;
use crate::store::ObjectVersion;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("cannot use the folder {}", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("another process uses the folder {}", folder.display())]
    InUse { folder: PathBuf },
    #[error("the index has layout {found}; this program reads layouts up to {expected}")]
    IndexLayout { found: i64, expected: i64 },
    #[error("cannot read or write the index of the object store")]
    Index(#[from] rusqlite::Error),
    #[error("cannot read or write the content of an object")]
    Content(#[from] std::io::Error),
    #[error("the bucket {0} does not exist")]
    NoSuchBucket(String),
    #[error("the bucket {0} is not empty")]
    BucketNotEmpty(String),
    #[error("the key {0:?} does not exist")]
    NoSuchKey(String),
    #[error("the version {0} does not exist")]
    NoSuchVersion(String),
    #[error("the version {} of {:?} is a delete marker", .0.id, .0.key)]
    DeleteMarker(Box<ObjectVersion>),
    #[error("the upload {0} does not exist, or has been completed or aborted")]
    NoSuchUpload(String),
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
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            ),
            Error::NoSuchKey(_) | Error::DeleteMarker(_) => {
                (S3ErrorCode::NoSuchKey, "The specified key does not exist.")
            }
            Error::NoSuchVersion(_) => (
                S3ErrorCode::NoSuchVersion,
                "The specified version does not exist.",
            ),
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
            | Error::IndexLayout { .. }
            | Error::Index(_)
            | Error::Content(_) => (
                S3ErrorCode::InternalError,
                "We encountered an internal error. Please try again.",
            ),
        };
        let mut response = S3Error::with_message(code, message);
        if let Error::DeleteMarker(marker) = &error {
            response.set_headers(marker_headers(marker));
        }
        response.set_source(Box::new(error));
        response
    }
}

/// The response to a read that names a delete marker by its version: [405].
///
/// [405]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
pub(crate) fn method_not_allowed(marker: &ObjectVersion) -> S3Error {
    let mut headers = marker_headers(marker);
    headers.insert(ALLOW, HeaderValue::from_static("DELETE"));
    let mut modified = Vec::new();
    let written = timestamp(marker.modified).format(TimestampFormat::HttpDate, &mut modified);
    if let (Ok(()), Ok(value)) = (written, HeaderValue::from_bytes(&modified)) {
        headers.insert(LAST_MODIFIED, value);
    }
    let mut response = S3Error::with_message(
        S3ErrorCode::MethodNotAllowed,
        "The specified method is not allowed against this resource.",
    );
    response.set_headers(headers);
    response
}

fn marker_headers(marker: &ObjectVersion) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("x-amz-delete-marker"),
        HeaderValue::from_static("true"),
    );
    if let Ok(id) = HeaderValue::from_str(&marker.id) {
        headers.insert(HeaderName::from_static("x-amz-version-id"), id);
    }
    headers
}
