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
const FIRST_REGION: &str = "us-east-1";

impl Operations {
    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<CreateBucketOutput> {
        let name = &request.input.bucket;
        let constraint = request
            .input
            .create_bucket_configuration
            .as_ref()
            .and_then(|configuration| configuration.location_constraint.as_ref())
            .map(|constraint| constraint.as_str().to_owned());
        let region = constraint.or_else(|| region_of(&request));
        // In the first region, making one's own bucket again is no error.
        if !self.store.add_bucket(name, region.as_deref())?
            && region.as_deref() != Some(FIRST_REGION)
        {
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
        let bucket = self.store.bucket(&request.input.bucket)?;
        Ok(HeadBucketOutput {
            bucket_region: bucket.region.or_else(|| region_of(&request)),
            ..Default::default()
        })
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<GetBucketLocationOutput> {
        let bucket = self.store.bucket(&request.input.bucket)?;
        let region = bucket
            .region
            .or_else(|| region_of(&request))
            .filter(|region| region != FIRST_REGION);
        Ok(GetBucketLocationOutput {
            location_constraint: region.map(BucketLocationConstraint::from),
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
                bucket_region: bucket.region,
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

/// Buckets that the store was given without a region are in the one that a request is signed for.
fn region_of<T>(request: &S3Request<T>) -> Option<String> {
    request
        .region
        .as_ref()
        .map(|region| region.as_str().to_owned())
}
