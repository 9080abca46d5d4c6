//! Copying objects.

use std::ops::Range;

use s3s::dto::{
    ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult,
    CopySource, MetadataDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::description::Given;
use super::uploads::{check_part_number, part_etag};
use super::writes::refuse_unsupported;
use super::{Operations, Origin, checksum, encryption, etag, key_of, refuse_version};
use crate::Error;
use crate::checksum::Algorithm;
use crate::conditions::{Conditions, Verdict, timestamp};
use crate::content::join;
use crate::store::{Description, Object, WriteCondition};

/// The largest object that one request copies, 5 GiB.
const LARGEST_COPY: u64 = 5 << 30;

impl Operations {
    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        refuse_unsupported(&request.headers)?;
        let key = key_of(&request, &request.input.key);
        let (source_bucket, source_key) = named(&request.input.copy_source)?;
        let replaces_description = replaces_description(request.input.metadata_directive.as_ref())?;
        if !replaces_description && source_bucket == &*request.input.bucket && source_key == key {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes."
            ));
        }
        let conditions = Conditions {
            matches: request.input.copy_source_if_match.clone(),
            none_matches: request.input.copy_source_if_none_match.clone(),
            modified_since: request.input.copy_source_if_modified_since.clone(),
            unmodified_since: request.input.copy_source_if_unmodified_since.clone(),
        };
        let source = self
            .source(&request, source_bucket, source_key, &conditions)
            .await?;
        if source.entry.size > LARGEST_COPY {
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
            ));
        }

        let asked = request
            .input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str);
        let algorithm = asked
            .map(Algorithm::named)
            .transpose()?
            .unwrap_or_else(|| algorithm_of(&source));
        let origin = Origin::of(&request, &request.input.bucket);
        let input = request.input;
        let description = if replaces_description {
            Given {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                expires: input.expires,
                metadata: input.metadata,
            }
            .describe()?
        } else {
            Description {
                checksum: None,
                part_sizes: Vec::new(),
                ..source.entry.description
            }
        };
        let written = join(
            self.store.contents(),
            vec![(source.file, 0..source.entry.size)],
            algorithm,
        )
        .await?;

        let entry = self
            .store(
                origin,
                key,
                written,
                description,
                WriteCondition::default(),
                "ObjectCreated:Copy",
            )
            .await?;

        let checksum = checksum(&entry);
        Ok(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                checksum_crc32: checksum.checksum_crc32,
                checksum_crc32c: checksum.checksum_crc32c,
                checksum_crc64nvme: checksum.checksum_crc64nvme,
                checksum_sha1: checksum.checksum_sha1,
                checksum_sha256: checksum.checksum_sha256,
                checksum_type: checksum.checksum_type,
                e_tag: Some(etag(&entry)),
                last_modified: Some(timestamp(entry.modified)),
            }),
            server_side_encryption: encryption(),
            ..CopyObjectOutput::default()
        })
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        check_part_number(request.input.part_number)?;
        let key = key_of(&request, &request.input.key);
        let upload = self
            .store
            .upload(&request.input.bucket, &key, &request.input.upload_id)?;
        let (source_bucket, source_key) = named(&request.input.copy_source)?;
        let conditions = Conditions {
            matches: request.input.copy_source_if_match.clone(),
            none_matches: request.input.copy_source_if_none_match.clone(),
            modified_since: request.input.copy_source_if_modified_since.clone(),
            unmodified_since: request.input.copy_source_if_unmodified_since.clone(),
        };
        let source = self
            .source(&request, source_bucket, source_key, &conditions)
            .await?;
        let range = match &request.input.copy_source_range {
            None => 0..source.entry.size,
            Some(text) => copied_range(text, source.entry.size)?,
        };
        let algorithm = upload.plan.algorithm.unwrap_or(Algorithm::Crc64Nvme);
        let written = join(self.store.contents(), vec![(source.file, range)], algorithm).await?;
        let input = request.input;
        let part = self.store.put_part(
            &input.bucket,
            &key,
            &input.upload_id,
            input.part_number,
            written,
        )?;
        let checksum = upload
            .plan
            .algorithm
            .map(|_| part.checksum.clone().into_dto())
            .unwrap_or_default();
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(CopyPartResult {
                checksum_crc32: checksum.checksum_crc32,
                checksum_crc32c: checksum.checksum_crc32c,
                checksum_crc64nvme: checksum.checksum_crc64nvme,
                checksum_sha1: checksum.checksum_sha1,
                checksum_sha256: checksum.checksum_sha256,
                e_tag: Some(part_etag(&part)),
                last_modified: Some(timestamp(part.modified)),
            }),
            server_side_encryption: encryption(),
            ..UploadPartCopyOutput::default()
        })
    }

    /// The object to copy from, if it is as the client wants it.
    async fn source<T>(
        &self,
        request: &S3Request<T>,
        bucket: &str,
        key: &str,
        conditions: &Conditions,
    ) -> S3Result<Object> {
        let Some(object) = self.store.object(bucket, key)? else {
            return Err(self.missing(request, bucket, key).await);
        };
        match conditions.judge(&object.entry) {
            Verdict::Proceed => Ok(object),
            Verdict::NotModified => {
                Err(Error::PreconditionFailed("x-amz-copy-source-if-none-match").into())
            }
            Verdict::Failed(header) => Err(Error::PreconditionFailed(header).into()),
        }
    }
}

fn replaces_description(directive: Option<&MetadataDirective>) -> S3Result<bool> {
    match directive.map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => Ok(false),
        Some(MetadataDirective::REPLACE) => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
    }
}

fn algorithm_of(object: &Object) -> Algorithm {
    object
        .entry
        .description
        .checksum
        .as_ref()
        .map_or(Algorithm::Crc64Nvme, |checksum| checksum.algorithm)
}

fn named(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            refuse_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        _ => Err(s3_error!(
            NotImplemented,
            "Copy sources other than buckets are not implemented"
        )),
    }
}

/// `bytes=first-last`, both given and inside the source.
fn copied_range(text: &str, size: u64) -> S3Result<Range<u64>> {
    match dto::Range::parse(text) {
        Ok(dto::Range::Int {
            first,
            last: Some(last),
        }) if first <= last && last < size => Ok(first..last + 1),
        Ok(dto::Range::Int { last: Some(_), .. }) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::copied_range;

    #[test]
    fn ranges_of_copies_must_lie_inside_the_source() {
        assert_eq!(copied_range("bytes=0-9", 10).unwrap(), 0..10);
        for text in ["bytes=0-10", "bytes=5-", "bytes=-5", "0-9", "bytes=3-2", ""] {
            assert!(copied_range(text, 10).is_err(), "{text}");
        }
    }
}
