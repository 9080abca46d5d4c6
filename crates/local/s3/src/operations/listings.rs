//! Listing a bucket.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, Owner,
};
use s3s::{S3Request, S3Result, s3_error};

use super::{Operations, signed};
use crate::conditions::timestamp;
use crate::store::{Item, Query};

/// A page has at most so many items.
pub(super) const MOST_ITEMS: i32 = 1000;

impl Operations {
    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        let most = page_size(input.max_keys, "max-keys")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let query = Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone().unwrap_or_default(),
            most: usize::try_from(most).unwrap_or_default(),
        };
        let page = self.store.list(&input.bucket, &query)?;
        let is_truncated = page.next.is_some();
        let (contents, common_prefixes) = split(page.items, encoding, true);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(query.prefix)),
            marker: Some(encoding.apply(query.after)),
            max_keys: Some(most),
            is_truncated: Some(is_truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            // Without a delimiter the last key is where to go on, and S3 doesn't repeat it.
            next_marker: page
                .next
                .filter(|_| input.delimiter.is_some())
                .map(|next| encoding.apply(next)),
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
        let most = page_size(input.max_keys, "max-keys")?;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let after = match &input.continuation_token {
            Some(token) => from_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let query = Query {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after,
            most: usize::try_from(most).unwrap_or_default(),
        };
        let page = self.store.list(&input.bucket, &query)?;
        let count = page.items.len();
        let is_truncated = page.next.is_some();
        let (contents, common_prefixes) =
            split(page.items, encoding, input.fetch_owner.unwrap_or(false));
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(query.prefix)),
            max_keys: Some(most),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(is_truncated),
            next_continuation_token: page.next.as_deref().map(to_token),
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
/// `InvalidArgument` if it is negative; more than S3's most is S3's most.
pub(super) fn page_size(asked: Option<i32>, name: &str) -> S3Result<i32> {
    match asked.unwrap_or(MOST_ITEMS) {
        size if size < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument {name} must be an integer between 0 and 2147483647"
        )),
        size => Ok(size.min(MOST_ITEMS)),
    }
}

fn split(
    items: Vec<Item>,
    encoding: Encoding,
    with_owner: bool,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let mut contents = Vec::new();
    let mut prefixes = Vec::new();
    for item in items {
        match item {
            Item::Prefix(prefix) => prefixes.push(CommonPrefix {
                prefix: Some(encoding.apply(prefix)),
            }),
            Item::Object(entry) => contents.push(Object {
                checksum_algorithm: entry.description.checksum.as_ref().map(|checksum| {
                    vec![ChecksumAlgorithm::from_static(checksum.algorithm.name())]
                }),
                checksum_type: entry
                    .description
                    .checksum
                    .as_ref()
                    .map(crate::checksum::Checksum::kind),
                e_tag: Some(ETag::Strong(entry.etag)),
                key: Some(encoding.apply(entry.key)),
                last_modified: Some(timestamp(entry.modified)),
                owner: with_owner.then(owner),
                size: Some(signed(entry.size)),
                storage_class: Some(ObjectStorageClass::from_static(
                    ObjectStorageClass::STANDARD,
                )),
                ..Object::default()
            }),
        }
    }
    (contents, prefixes)
}

/// Everything here belongs to one account; its canonical id has the shape of AWS's.
pub(super) fn owner() -> Owner {
    Owner {
        display_name: None,
        id: Some("0".repeat(64)),
    }
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
    pub(super) fn apply(self, text: String) -> String {
        const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'_')
            .remove(b'.')
            .remove(b'*')
            .remove(b'/')
            .remove(b' ');
        match self {
            Self::Plain => text,
            Self::Url => utf8_percent_encode(&text, ENCODED)
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
