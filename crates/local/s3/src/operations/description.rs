//! The headers that describe an object, from requests into the index.

use s3s::dto::{Expires, Metadata, TimestampFormat};
use s3s::{S3Result, s3_error};

use crate::store::Description;

/// A time as seconds since 1970.
fn seconds(time: &Expires) -> i64 {
    let mut text = Vec::new();
    let whole = time.format(TimestampFormat::EpochSeconds, &mut text);
    whole
        .ok()
        .and_then(|()| {
            String::from_utf8(text)
                .ok()?
                .split('.')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_default()
}

/// The headers of a description that a writer gives, as `s3s` has read them.
#[derive(Default)]
pub(super) struct Given {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) expires: Option<Expires>,
    pub(super) metadata: Option<Metadata>,
}

/// User metadata may have so many bytes, names and values together.
const MOST_METADATA: usize = 2048;

impl Given {
    /// # Errors
    /// `MetadataTooLarge`.
    pub(super) fn describe(self) -> S3Result<Description> {
        let metadata = self.metadata.unwrap_or_default();
        if metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > MOST_METADATA
        {
            return Err(s3_error!(
                MetadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size"
            ));
        }
        Ok(Description {
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
            metadata: metadata.into_iter().collect(),
            ..Description::default()
        })
    }
}

/// `aws-chunked` describes how the body travels, and is not kept.
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
