//! Metadata of objects, from the headers of requests.

use s3s::dto::{Expires, Metadata, TimestampFormat};
use s3s::{S3Result, s3_error};

use crate::store::ObjectMetadata;

/// A time as seconds since 1970.
fn seconds(time: &Expires) -> i64 {
    let mut digits = Vec::new();
    let whole = time.format(TimestampFormat::EpochSeconds, &mut digits);
    whole
        .ok()
        .and_then(|()| {
            String::from_utf8(digits)
                .ok()?
                .split('.')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_default()
}

/// The headers that become the metadata of an object.
#[derive(Default)]
pub(super) struct RequestMetadata {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) expires: Option<Expires>,
    pub(super) user: Option<Metadata>,
}

/// Bytes of user-defined metadata, names and values together.
const MAX_METADATA_BYTES: usize = 2048;

impl RequestMetadata {
    /// # Errors
    /// `MetadataTooLarge`.
    pub(super) fn into_metadata(self) -> S3Result<ObjectMetadata> {
        let user = self.user.unwrap_or_default();
        if user
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > MAX_METADATA_BYTES
        {
            return Err(s3_error!(
                MetadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size"
            ));
        }
        Ok(ObjectMetadata {
            content_type: self
                .content_type
                .filter(|value| !value.is_empty())
                .unwrap_or_else(|| "binary/octet-stream".to_owned()),
            cache_control: self.cache_control,
            content_disposition: self.content_disposition,
            content_encoding: self
                .content_encoding
                .and_then(|encoding| without_framing(&encoding)),
            content_language: self.content_language,
            expires: self.expires.as_ref().map(seconds),
            user: user.into_iter().collect(),
            ..ObjectMetadata::default()
        })
    }
}

/// Removes `aws-chunked`, which describes how the body is sent and is not stored.
fn without_framing(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_is_no_encoding_of_the_object() {
        assert_eq!(without_framing("aws-chunked"), None);
        assert_eq!(without_framing("gzip,aws-chunked"), Some("gzip".to_owned()));
        assert_eq!(without_framing("gzip, br"), Some("gzip,br".to_owned()));
    }
}
