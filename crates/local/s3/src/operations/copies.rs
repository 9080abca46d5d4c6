//! Copying objects.

use std::ops::Range;

use s3s::dto::{
    ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult,
    CopySource, MetadataDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::metadata::RequestMetadata;
use super::uploads::{check_part_number, part_etag};
use super::writes::refuse_unsupported;
use super::{ChangeOrigin, Operations, checksum, encryption, etag, key_of, version_id, version_of};
use crate::Error;
use crate::checksum::Algorithm;
use crate::conditions::{Conditions, Evaluation, timestamp};
use crate::contents::concatenate;
use crate::store::{Object, ObjectMetadata, WriteCondition};

/// The maximum size of an object that one request copies, 5 GiB.
const MAX_COPY_BYTES: u64 = 5 << 30;

impl Operations {
    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        refuse_unsupported(&request.headers)?;
        let key = key_of(&request, &request.input.key);
        let source = Source::of(&request.input.copy_source)?;
        let replaces_metadata = replaces_metadata(request.input.metadata_directive.as_ref())?;
        let is_itself = source.bucket == &*request.input.bucket && source.key == key;
        // A version may be copied unchanged over the latest one, which restores it.
        if is_itself && !replaces_metadata && source.version.is_none() {
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
        let source = self.source(&request, &source, &conditions).await?;
        if source.version.size > MAX_COPY_BYTES {
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
        let origin = ChangeOrigin::of(&request, &request.input.bucket);
        let copy_source_version_id = version_id(&source.version);
        let size = source.version.size;
        let input = request.input;
        let metadata = if replaces_metadata {
            RequestMetadata {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                expires: input.expires,
                user: input.metadata,
            }
            .into_metadata()?
        } else {
            ObjectMetadata {
                checksum: None,
                part_sizes: Vec::new(),
                ..source.version.metadata
            }
        };
        let content = concatenate(
            self.store.contents(),
            vec![(source.file, 0..size)],
            algorithm,
        )
        .await?;

        let version = self
            .put(
                origin,
                key,
                content,
                metadata,
                WriteCondition::default(),
                "ObjectCreated:Copy",
            )
            .await?;

        let checksum = checksum(&version);
        Ok(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                checksum_crc32: checksum.checksum_crc32,
                checksum_crc32c: checksum.checksum_crc32c,
                checksum_crc64nvme: checksum.checksum_crc64nvme,
                checksum_sha1: checksum.checksum_sha1,
                checksum_sha256: checksum.checksum_sha256,
                checksum_type: checksum.checksum_type,
                e_tag: Some(etag(&version)),
                last_modified: Some(timestamp(version.modified)),
            }),
            copy_source_version_id,
            server_side_encryption: encryption(),
            version_id: version_id(&version),
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
        let source = Source::of(&request.input.copy_source)?;
        let conditions = Conditions {
            matches: request.input.copy_source_if_match.clone(),
            none_matches: request.input.copy_source_if_none_match.clone(),
            modified_since: request.input.copy_source_if_modified_since.clone(),
            unmodified_since: request.input.copy_source_if_unmodified_since.clone(),
        };
        let source = self.source(&request, &source, &conditions).await?;
        let copy_source_version_id = version_id(&source.version);
        let range = match &request.input.copy_source_range {
            None => 0..source.version.size,
            Some(range) => copied_range(range, source.version.size)?,
        };
        let algorithm = upload.settings.algorithm.unwrap_or(Algorithm::Crc64Nvme);
        let content =
            concatenate(self.store.contents(), vec![(source.file, range)], algorithm).await?;
        let input = request.input;
        let part = self.store.put_part(
            &input.bucket,
            &key,
            &input.upload_id,
            input.part_number,
            content,
        )?;
        let checksum = upload
            .settings
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
            copy_source_version_id,
            server_side_encryption: encryption(),
            ..UploadPartCopyOutput::default()
        })
    }

    /// The object to copy from, if it meets the conditions.
    async fn source<T>(
        &self,
        request: &S3Request<T>,
        source: &Source<'_>,
        conditions: &Conditions,
    ) -> S3Result<Object> {
        let Source {
            bucket,
            key,
            version,
        } = *source;
        let object = match (self.store.object(bucket, key, version), version) {
            (Ok(object), _) => object,
            (Err(Error::DeleteMarker(_)), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "The source of a copy request may not specifically refer to a delete marker by version id."
                ));
            }
            (Err(error), _) => {
                return Err(self.unreadable(request, bucket, version, error).await);
            }
        };
        match conditions.evaluate(&object.version) {
            Evaluation::Proceed => Ok(object),
            Evaluation::NotModified => {
                Err(Error::PreconditionFailed("x-amz-copy-source-if-none-match").into())
            }
            Evaluation::Failed(header) => Err(Error::PreconditionFailed(header).into()),
        }
    }
}

/// The `x-amz-copy-source` of a request.
struct Source<'a> {
    bucket: &'a str,
    key: &'a str,
    version: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn of(source: &'a CopySource) -> S3Result<Self> {
        match source {
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            } => {
                if let Some(id) = version_id {
                    version_of(Some(&id.to_string()))?;
                }
                Ok(Self {
                    bucket,
                    key,
                    version: version_id.as_deref(),
                })
            }
            _ => Err(s3_error!(
                NotImplemented,
                "Copy sources other than buckets are not implemented"
            )),
        }
    }
}

fn replaces_metadata(directive: Option<&MetadataDirective>) -> S3Result<bool> {
    match directive.map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => Ok(false),
        Some(MetadataDirective::REPLACE) => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
    }
}

fn algorithm_of(object: &Object) -> Algorithm {
    object
        .version
        .metadata
        .checksum
        .as_ref()
        .map_or(Algorithm::Crc64Nvme, |checksum| checksum.algorithm)
}

/// Reads `bytes=first-last`, where both are required and within the source.
fn copied_range(range: &str, size: u64) -> S3Result<Range<u64>> {
    match dto::Range::parse(range) {
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
