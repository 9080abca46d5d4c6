//! Completing a multipart upload.

use s3s::dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::listings::Encoding;
use super::writes::write_condition;
use super::{ChangeOrigin, Operations, encryption, key_of, run_to_completion, signed};
use crate::Error;
use crate::checksum::{self, Algorithm, Checksum};
use crate::contents::concatenate;
use crate::store::{Completion, CompletionOutcome, UploadedPart};

/// The minimum size of every part but the last.
const MIN_PART_BYTES: u64 = 5 << 20;

impl Operations {
    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let key = key_of(&request, &request.input.key);
        let origin = ChangeOrigin::of(&request, &request.input.bucket);
        let input = request.input;
        let condition = write_condition(input.if_match, input.if_none_match)?;
        let listed = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let upload = match self.store.upload(&input.bucket, &key, &input.upload_id) {
            Ok(upload) => upload,
            Err(error @ Error::NoSuchUpload(_)) => {
                // A client that did not get the response repeats the request.
                let completed = self
                    .store
                    .completed(&input.bucket, &key, &input.upload_id)?;
                return match completed.filter(|outcome| outcome.parts == numbers_and_etags(&listed))
                {
                    Some(outcome) => Ok(response(input.bucket, key, outcome)),
                    None => Err(error.into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        let uploaded = self.store.parts(&input.bucket, &key, &input.upload_id)?;
        let parts = select_parts(&uploaded, &listed)?;

        let mut sources = Vec::with_capacity(parts.len());
        for part in &parts {
            sources.push((self.store.part_file(part)?, 0..part.size));
        }
        let algorithm = upload.settings.algorithm.unwrap_or(Algorithm::Crc64Nvme);
        let content = concatenate(self.store.contents(), sources, algorithm).await?;

        let checksum = if upload.settings.composite {
            let values: Vec<&str> = parts
                .iter()
                .map(|part| part.checksum.value.as_str())
                .collect();
            checksum::composite(algorithm, &values)
        } else {
            Some(content.digests.checksum.clone())
        };
        let claimed = dto::Checksum {
            checksum_crc32: input.checksum_crc32,
            checksum_crc32c: input.checksum_crc32c,
            checksum_crc64nvme: input.checksum_crc64nvme,
            checksum_sha1: input.checksum_sha1,
            checksum_sha256: input.checksum_sha256,
            ..dto::Checksum::default()
        };
        let sent = checksum.clone().map(Checksum::into_dto).unwrap_or_default();
        if !agrees(&claimed, &sent) {
            return Err(s3_error!(
                BadDigest,
                "The checksum you specified did not match the calculated checksum."
            ));
        }
        if input
            .mpu_object_size
            .is_some_and(|size| size != signed(content.size))
        {
            return Err(s3_error!(
                InvalidRequest,
                "The provided 'x-amz-mp-object-size' header does not match what was computed"
            ));
        }

        let md5s: Vec<[u8; 16]> = parts.iter().map(|part| part.md5).collect();
        let mut metadata = upload.settings.metadata;
        metadata.checksum = checksum;
        metadata.part_sizes = parts.iter().map(|part| part.size).collect();
        let completion = Completion {
            content,
            etag: checksum::etag_of_parts(&md5s),
            metadata,
            condition,
            parts: numbers_and_etags(&listed),
        };

        let operations = self.clone();
        let (bucket, id) = (input.bucket, input.upload_id);
        let outcome = run_to_completion(async move {
            let version = operations
                .store
                .complete(&origin.bucket, &key, &id, completion)?;
            operations
                .announce(&origin, "ObjectCreated:CompleteMultipartUpload", &version)
                .await;
            let outcome = operations.store.completed(&origin.bucket, &key, &id)?;
            Ok((version.key, outcome))
        })
        .await?;
        match outcome {
            (key, Some(outcome)) => Ok(response(bucket, key, outcome)),
            (_, None) => Err(s3_error!(InternalError)),
        }
    }
}

fn response(
    bucket: String,
    key: String,
    outcome: CompletionOutcome,
) -> CompleteMultipartUploadOutput {
    let checksum = outcome.checksum.map(Checksum::into_dto).unwrap_or_default();
    CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{}", Encoding::Url.apply(key.clone()))),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(ETag::Strong(outcome.etag)),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        checksum_type: checksum.checksum_type,
        server_side_encryption: encryption(),
        version_id: outcome.version_id,
        ..CompleteMultipartUploadOutput::default()
    }
}

/// Identifies a completion: it is equal for requests that complete an upload in the same way.
fn numbers_and_etags(listed: &[CompletedPart]) -> Vec<(i32, String)> {
    listed
        .iter()
        .map(|part| {
            let etag = part.e_tag.as_ref().map(ETag::value).unwrap_or_default();
            (part.part_number.unwrap_or_default(), etag.to_owned())
        })
        .collect()
}

/// The parts that a client lists, if all of them match the list.
fn select_parts(
    uploaded: &[UploadedPart],
    listed: &[CompletedPart],
) -> S3Result<Vec<UploadedPart>> {
    if listed.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    if !listed.is_sorted_by(|a, b| a.part_number < b.part_number) {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        ));
    }
    let mut parts = Vec::with_capacity(listed.len());
    for claim in listed {
        let part = uploaded
            .iter()
            .find(|part| Some(part.number) == claim.part_number);
        let part = part.filter(|part| {
            claim
                .e_tag
                .as_ref()
                .is_some_and(|etag| etag.value() == checksum::hex(&part.md5))
                && agrees(&claimed(claim), &part.checksum.clone().into_dto())
        });
        let Some(part) = part else {
            return Err(s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag."
            ));
        };
        parts.push(part.clone());
    }
    if parts[..parts.len() - 1]
        .iter()
        .any(|part| part.size < MIN_PART_BYTES)
    {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    Ok(parts)
}

fn claimed(part: &CompletedPart) -> dto::Checksum {
    dto::Checksum {
        checksum_crc32: part.checksum_crc32.clone(),
        checksum_crc32c: part.checksum_crc32c.clone(),
        checksum_crc64nvme: part.checksum_crc64nvme.clone(),
        checksum_sha1: part.checksum_sha1.clone(),
        checksum_sha256: part.checksum_sha256.clone(),
        ..dto::Checksum::default()
    }
}

/// Whether each claimed checksum equals the computed one, if that algorithm was computed.
fn agrees(claimed: &dto::Checksum, computed: &dto::Checksum) -> bool {
    [
        (&claimed.checksum_crc32, &computed.checksum_crc32),
        (&claimed.checksum_crc32c, &computed.checksum_crc32c),
        (&claimed.checksum_crc64nvme, &computed.checksum_crc64nvme),
        (&claimed.checksum_sha1, &computed.checksum_sha1),
        (&claimed.checksum_sha256, &computed.checksum_sha256),
    ]
    .into_iter()
    .all(|(claimed, computed)| claimed.is_none() || computed.is_none() || claimed == computed)
}
