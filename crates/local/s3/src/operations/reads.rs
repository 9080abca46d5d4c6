//! Reading objects.

use std::ops::Range;

use http::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use s3s::dto::{
    self, ChecksumMode, ETag, Expires, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, Metadata, TimestampFormat,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::{Operations, encryption, etag, key_of, refuse_version, signed};
use crate::Error;
use crate::conditions::{Conditions, Verdict, timestamp};
use crate::content::stream;
use crate::store::Entry;

impl Operations {
    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<GetObjectOutput> {
        refuse_version(request.input.version_id.as_deref())?;
        let bucket = &request.input.bucket;
        let key = key_of(&request, &request.input.key);
        let Some(object) = self.store.object(bucket, &key)? else {
            return Err(self.missing(&request, bucket, &key).await);
        };
        let input = request.input;
        let entry = object.entry;
        let view = View::new(
            &entry,
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
        let checksum = view.checksum;
        let described = entry.description;
        Ok(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(stream(object.file, view.range)?),
            cache_control: described.cache_control,
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            content_disposition: described.content_disposition,
            content_encoding: described.content_encoding,
            content_language: described.content_language,
            content_length: Some(view.length),
            content_range: view.content_range,
            content_type: Some(described.content_type),
            e_tag: Some(ETag::Strong(entry.etag)),
            expires: described.expires.map(expires),
            last_modified: Some(timestamp(entry.modified)),
            metadata: Some(described.metadata.into_iter().collect::<Metadata>()),
            parts_count: view.parts_count,
            server_side_encryption: encryption(),
            ..GetObjectOutput::default()
        })
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<HeadObjectOutput> {
        refuse_version(request.input.version_id.as_deref())?;
        let bucket = &request.input.bucket;
        let key = key_of(&request, &request.input.key);
        let Some(entry) = self.store.entry(bucket, &key)? else {
            return Err(self.missing(&request, bucket, &key).await);
        };
        let input = request.input;
        let view = View::new(
            &entry,
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
        let checksum = view.checksum;
        let described = entry.description;
        Ok(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: input.response_cache_control.or(described.cache_control),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            checksum_type: checksum.checksum_type,
            content_disposition: input
                .response_content_disposition
                .or(described.content_disposition),
            content_encoding: input
                .response_content_encoding
                .or(described.content_encoding),
            content_language: input
                .response_content_language
                .or(described.content_language),
            content_length: Some(view.length),
            content_range: view.content_range,
            content_type: Some(
                input
                    .response_content_type
                    .unwrap_or(described.content_type),
            ),
            e_tag: Some(ETag::Strong(entry.etag)),
            expires: input.response_expires.or(described.expires.map(expires)),
            last_modified: Some(timestamp(entry.modified)),
            metadata: Some(described.metadata.into_iter().collect::<Metadata>()),
            parts_count: view.parts_count,
            server_side_encryption: encryption(),
            ..HeadObjectOutput::default()
        })
    }
}

/// What of an object a read shows.
struct View {
    range: Range<u64>,
    length: i64,
    content_range: Option<String>,
    parts_count: Option<i32>,
    checksum: dto::Checksum,
}

impl View {
    fn new(
        entry: &Entry,
        conditions: &Conditions,
        range: Option<dto::Range>,
        part_number: Option<i32>,
        checksum_mode: Option<&ChecksumMode>,
    ) -> S3Result<Self> {
        match conditions.judge(entry) {
            Verdict::Proceed => {}
            Verdict::NotModified => return Err(not_modified(entry)),
            Verdict::Failed(header) => return Err(Error::PreconditionFailed(header).into()),
        }
        let part = part_number
            .map(|number| part_range(entry, number))
            .transpose()?;
        let range = match (part, range) {
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Cannot specify both Range header and partNumber query parameter"
                ));
            }
            (Some(part), None) => Some(part),
            (None, Some(range)) => Some(range.check(entry.size)?),
            (None, None) => None,
        };
        // The checksum is that of the whole object, and would only mislead about a part of it.
        let is_whole = range
            .as_ref()
            .is_none_or(|range| range.end - range.start == entry.size);
        let asked = checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let checksum = entry
            .description
            .checksum
            .clone()
            .filter(|_| asked && is_whole);
        let parts = entry.description.part_sizes.len();
        let content_range = range
            .as_ref()
            .filter(|range| !range.is_empty())
            .map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, entry.size));
        let range = range.unwrap_or(0..entry.size);
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

/// The bytes of one of the parts that an object was made of; an object in one piece is its own part 1.
fn part_range(entry: &Entry, number: i32) -> S3Result<Range<u64>> {
    let whole = [entry.size];
    let sizes = match entry.description.part_sizes.as_slice() {
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
fn not_modified(entry: &Entry) -> S3Error {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    if let Ok(value) = etag(entry).to_http_header() {
        set(ETAG, String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let mut modified = Vec::new();
    if timestamp(entry.modified)
        .format(TimestampFormat::HttpDate, &mut modified)
        .is_ok()
    {
        set(
            LAST_MODIFIED,
            String::from_utf8_lossy(&modified).into_owned(),
        );
    }
    if let Some(value) = entry.description.cache_control.clone() {
        set(CACHE_CONTROL, value);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// Seconds since 1970 as a time.
fn expires(seconds: i64) -> Expires {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    timestamp(time)
}
