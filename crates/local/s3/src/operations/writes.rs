//! Writing and removing objects.

use http::HeaderMap;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{S3Request, S3Result, TrailingHeaders, dto, s3_error};

use super::description::Given;
use super::{Operations, Origin, checksum, encryption, etag, key_of, refuse_version, to_the_end};
use crate::access::{Caller, object_arn};
use crate::checksum::{Algorithm, Claim};
use crate::content::{Written, receive};
use crate::store::WriteCondition;

/// At most so many keys in one `DeleteObjects`.
const MOST_KEYS: usize = 1000;

impl Operations {
    pub(super) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        refuse_unsupported(&request.headers)?;
        let key = key_of(&request, &request.input.key);
        let origin = Origin::of(&request, &request.input.bucket);
        let condition = write_condition(request.input.if_match, request.input.if_none_match)?;
        self.store.bucket(&request.input.bucket)?;
        let description = Given {
            content_type: request.input.content_type,
            cache_control: request.input.cache_control,
            content_disposition: request.input.content_disposition,
            content_encoding: request.input.content_encoding,
            content_language: request.input.content_language,
            expires: request.input.expires,
            metadata: request.input.metadata,
        }
        .describe()?;
        let written = self
            .receive(
                &request.headers,
                request.trailing_headers.as_ref(),
                request.input.body,
                None,
            )
            .await?;

        let entry = self
            .store(
                origin,
                key,
                written,
                description,
                condition,
                "ObjectCreated:Put",
            )
            .await?;

        let checksum = checksum(&entry);
        Ok(PutObjectOutput {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            e_tag: Some(etag(&entry)),
            server_side_encryption: encryption(),
            ..PutObjectOutput::default()
        })
    }

    /// Writes a body to disk and compares it with what its headers and trailers say. Without a checksum of the
    /// client's the one that is wanted is computed, or else S3's own choice.
    pub(super) async fn receive(
        &self,
        headers: &HeaderMap,
        trailers: Option<&TrailingHeaders>,
        body: Option<StreamingBlob>,
        wanted: Option<Algorithm>,
    ) -> S3Result<Written> {
        let claim = Claim::read(headers)?;
        let algorithm = claim.algorithm().or(wanted).unwrap_or(Algorithm::Crc64Nvme);
        let written = receive(self.store.contents(), body, algorithm).await?;
        let trailers = trailers.and_then(TrailingHeaders::take);
        claim.verify(&written.digests, trailers.as_ref())?;
        Ok(written)
    }

    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<DeleteObjectOutput> {
        refuse_version(request.input.version_id.as_deref())?;
        let key = key_of(&request, &request.input.key);
        let origin = Origin::of(&request, &request.input.bucket);
        self.delete(origin, key, request.input.if_match).await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<DeleteObjectsOutput> {
        let bucket = &request.input.bucket;
        self.store.bucket(bucket)?;
        let objects = &request.input.delete.objects;
        if objects.is_empty() || objects.len() > MOST_KEYS {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema"
            ));
        }
        let quiet = request.input.delete.quiet.unwrap_or(false);
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in objects {
            let key = object.key.clone();
            let outcome = async {
                refuse_version(object.version_id.as_deref())?;
                let resource = object_arn(bucket, &key);
                self.gate
                    .permit(&Caller::of(&request), "s3:DeleteObject", &resource)
                    .await?;
                let matches = object.e_tag.clone().map(ETagCondition::ETag);
                self.delete(Origin::of(&request, bucket), key.clone(), matches)
                    .await
            };
            match outcome.await {
                Ok(()) if quiet => {}
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(key),
                    ..DeletedObject::default()
                }),
                Err(error) => errors.push(dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(key),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        })
    }

    /// Removing what isn't there is no error, and no change.
    async fn delete(
        &self,
        origin: Origin,
        key: String,
        matches: Option<ETagCondition>,
    ) -> S3Result<()> {
        let operations = self.clone();
        to_the_end(async move {
            if let Some(entry) = operations.store.remove(&origin.bucket, &key, matches)? {
                operations.announce_removed(&origin, &entry).await;
            }
            Ok(())
        })
        .await
    }
}

/// `If-Match` and `If-None-Match` of a write; S3 knows only `*` for the latter.
pub(super) fn write_condition(
    matches: Option<ETagCondition>,
    none_matches: Option<ETagCondition>,
) -> S3Result<WriteCondition> {
    match none_matches {
        Some(ETagCondition::ETag(_)) => Err(s3_error!(
            NotImplemented,
            "A header you provided implies functionality that is not implemented: If-None-Match"
        )),
        any => Ok(WriteCondition {
            absent: any.is_some(),
            matches,
        }),
    }
}

/// Headers that ask for what is not done here; ignoring them would lose what the client relies on.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    const NONE: &[&str] = &[];
    const SUPPORTED: &[(&str, &[&str])] = &[
        ("x-amz-acl", &["private", "bucket-owner-full-control"]),
        ("x-amz-storage-class", &["STANDARD"]),
        ("x-amz-server-side-encryption", &["AES256"]),
        ("x-amz-server-side-encryption-customer-algorithm", NONE),
        ("x-amz-tagging", NONE),
        ("x-amz-object-lock-mode", NONE),
        ("x-amz-object-lock-legal-hold", NONE),
        ("x-amz-website-redirect-location", NONE),
        ("x-amz-write-offset-bytes", NONE),
        ("x-amz-grant-full-control", NONE),
        ("x-amz-grant-read", NONE),
        ("x-amz-grant-read-acp", NONE),
        ("x-amz-grant-write-acp", NONE),
    ];
    for (name, values) in SUPPORTED {
        if let Some(value) = headers.get(*name)
            && !values.iter().any(|supported| value == supported)
        {
            return Err(s3_error!(
                NotImplemented,
                "A header you provided implies functionality that is not implemented: {name}"
            ));
        }
    }
    Ok(())
}
