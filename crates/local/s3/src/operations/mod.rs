//! The operations of S3. `s3s` calls them once a request has been parsed, authenticated and permitted.

#![expect(
    clippy::unused_async,
    reason = "all are called in the same way, whether they await something or not"
)]

mod attributes;
mod bucket_settings;
mod buckets;
mod complete;
mod copies;
mod deletes;
mod listings;
mod metadata;
mod reads;
mod tags_and_acls;
mod uploads;
mod versions;
mod writes;

use std::sync::Arc;

use s3s::dto::{ETag, Owner, ServerSideEncryption};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, dto, s3_error};

use crate::access::{Caller, S3AccessAdapter, bucket_arn};
use crate::checksum::Checksum;
use crate::contents::NewContent;
use crate::error::method_not_allowed;
use crate::observer::{Change, Observer};
use crate::request_context::RequestContext;
use crate::store::{NULL_VERSION, ObjectMetadata, ObjectVersion, Store, WriteCondition};
use crate::{Account, Error};

/// The operations and what they need. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Operations {
    pub(crate) account: Account,
    pub(crate) store: Arc<Store>,
    pub(crate) access: S3AccessAdapter,
    pub(crate) observer: Arc<dyn Observer>,
}

/// Where a change came from.
struct ChangeOrigin {
    bucket: String,
    access_key: String,
    context: RequestContext,
}

impl ChangeOrigin {
    fn of<T>(request: &S3Request<T>, bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            access_key: request
                .credentials
                .as_ref()
                .map(|credentials| credentials.access_key.clone())
                .unwrap_or_default(),
            context: RequestContext::of(request),
        }
    }
}

impl Operations {
    /// Stores a content as a version and announces it.
    async fn put(
        &self,
        origin: ChangeOrigin,
        key: String,
        content: NewContent,
        metadata: ObjectMetadata,
        condition: WriteCondition,
        event_name: &'static str,
    ) -> S3Result<ObjectVersion> {
        let operations = self.clone();
        run_to_completion(async move {
            let version =
                operations
                    .store
                    .put(&origin.bucket, &key, content, metadata, &condition)?;
            operations.announce(&origin, event_name, &version).await;
            Ok(version)
        })
        .await
    }

    async fn announce(
        &self,
        origin: &ChangeOrigin,
        event_name: &'static str,
        version: &ObjectVersion,
    ) {
        let is_removal = event_name.starts_with("ObjectRemoved");
        self.observer
            .changed(Change {
                bucket: origin.bucket.clone(),
                key: version.key.clone(),
                version_id: version.version_id().map(str::to_owned),
                event_name,
                size: if is_removal { 0 } else { version.size },
                etag: if is_removal {
                    String::new()
                } else {
                    version.etag.clone()
                },
                sequencer: version.sequencer.clone(),
                time: version.modified,
                principal_access_key: origin.access_key.clone(),
                source_ip: origin.context.source_ip,
                request_id: origin.context.request_id.clone(),
            })
            .await;
    }

    /// The version that a read asks for, the latest if it names none.
    async fn version<T>(
        &self,
        request: &S3Request<T>,
        bucket: &str,
        key: &str,
        id: Option<&String>,
    ) -> S3Result<ObjectVersion> {
        let id = version_of(id)?;
        let key = key_of(request, key);
        match self.store.version(bucket, &key, id) {
            Ok(version) => Ok(version),
            Err(error) => Err(self.unreadable(request, bucket, id, error).await),
        }
    }

    /// The response to a read that fails. Only callers who may list the bucket learn that a key or version does not exist;
    /// to others access is denied.
    async fn unreadable<T>(
        &self,
        request: &S3Request<T>,
        bucket: &str,
        version: Option<&str>,
        error: Error,
    ) -> S3Error {
        let response = match (&error, version) {
            (Error::DeleteMarker(marker), Some(_)) => method_not_allowed(marker),
            (Error::NoSuchKey(_) | Error::NoSuchVersion(_) | Error::DeleteMarker(_), _) => {
                error.into()
            }
            _ => return error.into(),
        };
        match self
            .access
            .permit(&Caller::of(request), "s3:ListBucket", &bucket_arn(bucket))
            .await
        {
            Ok(()) => response,
            Err(denied) => denied,
        }
    }
}

/// Runs work to completion even if the client disconnects, so that every stored change is announced.
async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = S3Result<T>> + Send + 'static,
) -> S3Result<T> {
    tokio::spawn(work).await.map_err(S3Error::internal_error)?
}

/// The key that a request's path names.
fn key_of<T>(request: &S3Request<T>, as_read_by_s3s: &str) -> String {
    RequestContext::of(request)
        .key
        .unwrap_or_else(|| as_read_by_s3s.to_owned())
}

/// The version that a request names.
///
/// # Errors
/// `InvalidArgument` unless it has the form of this crate's ids.
fn version_of(id: Option<&String>) -> S3Result<Option<&str>> {
    match id.map(String::as_str) {
        Some("") => Err(s3_error!(
            InvalidArgument,
            "Version id cannot be the empty string"
        )),
        Some(id)
            if id != NULL_VERSION
                && (id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit())) =>
        {
            Err(s3_error!(InvalidArgument, "Invalid version id specified"))
        }
        id => Ok(id),
    }
}

fn etag(version: &ObjectVersion) -> ETag {
    ETag::Strong(version.etag.clone())
}

fn version_id(version: &ObjectVersion) -> Option<String> {
    version.version_id().map(str::to_owned)
}

/// The one account that owns everything; its canonical id has the form of AWS's.
fn owner() -> Owner {
    Owner {
        display_name: None,
        id: Some("0".repeat(64)),
    }
}

/// An object's checksum in the type that `s3s` sends.
fn checksum(version: &ObjectVersion) -> dto::Checksum {
    version
        .metadata
        .checksum
        .clone()
        .map(Checksum::into_dto)
        .unwrap_or_default()
}

/// `s3s` has signed sizes.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Since January 2023 every new object is [encrypted](https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html)
/// with AES256, and S3's responses have that header.
#[expect(clippy::unnecessary_wraps, reason = "the field is optional")]
fn encryption() -> Option<ServerSideEncryption> {
    Some(ServerSideEncryption::from_static(
        ServerSideEncryption::AES256,
    ))
}

/// Calls the function of each operation's name in one of the modules.
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
    delete_object_tagging: DeleteObjectTaggingInput -> DeleteObjectTaggingOutput,
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput,
    get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput -> GetBucketAccelerateConfigurationOutput,
    get_bucket_acl: GetBucketAclInput -> GetBucketAclOutput,
    get_bucket_cors: GetBucketCorsInput -> GetBucketCorsOutput,
    get_bucket_encryption: GetBucketEncryptionInput -> GetBucketEncryptionOutput,
    get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput -> GetBucketLifecycleConfigurationOutput,
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput,
    get_bucket_logging: GetBucketLoggingInput -> GetBucketLoggingOutput,
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput -> GetBucketOwnershipControlsOutput,
    get_bucket_policy: GetBucketPolicyInput -> GetBucketPolicyOutput,
    get_bucket_policy_status: GetBucketPolicyStatusInput -> GetBucketPolicyStatusOutput,
    get_bucket_replication: GetBucketReplicationInput -> GetBucketReplicationOutput,
    get_bucket_request_payment: GetBucketRequestPaymentInput -> GetBucketRequestPaymentOutput,
    get_bucket_tagging: GetBucketTaggingInput -> GetBucketTaggingOutput,
    get_bucket_versioning: GetBucketVersioningInput -> GetBucketVersioningOutput,
    get_bucket_website: GetBucketWebsiteInput -> GetBucketWebsiteOutput,
    get_object: GetObjectInput -> GetObjectOutput,
    get_object_acl: GetObjectAclInput -> GetObjectAclOutput,
    get_object_attributes: GetObjectAttributesInput -> GetObjectAttributesOutput,
    get_object_legal_hold: GetObjectLegalHoldInput -> GetObjectLegalHoldOutput,
    get_object_lock_configuration: GetObjectLockConfigurationInput -> GetObjectLockConfigurationOutput,
    get_object_retention: GetObjectRetentionInput -> GetObjectRetentionOutput,
    get_object_tagging: GetObjectTaggingInput -> GetObjectTaggingOutput,
    get_public_access_block: GetPublicAccessBlockInput -> GetPublicAccessBlockOutput,
    head_bucket: HeadBucketInput -> HeadBucketOutput,
    head_object: HeadObjectInput -> HeadObjectOutput,
    list_buckets: ListBucketsInput -> ListBucketsOutput,
    list_multipart_uploads: ListMultipartUploadsInput -> ListMultipartUploadsOutput,
    list_object_versions: ListObjectVersionsInput -> ListObjectVersionsOutput,
    list_objects: ListObjectsInput -> ListObjectsOutput,
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output,
    list_parts: ListPartsInput -> ListPartsOutput,
    put_bucket_acl: PutBucketAclInput -> PutBucketAclOutput,
    put_bucket_versioning: PutBucketVersioningInput -> PutBucketVersioningOutput,
    put_object: PutObjectInput -> PutObjectOutput,
    put_object_acl: PutObjectAclInput -> PutObjectAclOutput,
    upload_part: UploadPartInput -> UploadPartOutput,
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput,
}
