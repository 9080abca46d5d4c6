//! Versioning of buckets, and listing versions.

use s3s::dto::{
    BucketVersioningStatus, CommonPrefix, DeleteMarkerEntry, ETag, GetBucketVersioningInput,
    GetBucketVersioningOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ObjectVersion as ListedVersion, ObjectVersionStorageClass, PutBucketVersioningInput,
    PutBucketVersioningOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::listings::{Encoding, checksum_algorithm, page_size};
use super::{Operations, owner, signed, version_of};
use crate::checksum::Checksum;
use crate::conditions::timestamp;
use crate::store::{ListingItem, ListingQuery, ObjectVersion, Position, Versioning};

impl Operations {
    pub(super) async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<GetBucketVersioningOutput> {
        let versioning = self.store.bucket(&request.input.bucket)?.versioning;
        Ok(GetBucketVersioningOutput {
            mfa_delete: None,
            status: versioning.map(|status| BucketVersioningStatus::from_static(status.name())),
        })
    }

    pub(super) async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<PutBucketVersioningOutput> {
        let configuration = &request.input.versioning_configuration;
        if configuration
            .mfa_delete
            .as_ref()
            .is_some_and(|mfa| mfa.as_str() != "Disabled")
        {
            return Err(s3_error!(NotImplemented, "MFA delete is not implemented"));
        }
        let status = configuration
            .status
            .as_ref()
            .and_then(|status| Versioning::from_name(status.as_str()))
            .ok_or_else(|| {
                s3_error!(
                    IllegalVersioningConfigurationException,
                    "The Versioning element must be specified"
                )
            })?;
        self.store.set_versioning(&request.input.bucket, status)?;
        Ok(PutBucketVersioningOutput::default())
    }

    pub(super) async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<ListObjectVersionsOutput> {
        let input = request.input;
        let limit = page_size(input.max_keys, "max-keys")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let marker_id = input.version_id_marker.filter(|id| !id.is_empty());
        let key_marker = input.key_marker.unwrap_or_default();
        if marker_id.is_some() && key_marker.is_empty() {
            return Err(s3_error!(
                InvalidArgument,
                "A version-id marker cannot be specified without a key marker."
            ));
        }
        let query = ListingQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: Position {
                key: key_marker.clone(),
                version: version_of(marker_id.as_ref())?.map(str::to_owned),
            },
            limit: usize::try_from(limit).unwrap_or_default(),
        };
        let page = self.store.list_versions(&input.bucket, &query)?;

        let mut versions = Vec::new();
        let mut delete_markers = Vec::new();
        let mut common_prefixes = Vec::new();
        for item in page.items {
            match item {
                ListingItem::Prefix(prefix) => common_prefixes.push(CommonPrefix {
                    prefix: Some(encoding.apply(prefix)),
                }),
                ListingItem::Version(marker) if marker.is_delete_marker => {
                    delete_markers.push(listed_marker(*marker, encoding));
                }
                ListingItem::Version(version) => versions.push(listed_version(*version, encoding)),
            }
        }
        Ok(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(query.prefix)),
            delimiter: input.delimiter.map(|delimiter| encoding.apply(delimiter)),
            encoding_type: input.encoding_type,
            key_marker: Some(encoding.apply(key_marker)),
            version_id_marker: Some(marker_id.unwrap_or_default()),
            max_keys: Some(limit),
            is_truncated: Some(page.next.is_some()),
            next_version_id_marker: page.next.as_ref().and_then(|next| next.version.clone()),
            next_key_marker: page.next.map(|next| encoding.apply(next.key)),
            versions: Some(versions),
            delete_markers: Some(delete_markers),
            common_prefixes: Some(common_prefixes),
            ..ListObjectVersionsOutput::default()
        })
    }
}

fn listed_version(version: ObjectVersion, encoding: Encoding) -> ListedVersion {
    ListedVersion {
        checksum_algorithm: checksum_algorithm(&version),
        checksum_type: version.metadata.checksum.as_ref().map(Checksum::kind),
        e_tag: Some(ETag::Strong(version.etag)),
        is_latest: Some(version.is_latest),
        key: Some(encoding.apply(version.key)),
        last_modified: Some(timestamp(version.modified)),
        owner: Some(owner()),
        size: Some(signed(version.size)),
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        version_id: Some(version.id),
        ..ListedVersion::default()
    }
}

fn listed_marker(marker: ObjectVersion, encoding: Encoding) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(marker.is_latest),
        key: Some(encoding.apply(marker.key)),
        last_modified: Some(timestamp(marker.modified)),
        owner: Some(owner()),
        version_id: Some(marker.id),
    }
}
