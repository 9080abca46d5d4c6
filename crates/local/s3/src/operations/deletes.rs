//! Deleting objects and versions of them.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, ObjectIdentifier,
};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::writes::refuse_subresource;
use super::{ChangeOrigin, Operations, key_of, run_to_completion, version_id, version_of};
use crate::access::{Caller, object_arn};
use crate::store::{Removal, WriteCondition};
use crate::xml::is_xml_char;

/// How many keys one `DeleteObjects` may name.
const MAX_DELETED_KEYS: usize = 1000;

impl Operations {
    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<DeleteObjectOutput> {
        refuse_subresource(&request.uri)?;
        let version = version_of(request.input.version_id.as_ref())?;
        let key = key_of(&request, &request.input.key);
        let origin = ChangeOrigin::of(&request, &request.input.bucket);
        let matches = request.input.if_match.clone();
        let removal = self.delete(origin, key, version, matches).await?;
        let (delete_marker, marker_id) = marker(&removal);
        Ok(DeleteObjectOutput {
            delete_marker,
            version_id: marker_id.or_else(|| request.input.version_id.clone()),
            ..DeleteObjectOutput::default()
        })
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<DeleteObjectsOutput> {
        let bucket = &request.input.bucket;
        self.store.bucket(bucket)?;
        let objects = &request.input.delete.objects;
        // Characters that XML does not allow are sent as references that no XML parser accepts. S3 refuses them, too:
        // <https://github.com/basho/riak_cs/issues/974> has its response.
        let is_malformed = |object: &ObjectIdentifier| !object.key.chars().all(is_xml_char);
        if objects.is_empty()
            || objects.len() > MAX_DELETED_KEYS
            || objects.iter().any(is_malformed)
        {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema"
            ));
        }
        let quiet = request.input.delete.quiet.unwrap_or(false);
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in objects {
            match self.delete_one(&request, object).await {
                Ok(_) if quiet => {}
                Ok(removal) => {
                    let (delete_marker, delete_marker_version_id) = marker(&removal);
                    deleted.push(DeletedObject {
                        delete_marker,
                        delete_marker_version_id,
                        key: Some(object.key.clone()),
                        version_id: object.version_id.clone(),
                    });
                }
                Err(error) => errors.push(dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key.clone()),
                    message: error.message().map(str::to_owned),
                    version_id: object.version_id.clone(),
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        })
    }

    async fn delete_one(
        &self,
        request: &S3Request<DeleteObjectsInput>,
        object: &ObjectIdentifier,
    ) -> S3Result<Removal> {
        let bucket = &request.input.bucket;
        let version = version_of(object.version_id.as_ref())?;
        let action = match version {
            Some(_) => "s3:DeleteObjectVersion",
            None => "s3:DeleteObject",
        };
        let resource = object_arn(bucket, &object.key);
        self.access
            .permit(&Caller::of(request), action, &resource)
            .await?;
        let matches = object.e_tag.clone().map(ETagCondition::ETag);
        let origin = ChangeOrigin::of(request, bucket);
        self.delete(origin, object.key.clone(), version, matches)
            .await
    }

    /// Deleting what does not exist is neither an error nor a change.
    async fn delete(
        &self,
        origin: ChangeOrigin,
        key: String,
        version: Option<&str>,
        matches: Option<ETagCondition>,
    ) -> S3Result<Removal> {
        let operations = self.clone();
        let version = version.map(str::to_owned);
        run_to_completion(async move {
            let condition = WriteCondition {
                absent: false,
                matches,
            };
            let bucket = &origin.bucket;
            let removal = operations
                .store
                .remove(bucket, &key, version.as_deref(), &condition)?;
            match &removal {
                Removal::Nothing => {}
                // Also if the version is a delete marker; which event S3 sends then is not documented.
                Removal::Deleted(version) => {
                    operations
                        .announce(&origin, "ObjectRemoved:Delete", version)
                        .await;
                }
                Removal::MarkerCreated(marker) => {
                    operations
                        .announce(&origin, "ObjectRemoved:DeleteMarkerCreated", marker)
                        .await;
                }
            }
            Ok(removal)
        })
        .await
    }
}

/// Whether a delete marker was created or deleted, and its version.
fn marker(removal: &Removal) -> (Option<bool>, Option<String>) {
    match removal {
        Removal::MarkerCreated(marker) => (Some(true), version_id(marker)),
        Removal::Deleted(marker) if marker.is_delete_marker => (Some(true), version_id(marker)),
        Removal::Deleted(_) | Removal::Nothing => (None, None),
    }
}
