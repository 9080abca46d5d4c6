//! Multipart uploads until they are completed or aborted.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, Initiator,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, StorageClass, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, dto, s3_error};

use super::listings::{Encoding, page_size};
use super::metadata::RequestMetadata;
use super::writes::refuse_unsupported;
use super::{Operations, encryption, key_of, owner, signed};
use crate::checksum::{self, Algorithm, Checksum};
use crate::conditions::timestamp;
use crate::store::{Upload, UploadSettings, UploadedPart};

impl Operations {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        refuse_unsupported(&request.headers)?;
        let key = key_of(&request, &request.input.key);
        let input = request.input;
        let asked = input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str);
        let algorithm = asked.map(Algorithm::named).transpose()?;
        let composite = is_composite(algorithm, input.checksum_type.as_ref())?;
        let metadata = RequestMetadata {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            expires: input.expires,
            user: input.metadata,
        }
        .into_metadata()?;
        let id = self.store.begin_upload(
            &input.bucket,
            &key,
            UploadSettings {
                metadata,
                algorithm,
                composite,
            },
        )?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(key),
            upload_id: Some(id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: algorithm.map(|_| checksum::kind(composite)),
            server_side_encryption: encryption(),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        check_part_number(request.input.part_number)?;
        let key = key_of(&request, &request.input.key);
        let upload = self
            .store
            .upload(&request.input.bucket, &key, &request.input.upload_id)?;
        let input = request.input;
        let content = self
            .receive(
                &request.headers,
                request.trailing_headers.as_ref(),
                input.body,
                upload.settings.algorithm,
            )
            .await?;
        let computed = content.digests.checksum.algorithm;
        if upload
            .settings
            .algorithm
            .is_some_and(|expected| expected != computed)
        {
            return Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                upload
                    .settings
                    .algorithm
                    .map_or("null", Algorithm::name)
                    .to_lowercase(),
                computed.name().to_lowercase()
            ));
        }
        let part = self.store.put_part(
            &input.bucket,
            &key,
            &input.upload_id,
            input.part_number,
            content,
        )?;
        let etag = part_etag(&part);
        let checksum = part.checksum.into_dto();
        Ok(UploadPartOutput {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            e_tag: Some(etag),
            server_side_encryption: encryption(),
            ..UploadPartOutput::default()
        })
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let key = key_of(&request, &request.input.key);
        self.store
            .abort(&request.input.bucket, &key, &request.input.upload_id)?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<ListPartsOutput> {
        let key = key_of(&request, &request.input.key);
        let input = request.input;
        let limit = page_size(input.max_parts, "max-parts")?;
        let after = input.part_number_marker.unwrap_or(0);
        let upload = self.store.upload(&input.bucket, &key, &input.upload_id)?;
        let mut parts = self.store.parts(&input.bucket, &key, &input.upload_id)?;
        parts.retain(|part| part.number > after);
        let is_truncated = parts.len() > usize::try_from(limit).unwrap_or_default();
        parts.truncate(usize::try_from(limit).unwrap_or_default());
        let next = parts.last().map(|part| part.number);
        let with_checksum = upload.settings.algorithm.is_some();
        let parts = parts
            .into_iter()
            .map(|part| listed_part(part, with_checksum))
            .collect();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(key),
            upload_id: Some(input.upload_id),
            checksum_algorithm: upload
                .settings
                .algorithm
                .map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: upload
                .settings
                .algorithm
                .map(|_| checksum::kind(upload.settings.composite)),
            initiator: Some(initiator()),
            owner: Some(owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            part_number_marker: Some(after),
            next_part_number_marker: next.filter(|_| is_truncated),
            max_parts: Some(limit),
            is_truncated: Some(is_truncated),
            parts: Some(parts),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let input = request.input;
        if input
            .delimiter
            .as_ref()
            .is_some_and(|delimiter| !delimiter.is_empty())
        {
            return Err(s3_error!(
                NotImplemented,
                "A delimiter of multipart uploads is not implemented"
            ));
        }
        let limit = page_size(input.max_uploads, "max-uploads")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = (
            input.key_marker.clone().unwrap_or_default(),
            input.upload_id_marker.clone(),
        );
        let mut uploads = self.store.uploads(&input.bucket)?;
        let seen = |upload: &Upload| upload.key == after.0 && Some(&upload.id) == after.1.as_ref();
        let behind = uploads
            .iter()
            .position(seen)
            .map_or(0, |position| position + 1);
        uploads.drain(..behind);
        uploads.retain(|upload| upload.key.starts_with(&prefix));
        if behind == 0 {
            uploads.retain(|upload| upload.key > after.0);
        }
        let is_truncated = uploads.len() > usize::try_from(limit).unwrap_or_default();
        uploads.truncate(usize::try_from(limit).unwrap_or_default());
        let last = uploads.last().filter(|_| is_truncated).cloned();
        let uploads = uploads
            .into_iter()
            .map(|upload| MultipartUpload {
                checksum_algorithm: upload
                    .settings
                    .algorithm
                    .map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name())),
                checksum_type: upload
                    .settings
                    .algorithm
                    .map(|_| checksum::kind(upload.settings.composite)),
                initiated: Some(timestamp(upload.initiated)),
                initiator: Some(initiator()),
                key: Some(encoding.apply(upload.key)),
                owner: Some(owner()),
                storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                upload_id: Some(upload.id),
            })
            .collect();
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            encoding_type: input.encoding_type,
            is_truncated: Some(is_truncated),
            key_marker: Some(encoding.apply(after.0)),
            upload_id_marker: Some(after.1.unwrap_or_default()),
            max_uploads: Some(limit),
            next_key_marker: last
                .as_ref()
                .map(|upload| encoding.apply(upload.key.clone())),
            next_upload_id_marker: last.map(|upload| upload.id),
            prefix: Some(encoding.apply(prefix)),
            uploads: Some(uploads),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

/// Which kind of checksum an upload's object gets: the [table] of algorithms and kinds.
///
/// [table]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
fn is_composite(algorithm: Option<Algorithm>, asked: Option<&ChecksumType>) -> S3Result<bool> {
    let (default, may_choose) = match algorithm {
        None | Some(Algorithm::Crc64Nvme) => (false, false),
        Some(Algorithm::Sha1 | Algorithm::Sha256) => (true, false),
        Some(Algorithm::Crc32 | Algorithm::Crc32c) => (true, true),
    };
    let composite = match asked.map(ChecksumType::as_str) {
        None => default,
        Some(ChecksumType::COMPOSITE) => true,
        Some(ChecksumType::FULL_OBJECT) => false,
        Some(_) => {
            return Err(s3_error!(
                InvalidRequest,
                "Value for x-amz-checksum-type header is invalid."
            ));
        }
    };
    if composite != default && !may_choose {
        return Err(s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            asked.map_or("", ChecksumType::as_str),
            algorithm
                .map_or("crc64nvme", Algorithm::name)
                .to_lowercase()
        ));
    }
    Ok(composite)
}

/// # Errors
/// `InvalidArgument` unless it is 1 to 10,000.
pub(super) fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidArgument,
        "Part number must be an integer between 1 and 10000, inclusive"
    ))
}

pub(super) fn part_etag(part: &UploadedPart) -> ETag {
    ETag::Strong(checksum::hex(&part.md5))
}

fn listed_part(part: UploadedPart, with_checksum: bool) -> dto::Part {
    let etag = part_etag(&part);
    let checksum = Some(part.checksum)
        .filter(|_| with_checksum)
        .map(Checksum::into_dto)
        .unwrap_or_default();
    dto::Part {
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        e_tag: Some(etag),
        last_modified: Some(timestamp(part.modified)),
        part_number: Some(part.number),
        size: Some(signed(part.size)),
    }
}

fn initiator() -> Initiator {
    Initiator {
        display_name: None,
        id: owner().id,
    }
}
