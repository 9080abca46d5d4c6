//! Records as `DynamoDB` items.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Content, Decimal, Image, Part, Record, State, rank};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// An item that is not a record.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// An attribute is missing, or of another type.
    #[error("attribute {0} is missing or of another type")]
    Attribute(&'static str),
    /// An attribute does not parse.
    #[error("attribute {name} does not parse")]
    Parse {
        /// The attribute.
        name: &'static str,
        /// The parser's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part does not serialize. Parts are strings and numbers, so they do.
    #[error("part does not serialize to JSON")]
    Serialize(#[from] serde_json::Error),
}

fn string(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn json(value: &impl Serialize) -> Result<AttributeValue, ItemError> {
    Ok(AttributeValue::S(serde_json::to_string(value)?))
}

/// The item of a record. Empty sets, which `DynamoDB` does not allow, are left out.
pub(crate) fn to_item(record: &Record) -> Result<Item, ItemError> {
    let mut item = Item::from([
        ("Id".into(), string(&record.key)),
        ("Seq".into(), string(record.seq.as_str())),
        ("Rev".into(), number(&record.rev)),
    ]);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    if !record.indexed.is_empty() {
        let rows = record
            .indexed
            .iter()
            .map(|(label, confidence)| (label.clone(), number(confidence)));
        put("Indexed", AttributeValue::M(rows.collect()));
    }
    if !record.sizes.is_empty() {
        put(
            "Sizes",
            AttributeValue::Ns(record.sizes.iter().map(ToString::to_string).collect()),
        );
    }
    match &record.state {
        State::Deleted { expires_at } => {
            put("Deleted", AttributeValue::Bool(true));
            put("ExpiresAt", number(expires_at));
        }
        State::Present(image) => {
            let uploaded_at = image
                .uploaded_at
                .to_rfc3339_opts(SecondsFormat::Millis, true);
            put("UploadedAt", string(uploaded_at));
            put("Listed", string("image"));
            put("ListedAt", string(listed_at(image.uploaded_at)));
            if let Some(content) = &image.content {
                put("Content", string(content.as_str()));
            }
            put("Bytes", number(&image.bytes));
            put("Analysis", json(&image.analysis)?);
            put("AnalysisSummary", string(image.analysis.summary()?));
            put("Thumbnails", json(&image.thumbnails)?);
            let labels = image
                .analysis
                .done()
                .into_iter()
                .flat_map(|done| &done.labels)
                .map(|label| {
                    AttributeValue::M(HashMap::from([
                        ("Name".into(), string(&label.name)),
                        ("Confidence".into(), number(&label.confidence)),
                    ]))
                });
            put("Labels", AttributeValue::L(labels.collect()));
        }
    }
    Ok(item)
}

/// The sort key of the index `Newest`: milliseconds since 1970 in 13 digits, so that string order is time order until 2286.
fn listed_at(time: DateTime<Utc>) -> String {
    let milliseconds = time.timestamp_millis().clamp(0, 9_999_999_999_999);
    format!("{milliseconds:013}")
}

/// The key of an index row.
pub(crate) fn row_key(label: &str, confidence: Decimal, key: &str) -> Item {
    Item::from([
        ("Label".into(), string(label)),
        ("Rank".into(), string(rank(confidence, key))),
    ])
}

/// An index row.
pub(crate) fn row(label: &str, confidence: Decimal, key: &str) -> Item {
    let mut item = row_key(label, confidence, key);
    item.insert("Key".into(), string(key));
    item.insert("Confidence".into(), number(&confidence));
    item
}

fn get_string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, ItemError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or(ItemError::Attribute(name))
}

fn parse<T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>>(
    name: &'static str,
    value: &str,
) -> Result<T, ItemError> {
    value.parse().map_err(|source: T::Err| ItemError::Parse {
        name,
        source: source.into(),
    })
}

fn get_number<T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>>(
    item: &Item,
    name: &'static str,
) -> Result<T, ItemError> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    parse(name, value.ok_or(ItemError::Attribute(name))?)
}

fn get_part<T: DeserializeOwned>(item: &Item, name: &'static str) -> Result<Part<T>, ItemError> {
    serde_json::from_str(get_string(item, name)?).map_err(|source| ItemError::Parse {
        name,
        source: source.into(),
    })
}

/// The record in an item.
pub(crate) fn from_item(item: &Item) -> Result<Record, ItemError> {
    let mut indexed = BTreeMap::new();
    if let Some(rows) = item.get("Indexed") {
        for (label, confidence) in rows.as_m().map_err(|_| ItemError::Attribute("Indexed"))? {
            let confidence = confidence
                .as_n()
                .map_err(|_| ItemError::Attribute("Indexed"))?;
            indexed.insert(label.clone(), parse("Indexed", confidence)?);
        }
    }
    let mut sizes = BTreeSet::new();
    if let Some(set) = item.get("Sizes") {
        for size in set.as_ns().map_err(|_| ItemError::Attribute("Sizes"))? {
            sizes.insert(parse("Sizes", size)?);
        }
    }
    let state = if item.contains_key("Deleted") {
        State::Deleted {
            expires_at: get_number(item, "ExpiresAt")?,
        }
    } else {
        State::Present(Image {
            uploaded_at: parse::<DateTime<Utc>>("UploadedAt", get_string(item, "UploadedAt")?)?,
            bytes: get_number(item, "Bytes")?,
            content: match item.get("Content") {
                None => None,
                Some(_) => Some(Content::stored(get_string(item, "Content")?)),
            },
            analysis: get_part(item, "Analysis")?,
            thumbnails: get_part(item, "Thumbnails")?,
        })
    };
    Ok(Record {
        key: get_string(item, "Id")?.to_owned(),
        seq: parse("Seq", get_string(item, "Seq")?)?,
        rev: get_number(item, "Rev")?,
        indexed,
        sizes,
        state,
    })
}
