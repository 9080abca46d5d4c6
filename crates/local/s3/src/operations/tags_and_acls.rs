//! Tags and ACLs. Objects have no tags, and only the ACL that every object has whose bucket enforces its owner.

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetBucketAclInput, GetBucketAclOutput,
    GetObjectAclInput, GetObjectAclOutput, GetObjectTaggingInput, GetObjectTaggingOutput, Grant,
    Grantee, Permission, PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput,
    PutObjectAclOutput, Type,
};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::writes::refuse_unsupported;
use super::{Operations, owner, version_id};

impl Operations {
    pub(super) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<GetObjectTaggingOutput> {
        let input = &request.input;
        let version = self
            .version(
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
            .version(
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
        self.version(
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

    /// S3 accepts an ACL that [changes nothing], which s3cmd sends after it has moved an object.
    ///
    /// [changes nothing]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    pub(super) async fn put_object_acl(
        &self,
        request: S3Request<PutObjectAclInput>,
    ) -> S3Result<PutObjectAclOutput> {
        let input = &request.input;
        self.version(
            &request,
            &input.bucket,
            &input.key,
            input.version_id.as_ref(),
        )
        .await?;
        refuse_unsupported(&request.headers)?;
        check_acl(input.access_control_policy.as_ref())?;
        Ok(PutObjectAclOutput::default())
    }

    pub(super) async fn put_bucket_acl(
        &self,
        request: S3Request<PutBucketAclInput>,
    ) -> S3Result<PutBucketAclOutput> {
        self.store.bucket(&request.input.bucket)?;
        refuse_unsupported(&request.headers)?;
        check_acl(request.input.access_control_policy.as_ref())?;
        Ok(PutBucketAclOutput::default())
    }
}

/// # Errors
/// `AccessControlListNotSupported` if it grants anything but full control to the owner.
fn check_acl(policy: Option<&dto::AccessControlPolicy>) -> S3Result<()> {
    let grants = policy.and_then(|policy| policy.grants.as_deref());
    let is_owners = |grant: &Grant| {
        let grantee = grant
            .grantee
            .as_ref()
            .and_then(|grantee| grantee.id.as_ref());
        grantee == owner().id.as_ref()
            && grant
                .permission
                .as_ref()
                .is_some_and(|permission| permission.as_str() == Permission::FULL_CONTROL)
    };
    if grants.unwrap_or_default().iter().all(is_owners) {
        return Ok(());
    }
    Err(s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs"
    ))
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
