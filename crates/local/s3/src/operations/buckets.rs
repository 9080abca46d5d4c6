//! Buckets.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Operations;
use crate::conditions::timestamp;

/// The region that has no location constraint.
const DEFAULT_REGION: &str = "us-east-1";

impl Operations {
    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<CreateBucketOutput> {
        let name = &request.input.bucket;
        if has_reserved_affix(name) {
            return Err(s3_error!(
                InvalidBucketName,
                "The specified bucket is not valid."
            ));
        }
        let region = &self.account.region;
        let constraint = request
            .input
            .create_bucket_configuration
            .as_ref()
            .and_then(|configuration| configuration.location_constraint.as_ref())
            .map(BucketLocationConstraint::as_str)
            .filter(|constraint| !constraint.is_empty());
        if constraint.unwrap_or(DEFAULT_REGION) != region {
            return Err(s3_error!(
                IllegalLocationConstraintException,
                "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
                constraint.unwrap_or("unspecified")
            ));
        }
        // In us-east-1, creating one's own bucket again is not an error.
        if !self.store.add_bucket(name)? && region != DEFAULT_REGION {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ));
        }
        Ok(CreateBucketOutput {
            location: Some(format!("/{name}")),
        })
    }

    pub(super) async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<DeleteBucketOutput> {
        self.store.remove_bucket(&request.input.bucket)?;
        Ok(DeleteBucketOutput {})
    }

    pub(super) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<HeadBucketOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(HeadBucketOutput {
            bucket_region: Some(self.account.region.clone()),
            ..Default::default()
        })
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<GetBucketLocationOutput> {
        self.store.bucket(&request.input.bucket)?;
        let region = Some(self.account.region.clone());
        Ok(GetBucketLocationOutput {
            location_constraint: region
                .filter(|region| region != DEFAULT_REGION)
                .map(BucketLocationConstraint::from),
        })
    }

    pub(super) async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<ListBucketsOutput> {
        let prefix = request.input.prefix;
        let buckets = self
            .store
            .buckets()?
            .into_iter()
            .filter(|bucket| {
                bucket
                    .name
                    .starts_with(prefix.as_deref().unwrap_or_default())
            })
            .map(|bucket| Bucket {
                bucket_region: Some(self.account.region.clone()),
                creation_date: Some(timestamp(bucket.created)),
                name: Some(bucket.name),
            })
            .collect();
        Ok(ListBucketsOutput {
            buckets: Some(buckets),
            prefix,
            ..Default::default()
        })
    }
}

/// Names that AWS [reserves].
///
/// [reserves]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
fn has_reserved_affix(name: &str) -> bool {
    let prefixes = ["xn--", "sthree-", "amzn-s3-demo-"];
    let suffixes = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || suffixes.iter().any(|suffix| name.ends_with(suffix))
}
