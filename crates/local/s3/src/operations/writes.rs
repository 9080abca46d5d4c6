//! Writing objects.

use http::{HeaderMap, Method, Uri};
use s3s::dto::{ETagCondition, PutObjectInput, PutObjectOutput, StreamingBlob};
use s3s::{S3Request, S3Result, TrailingHeaders, s3_error};

use super::metadata::RequestMetadata;
use super::{ChangeOrigin, Operations, checksum, encryption, etag, key_of, version_id};
use crate::access::{Caller, object_arn};
use crate::checksum::{Algorithm, ClaimedDigests};
use crate::contents::{NewContent, receive};
use crate::store::WriteCondition;

impl Operations {
    pub(super) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        // `s3s` also turns an upload [by an HTML form] into this operation, after it has checked the form against its
        // policy. The key is one of the form's fields, so access is checked here.
        //
        // [by an HTML form]: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
        let event_name = if request.method == Method::POST {
            let resource = object_arn(&request.input.bucket, &request.input.key);
            self.access
                .permit(&Caller::of(&request), "s3:PutObject", &resource)
                .await?;
            "ObjectCreated:Post"
        } else {
            "ObjectCreated:Put"
        };
        refuse_unsupported(&request.headers)?;
        refuse_subresource(&request.uri)?;
        let key = key_of(&request, &request.input.key);
        let origin = ChangeOrigin::of(&request, &request.input.bucket);
        let condition = write_condition(request.input.if_match, request.input.if_none_match)?;
        self.store.bucket(&request.input.bucket)?;
        let metadata = RequestMetadata {
            content_type: request.input.content_type,
            cache_control: request.input.cache_control,
            content_disposition: request.input.content_disposition,
            content_encoding: request.input.content_encoding,
            content_language: request.input.content_language,
            expires: request.input.expires,
            user: request.input.metadata,
        }
        .into_metadata()?;
        let content = self
            .receive(
                &request.headers,
                request.trailing_headers.as_ref(),
                request.input.body,
                None,
            )
            .await?;

        let version = self
            .put(origin, key, content, metadata, condition, event_name)
            .await?;

        let checksum = checksum(&version);
        Ok(PutObjectOutput {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            e_tag: Some(etag(&version)),
            server_side_encryption: encryption(),
            version_id: version_id(&version),
            ..PutObjectOutput::default()
        })
    }

    /// Writes a body to disk and compares it with the digests in its headers and trailers. If the client sent no checksum,
    /// `wanted` is computed, or else S3's default.
    pub(super) async fn receive(
        &self,
        headers: &HeaderMap,
        trailers: Option<&TrailingHeaders>,
        body: Option<StreamingBlob>,
        wanted: Option<Algorithm>,
    ) -> S3Result<NewContent> {
        let claim = ClaimedDigests::read(headers)?;
        let algorithm = claim.algorithm().or(wanted).unwrap_or(Algorithm::Crc64Nvme);
        let content = receive(self.store.contents(), body, algorithm).await?;
        let trailers = trailers.and_then(TrailingHeaders::take);
        claim.verify(&content.digests, trailers.as_ref())?;
        Ok(content)
    }
}

/// `If-Match` and `If-None-Match` of a write; for the latter S3 allows only `*`.
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

/// Refuses headers for features that are not implemented: the client relies on what ignoring them would lose.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    const NONE: &[&str] = &[];
    const SUPPORTED: &[(&str, &[&str])] = &[
        ("x-amz-storage-class", &["STANDARD"]),
        ("x-amz-server-side-encryption", &["AES256"]),
        ("x-amz-server-side-encryption-customer-algorithm", NONE),
        ("x-amz-tagging", NONE),
        ("x-amz-rename-source", NONE),
        ("x-amz-object-lock-mode", NONE),
        ("x-amz-object-lock-legal-hold", NONE),
        ("x-amz-website-redirect-location", NONE),
        ("x-amz-write-offset-bytes", NONE),
    ];
    let acl = headers.get("x-amz-acl");
    let is_owners = acl.is_none_or(|acl| acl == "private" || acl == "bucket-owner-full-control");
    let grants = headers
        .keys()
        .any(|name| name.as_str().starts_with("x-amz-grant-"));
    if !is_owners || grants {
        // Every bucket is `BucketOwnerEnforced`.
        return Err(s3_error!(
            AccessControlListNotSupported,
            "The bucket does not allow ACLs"
        ));
    }
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

/// Refuses a parameter without a value: it names a subresource that `s3s` does not know, and the request would otherwise
/// write or delete the object itself.
pub(super) fn refuse_subresource(uri: &Uri) -> S3Result<()> {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    let is_subresource = |parameter: &&str| {
        !parameter.is_empty()
            && parameter
                .split_once('=')
                .is_none_or(|(_, value)| value.is_empty())
    };
    match parameters.find(is_subresource) {
        // This has a more precise error.
        Some(parameter) if parameter.starts_with("versionId") => Ok(()),
        Some(parameter) => Err(s3_error!(
            NotImplemented,
            "A query parameter you provided implies functionality that is not implemented: {parameter}"
        )),
        None => Ok(()),
    }
}
