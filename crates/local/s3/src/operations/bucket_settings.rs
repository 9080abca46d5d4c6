//! Settings of buckets. Buckets have the settings that AWS gives every new bucket ([since April 2023],
//! [since January 2023]), versioning, and the policy that the stack declares; for all others, responses say that there
//! are none.
//!
//! [since April 2023]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
//! [since January 2023]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html

use s3s::dto;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::Operations;

/// Responses about settings that no bucket has.
macro_rules! absent {
    ($($operation:ident: $input:ident -> $output:ident, $code:ident, $message:literal;)*) => {
        impl Operations {
            $(
                pub(super) async fn $operation(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<dto::$output> {
                    self.store.bucket(&request.input.bucket)?;
                    Err(s3_error!($code, $message))
                }
            )*
        }
    };
}

absent! {
    get_bucket_cors: GetBucketCorsInput -> GetBucketCorsOutput,
        NoSuchCORSConfiguration, "The CORS configuration does not exist";
    // Nothing expires.
    get_bucket_lifecycle_configuration:
        GetBucketLifecycleConfigurationInput -> GetBucketLifecycleConfigurationOutput,
        NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist";
    get_bucket_replication: GetBucketReplicationInput -> GetBucketReplicationOutput,
        ReplicationConfigurationNotFoundError, "The replication configuration was not found";
    get_bucket_tagging: GetBucketTaggingInput -> GetBucketTaggingOutput,
        NoSuchTagSet, "The TagSet does not exist";
    get_bucket_website: GetBucketWebsiteInput -> GetBucketWebsiteOutput,
        NoSuchWebsiteConfiguration, "The specified bucket does not have a website configuration";
    get_object_lock_configuration: GetObjectLockConfigurationInput -> GetObjectLockConfigurationOutput,
        ObjectLockConfigurationNotFoundError, "Object Lock configuration does not exist for this bucket";
    get_object_legal_hold: GetObjectLegalHoldInput -> GetObjectLegalHoldOutput,
        InvalidRequest, "Bucket is missing Object Lock Configuration";
    get_object_retention: GetObjectRetentionInput -> GetObjectRetentionOutput,
        InvalidRequest, "Bucket is missing Object Lock Configuration";
}

impl Operations {
    pub(super) async fn get_bucket_policy(
        &self,
        request: S3Request<dto::GetBucketPolicyInput>,
    ) -> S3Result<dto::GetBucketPolicyOutput> {
        Ok(dto::GetBucketPolicyOutput {
            policy: Some(self.policy(&request.input.bucket)?),
        })
    }

    /// No policy makes a bucket public, because unsigned requests are refused.
    pub(super) async fn get_bucket_policy_status(
        &self,
        request: S3Request<dto::GetBucketPolicyStatusInput>,
    ) -> S3Result<dto::GetBucketPolicyStatusOutput> {
        self.policy(&request.input.bucket)?;
        Ok(dto::GetBucketPolicyStatusOutput {
            policy_status: Some(dto::PolicyStatus {
                is_public: Some(false),
            }),
        })
    }

    fn policy(&self, bucket: &str) -> S3Result<String> {
        self.store.bucket(bucket)?;
        self.access.0.bucket_policy(bucket).ok_or_else(|| {
            S3Error::with_message(
                S3ErrorCode::NoSuchBucketPolicy,
                "The bucket policy does not exist",
            )
        })
    }

    pub(super) async fn get_bucket_accelerate_configuration(
        &self,
        request: S3Request<dto::GetBucketAccelerateConfigurationInput>,
    ) -> S3Result<dto::GetBucketAccelerateConfigurationOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(dto::GetBucketAccelerateConfigurationOutput::default())
    }

    pub(super) async fn get_bucket_encryption(
        &self,
        request: S3Request<dto::GetBucketEncryptionInput>,
    ) -> S3Result<dto::GetBucketEncryptionOutput> {
        self.store.bucket(&request.input.bucket)?;
        let default = dto::ServerSideEncryptionByDefault {
            kms_master_key_id: None,
            sse_algorithm: dto::ServerSideEncryption::from_static(
                dto::ServerSideEncryption::AES256,
            ),
        };
        let rule = dto::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(default),
            bucket_key_enabled: Some(false),
        };
        Ok(dto::GetBucketEncryptionOutput {
            server_side_encryption_configuration: Some(dto::ServerSideEncryptionConfiguration {
                rules: vec![rule],
            }),
        })
    }

    pub(super) async fn get_bucket_logging(
        &self,
        request: S3Request<dto::GetBucketLoggingInput>,
    ) -> S3Result<dto::GetBucketLoggingOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(dto::GetBucketLoggingOutput::default())
    }

    pub(super) async fn get_bucket_ownership_controls(
        &self,
        request: S3Request<dto::GetBucketOwnershipControlsInput>,
    ) -> S3Result<dto::GetBucketOwnershipControlsOutput> {
        self.store.bucket(&request.input.bucket)?;
        let rule = dto::OwnershipControlsRule {
            object_ownership: dto::ObjectOwnership::from_static(
                dto::ObjectOwnership::BUCKET_OWNER_ENFORCED,
            ),
        };
        Ok(dto::GetBucketOwnershipControlsOutput {
            ownership_controls: Some(dto::OwnershipControls { rules: vec![rule] }),
        })
    }

    pub(super) async fn get_bucket_request_payment(
        &self,
        request: S3Request<dto::GetBucketRequestPaymentInput>,
    ) -> S3Result<dto::GetBucketRequestPaymentOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(dto::GetBucketRequestPaymentOutput {
            payer: Some(dto::Payer::from_static(dto::Payer::BUCKET_OWNER)),
        })
    }

    pub(super) async fn get_public_access_block(
        &self,
        request: S3Request<dto::GetPublicAccessBlockInput>,
    ) -> S3Result<dto::GetPublicAccessBlockOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(dto::GetPublicAccessBlockOutput {
            public_access_block_configuration: Some(dto::PublicAccessBlockConfiguration {
                block_public_acls: Some(true),
                block_public_policy: Some(true),
                ignore_public_acls: Some(true),
                restrict_public_buckets: Some(true),
            }),
        })
    }
}
