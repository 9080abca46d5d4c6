//! Reading objects.

use std::ops::Range;

use http::header::{
    CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, IF_RANGE, LAST_MODIFIED,
};
use s3s::dto::{
    self, ChecksumMode, ETag, Expires, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, Metadata, TimestampFormat,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::{Operations, encryption, etag, key_of, signed, version_id, version_of};
use crate::Error;
use crate::conditions::{Conditions, Evaluation, timestamp};
use crate::contents::stream;
use crate::store::ObjectVersion;

impl Operations {
    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<GetObjectOutput> {
        let bucket = &request.input.bucket;
        let id = version_of(request.input.version_id.as_ref())?;
        let key = key_of(&request, &request.input.key);
        let object = match self.store.object(bucket, &key, id) {
            Ok(object) => object,
            Err(error) => return Err(self.unreadable(&request, bucket, id, error).await),
        };
        let ranged = if_range_holds(&request.headers, &object.version.etag);
        let input = request.input;
        let version = object.version;
        let selection = Selection::new(
            &version,
            &Conditions {
                matches: input.if_match,
                none_matches: input.if_none_match,
                modified_since: input.if_modified_since,
                unmodified_since: input.if_unmodified_since,
            },
            input.range.filter(|_| ranged),
            input.part_number,
            input.checksum_mode.as_ref(),
        )?;
        let checksum = selection.checksum;
        let version_id = version_id(&version);
        let metadata = version.metadata;
        Ok(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(stream(object.file, selection.range)?),
            cache_control: metadata.cache_control,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            content_disposition: metadata.content_disposition,
            content_encoding: metadata.content_encoding,
            content_language: metadata.content_language,
            content_length: Some(selection.length),
            content_range: selection.content_range,
            content_type: Some(metadata.content_type),
            e_tag: Some(ETag::Strong(version.etag)),
            expires: metadata.expires.map(expires),
            last_modified: Some(timestamp(version.modified)),
            metadata: Some(metadata.user.into_iter().collect::<Metadata>()),
            parts_count: selection.parts_count,
            server_side_encryption: encryption(),
            version_id,
            ..GetObjectOutput::default()
        })
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<HeadObjectOutput> {
        let input = &request.input;
        let version = self
            .version(
                &request,
                &input.bucket,
                &input.key,
                input.version_id.as_ref(),
            )
            .await?;
        let input = request.input;
        let selection = Selection::new(
            &version,
            &Conditions {
                matches: input.if_match,
                none_matches: input.if_none_match,
                modified_since: input.if_modified_since,
                unmodified_since: input.if_unmodified_since,
            },
            input.range,
            input.part_number,
            input.checksum_mode.as_ref(),
        )?;
        let checksum = selection.checksum;
        let version_id = version_id(&version);
        let metadata = version.metadata;
        Ok(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: input.response_cache_control.or(metadata.cache_control),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            content_disposition: input
                .response_content_disposition
                .or(metadata.content_disposition),
            content_encoding: input
                .response_content_encoding
                .or(metadata.content_encoding),
            content_language: input
                .response_content_language
                .or(metadata.content_language),
            content_length: Some(selection.length),
            content_range: selection.content_range,
            content_type: Some(input.response_content_type.unwrap_or(metadata.content_type)),
            e_tag: Some(ETag::Strong(version.etag)),
            expires: input.response_expires.or(metadata.expires.map(expires)),
            last_modified: Some(timestamp(version.modified)),
            metadata: Some(metadata.user.into_iter().collect::<Metadata>()),
            parts_count: selection.parts_count,
            server_side_encryption: encryption(),
            version_id,
            ..HeadObjectOutput::default()
        })
    }
}

/// Whether `Range` applies: not if `If-Range` names another representation (RFC 9110, 13.1.5; S3's reference does not
/// list the header). A date counts as another one, so that the response is the whole object.
fn if_range_holds(headers: &HeaderMap, etag: &str) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else {
        return true;
    };
    let quoted = condition.as_bytes().strip_prefix(b"\"");
    quoted.and_then(|rest| rest.strip_suffix(b"\"")) == Some(etag.as_bytes())
}

/// Which bytes and headers of a version a read returns.
struct Selection {
    range: Range<u64>,
    length: i64,
    content_range: Option<String>,
    parts_count: Option<i32>,
    checksum: dto::Checksum,
}

impl Selection {
    fn new(
        version: &ObjectVersion,
        conditions: &Conditions,
        range: Option<dto::Range>,
        part_number: Option<i32>,
        checksum_mode: Option<&ChecksumMode>,
    ) -> S3Result<Self> {
        match conditions.evaluate(version) {
            Evaluation::Proceed => {}
            Evaluation::NotModified => return Err(not_modified(version)),
            Evaluation::Failed(header) => return Err(Error::PreconditionFailed(header).into()),
        }
        let part = part_number
            .map(|number| part_range(version, number))
            .transpose()?;
        let range = match (part, range) {
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Cannot specify both Range header and partNumber query parameter"
                ));
            }
            (Some(part), None) => Some(part),
            (None, Some(range)) => Some(range.check(version.size)?),
            (None, None) => None,
        };
        // The checksum is that of the whole object, and would be misleading for a part of it.
        let is_whole = range
            .as_ref()
            .is_none_or(|range| range.end - range.start == version.size);
        let asked = checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let checksum = version
            .metadata
            .checksum
            .clone()
            .filter(|_| asked && is_whole);
        let parts = version.metadata.part_sizes.len();
        let content_range = range
            .as_ref()
            .filter(|range| !range.is_empty())
            .map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, version.size));
        let range = range.unwrap_or(0..version.size);
        Ok(Self {
            length: signed(range.end - range.start),
            range,
            content_range,
            parts_count: part_number
                .filter(|_| parts > 0)
                .and_then(|_| i32::try_from(parts).ok()),
            checksum: checksum
                .map(crate::checksum::Checksum::into_dto)
                .unwrap_or_default(),
        })
    }
}

/// The bytes of one of an object's parts; an object that was uploaded in one piece is its own part 1.
fn part_range(version: &ObjectVersion, number: i32) -> S3Result<Range<u64>> {
    let whole = [version.size];
    let sizes = match version.metadata.part_sizes.as_slice() {
        [] => &whole,
        sizes => sizes,
    };
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let Some((index, size)) = index.and_then(|index| Some((index, sizes.get(index)?))) else {
        let code = S3ErrorCode::Custom("InvalidPartNumber".into());
        let mut error = S3Error::with_message(code, "The requested partnumber is not satisfiable");
        error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
        return Err(error);
    };
    let start: u64 = sizes[..index].iter().sum();
    Ok(start..start + size)
}

/// 304 with the headers that a cache needs.
fn not_modified(version: &ObjectVersion) -> S3Error {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    if let Ok(value) = etag(version).to_http_header() {
        set(ETAG, String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let mut modified = Vec::new();
    if timestamp(version.modified)
        .format(TimestampFormat::HttpDate, &mut modified)
        .is_ok()
    {
        set(
            LAST_MODIFIED,
            String::from_utf8_lossy(&modified).into_owned(),
        );
    }
    if let Some(value) = version.metadata.cache_control.clone() {
        set(CACHE_CONTROL, value);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// Converts seconds since 1970.
fn expires(seconds: i64) -> Expires {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    timestamp(time)
}
