//! Objects here have no tags, and no ACLs but the one that every object has whose bucket enforces its owner.

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetBucketAclInput, GetBucketAclOutput,
    GetObjectAclInput, GetObjectAclOutput, GetObjectTaggingInput, GetObjectTaggingOutput, Grant,
    Grantee, Permission, Type,
};
use s3s::{S3Request, S3Result};

use super::{Operations, key_of, owner, version_id, version_of};
use crate::store::ObjectVersion;

impl Operations {
    pub(super) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<GetObjectTaggingOutput> {
        let input = &request.input;
        let version = self
            .existing(
                &request,
                &input.bucket,
                &input.key,
                input.version_id.as_ref(),
            )
            .await?;
        Ok(GetObjectTaggingOutput {
            tag_set: Vec::new(),
            version_id: version_id(&version),
        })
    }

    pub(super) async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<DeleteObjectTaggingOutput> {
        let input = &request.input;
        let version = self
            .existing(
                &request,
                &input.bucket,
                &input.key,
                input.version_id.as_ref(),
            )
            .await?;
        Ok(DeleteObjectTaggingOutput {
            version_id: version_id(&version),
        })
    }

    pub(super) async fn get_object_acl(
        &self,
        request: S3Request<GetObjectAclInput>,
    ) -> S3Result<GetObjectAclOutput> {
        let input = &request.input;
        self.existing(
            &request,
            &input.bucket,
            &input.key,
            input.version_id.as_ref(),
        )
        .await?;
        Ok(GetObjectAclOutput {
            grants: Some(vec![owner_has_full_control()]),
            owner: Some(owner()),
            ..GetObjectAclOutput::default()
        })
    }

    pub(super) async fn get_bucket_acl(
        &self,
        request: S3Request<GetBucketAclInput>,
    ) -> S3Result<GetBucketAclOutput> {
        self.store.bucket(&request.input.bucket)?;
        Ok(GetBucketAclOutput {
            grants: Some(vec![owner_has_full_control()]),
            owner: Some(owner()),
        })
    }

    async fn existing<T>(
        &self,
        request: &S3Request<T>,
        bucket: &str,
        key: &str,
        version: Option<&String>,
    ) -> S3Result<ObjectVersion> {
        let version = version_of(version)?;
        let key = key_of(request, key);
        match self.store.version(bucket, &key, version) {
            Ok(version) => Ok(version),
            Err(error) => Err(self.unreadable(request, bucket, version, error).await),
        }
    }
}

fn owner_has_full_control() -> Grant {
    Grant {
        grantee: Some(Grantee {
            display_name: None,
            email_address: None,
            id: owner().id,
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }
}
