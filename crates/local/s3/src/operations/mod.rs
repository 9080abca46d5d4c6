//! What each operation of S3 does; `s3s` calls them once a request is authentic, permitted and read.

// All are called alike, whether they have to wait for something or not.
#![allow(clippy::unused_async)]

mod buckets;
mod completion;
mod copies;
mod description;
mod listings;
mod reads;
mod uploads;
mod writes;

use std::sync::Arc;

use s3s::dto::{ETag, ServerSideEncryption};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, dto, s3_error};

use crate::Error;
use crate::access::{Caller, Gate, bucket_arn};
use crate::arrival::Arrival;
use crate::checksum::Checksum;
use crate::content::Written;
use crate::observer::{Change, Observer};
use crate::store::{Description, Entry, Store, WriteCondition};

/// The operations, with what they need. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Operations {
    pub(crate) store: Arc<Store>,
    pub(crate) gate: Gate,
    pub(crate) observer: Arc<dyn Observer>,
}

/// Where a change came from.
struct Origin {
    bucket: String,
    access_key: String,
    arrival: Arrival,
}

impl Origin {
    fn of<T>(request: &S3Request<T>, bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            access_key: request
                .credentials
                .as_ref()
                .map(|credentials| credentials.access_key.clone())
                .unwrap_or_default(),
            arrival: Arrival::of(request),
        }
    }
}

impl Operations {
    /// Makes an object of a content and announces it.
    async fn store(
        &self,
        origin: Origin,
        key: String,
        written: Written,
        description: Description,
        condition: WriteCondition,
        event_name: &'static str,
    ) -> S3Result<Entry> {
        let operations = self.clone();
        to_the_end(async move {
            let entry =
                operations
                    .store
                    .put(&origin.bucket, &key, written, description, &condition)?;
            operations
                .announce_written(&origin, event_name, &entry)
                .await;
            Ok(entry)
        })
        .await
    }

    async fn announce_written(&self, origin: &Origin, event_name: &'static str, entry: &Entry) {
        self.announce(origin, event_name, entry, entry.size, &entry.etag)
            .await;
    }

    async fn announce_removed(&self, origin: &Origin, entry: &Entry) {
        self.announce(origin, "ObjectRemoved:Delete", entry, 0, "")
            .await;
    }

    async fn announce(
        &self,
        origin: &Origin,
        event_name: &'static str,
        entry: &Entry,
        size: u64,
        etag: &str,
    ) {
        self.observer
            .changed(Change {
                bucket: origin.bucket.clone(),
                key: entry.key.clone(),
                event_name,
                size,
                etag: etag.to_owned(),
                sequencer: entry.sequencer.clone(),
                time: entry.modified,
                principal_access_key: origin.access_key.clone(),
                source_ip: origin.arrival.source_ip,
                request_id: origin.arrival.request_id.clone(),
            })
            .await;
    }

    /// What a caller hears of a key that isn't there: `NoSuchKey` if it may list the bucket, otherwise no more than
    /// that access is denied.
    async fn missing<T>(&self, request: &S3Request<T>, bucket: &str, key: &str) -> S3Error {
        match self
            .gate
            .permit(&Caller::of(request), "s3:ListBucket", &bucket_arn(bucket))
            .await
        {
            Ok(()) => Error::NoSuchKey(key.to_owned()).into(),
            Err(denied) => denied,
        }
    }
}

/// Runs work to its end even if the client hangs up, so that what is stored is also announced.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = S3Result<T>> + Send + 'static,
) -> S3Result<T> {
    tokio::spawn(work).await.map_err(S3Error::internal_error)?
}

/// The key that a request's path names.
fn key_of<T>(request: &S3Request<T>, as_read_by_s3s: &str) -> String {
    Arrival::of(request)
        .key
        .unwrap_or_else(|| as_read_by_s3s.to_owned())
}

fn etag(entry: &Entry) -> ETag {
    ETag::Strong(entry.etag.clone())
}

/// An object's checksum as `s3s` sends it.
fn checksum(entry: &Entry) -> dto::Checksum {
    entry
        .description
        .checksum
        .clone()
        .map(Checksum::into_dto)
        .unwrap_or_default()
}

/// Sizes travel as signed numbers.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Every new object has been [encrypted so](https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html)
/// since January 2023, and S3 says so in its answers.
#[allow(clippy::unnecessary_wraps)]
fn encryption() -> Option<ServerSideEncryption> {
    Some(ServerSideEncryption::from_static(
        ServerSideEncryption::AES256,
    ))
}

/// Buckets here keep no versions, so that `null` is the only one.
fn refuse_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

/// Hands each operation to the function of that name in one of the modules.
macro_rules! operations {
    ($($name:ident: $input:ident -> $output:ident,)*) => {
        #[async_trait::async_trait]
        impl S3 for Operations {
            $(
                async fn $name(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                    self.$name(request).await.map(S3Response::new)
                }
            )*
        }
    };
}

operations! {
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput,
    copy_object: CopyObjectInput -> CopyObjectOutput,
    create_bucket: CreateBucketInput -> CreateBucketOutput,
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput,
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput,
    delete_object: DeleteObjectInput -> DeleteObjectOutput,
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput,
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput,
    get_object: GetObjectInput -> GetObjectOutput,
    head_bucket: HeadBucketInput -> HeadBucketOutput,
    head_object: HeadObjectInput -> HeadObjectOutput,
    list_buckets: ListBucketsInput -> ListBucketsOutput,
    list_multipart_uploads: ListMultipartUploadsInput -> ListMultipartUploadsOutput,
    list_objects: ListObjectsInput -> ListObjectsOutput,
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output,
    list_parts: ListPartsInput -> ListPartsOutput,
    put_object: PutObjectInput -> PutObjectOutput,
    upload_part: UploadPartInput -> UploadPartOutput,
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput,
}
