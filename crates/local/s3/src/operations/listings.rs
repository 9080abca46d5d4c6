//! Listing objects.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Result, s3_error};

use super::{Operations, owner, signed};
use crate::checksum::Checksum;
use crate::conditions::timestamp;
use crate::store::{ListingItem, ListingQuery, ObjectVersion, Position};

/// The maximum number of items on a page.
pub(super) const MAX_PAGE_SIZE: i32 = 1000;

impl Operations {
    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        let limit = page_size(input.max_keys, "max-keys")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let query = ListingQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: after(input.marker.clone().unwrap_or_default()),
            limit: usize::try_from(limit).unwrap_or_default(),
        };
        let page = self.store.list(&input.bucket, &query)?;
        let is_truncated = page.next.is_some();
        let (contents, common_prefixes) = split(page.items, encoding, true);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(query.prefix)),
            marker: Some(encoding.apply(query.after.key)),
            max_keys: Some(limit),
            is_truncated: Some(is_truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            // Without a delimiter the last key is the next marker, and S3 does not repeat it.
            next_marker: page
                .next
                .filter(|_| input.delimiter.is_some())
                .map(|next| encoding.apply(next.key)),
            delimiter: input.delimiter.map(|delimiter| encoding.apply(delimiter)),
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        })
    }

    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<ListObjectsV2Output> {
        let input = request.input;
        let limit = page_size(input.max_keys, "max-keys")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let start = match &input.continuation_token {
            Some(token) => from_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let query = ListingQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: after(start),
            limit: usize::try_from(limit).unwrap_or_default(),
        };
        let page = self.store.list(&input.bucket, &query)?;
        let count = page.items.len();
        let is_truncated = page.next.is_some();
        let (contents, common_prefixes) =
            split(page.items, encoding, input.fetch_owner.unwrap_or(false));
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(query.prefix)),
            max_keys: Some(limit),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(is_truncated),
            next_continuation_token: page.next.map(|next| to_token(&next.key)),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| encoding.apply(delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| encoding.apply(after)),
            ..ListObjectsV2Output::default()
        })
    }
}

/// # Errors
/// `InvalidArgument` if it is negative. A number over S3's maximum means the maximum.
pub(super) fn page_size(asked: Option<i32>, name: &str) -> S3Result<i32> {
    match asked.unwrap_or(MAX_PAGE_SIZE) {
        size if size < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument {name} must be an integer between 0 and 2147483647"
        )),
        size => Ok(size.min(MAX_PAGE_SIZE)),
    }
}

fn split(
    items: Vec<ListingItem>,
    encoding: Encoding,
    with_owner: bool,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let mut contents = Vec::new();
    let mut prefixes = Vec::new();
    for item in items {
        match item {
            ListingItem::Prefix(prefix) => prefixes.push(CommonPrefix {
                prefix: Some(encoding.apply(prefix)),
            }),
            ListingItem::Version(version) => contents.push(Object {
                checksum_algorithm: checksum_algorithm(&version),
                checksum_type: version.metadata.checksum.as_ref().map(Checksum::kind),
                e_tag: Some(ETag::Strong(version.etag)),
                key: Some(encoding.apply(version.key)),
                last_modified: Some(timestamp(version.modified)),
                owner: with_owner.then(owner),
                size: Some(signed(version.size)),
                storage_class: Some(ObjectStorageClass::from_static(
                    ObjectStorageClass::STANDARD,
                )),
                ..Object::default()
            }),
        }
    }
    (contents, prefixes)
}

pub(super) fn checksum_algorithm(version: &ObjectVersion) -> Option<Vec<ChecksumAlgorithm>> {
    let checksum = version.metadata.checksum.as_ref()?;
    Some(vec![ChecksumAlgorithm::from_static(
        checksum.algorithm.name(),
    )])
}

/// After all versions of a key.
fn after(key: String) -> Position {
    Position { key, version: None }
}

/// How keys are written into a listing.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(s3_error!(
                InvalidArgument,
                "Invalid Encoding Method specified in Request"
            )),
        }
    }

    /// Form-encoded, so that a space is a plus; slashes and asterisks stay.
    pub(super) fn apply(self, key: String) -> String {
        const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'_')
            .remove(b'.')
            .remove(b'*')
            .remove(b'/')
            .remove(b' ');
        match self {
            Self::Plain => key,
            Self::Url => utf8_percent_encode(&key, ENCODED)
                .to_string()
                .replace(' ', "+"),
        }
    }
}

fn to_token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(after)
}

fn from_token(token: &str) -> S3Result<String> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|after| !after.is_empty())
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_form_encoded() {
        assert_eq!(
            Encoding::Url.apply("a b+c/å*~%.jpg".into()),
            "a+b%2Bc/%C3%A5*%7E%25.jpg"
        );
        assert_eq!(Encoding::Plain.apply("a b".into()), "a b");
    }

    #[test]
    fn tokens_are_read_back_and_others_refused() {
        assert_eq!(from_token(&to_token("å/b")).unwrap(), "å/b");
        assert!(from_token("").is_err());
        assert!(from_token("no token!").is_err());
        assert!(from_token("_w").is_err());
    }
}
