//! Records as `DynamoDB` items.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Decimal, Part, Picture, Record, State, rank};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// An item that is no record.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// An attribute is missing, or of another type.
    #[error("attribute {0} is missing or of another type")]
    Attribute(&'static str),
    /// An attribute's text does not parse.
    #[error("attribute {name} does not parse")]
    Parse {
        /// Its name.
        name: &'static str,
        /// What the parser says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part does not render. Cannot happen to parts made of text and numbers.
    #[error("part does not render as JSON")]
    Render(#[from] serde_json::Error),
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn json(value: &impl Serialize) -> Result<AttributeValue, ItemError> {
    Ok(AttributeValue::S(serde_json::to_string(value)?))
}

/// The item of a record. What `DynamoDB` cannot hold, an empty set, is left out.
pub(crate) fn to_item(record: &Record) -> Result<Item, ItemError> {
    let mut item = Item::from([
        ("Id".into(), text(&record.key)),
        ("Seq".into(), text(record.seq.as_str())),
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
        State::Present(picture) => {
            let uploaded_at = picture
                .uploaded_at
                .to_rfc3339_opts(SecondsFormat::Millis, true);
            put("UploadedAt", text(uploaded_at));
            put("Bytes", number(&picture.bytes));
            put("Analysis", json(&picture.analysis)?);
            put("AnalysisSummary", text(picture.analysis.summary()?));
            put("Thumbnails", json(&picture.thumbnails)?);
            let labels = picture
                .analysis
                .done()
                .into_iter()
                .flat_map(|done| &done.labels)
                .map(|label| {
                    AttributeValue::M(HashMap::from([
                        ("Name".into(), text(&label.name)),
                        ("Confidence".into(), number(&label.confidence)),
                    ]))
                });
            put("Labels", AttributeValue::L(labels.collect()));
        }
    }
    Ok(item)
}

/// The key of an index row.
pub(crate) fn row_key(label: &str, confidence: Decimal, key: &str) -> Item {
    Item::from([
        ("Label".into(), text(label)),
        ("Rank".into(), text(rank(confidence, key))),
    ])
}

/// An index row.
pub(crate) fn row(label: &str, confidence: Decimal, key: &str) -> Item {
    let mut item = row_key(label, confidence, key);
    item.insert("Key".into(), text(key));
    item.insert("Confidence".into(), number(&confidence));
    item
}

fn get_text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, ItemError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or(ItemError::Attribute(name))
}

fn parse<T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>>(
    name: &'static str,
    text: &str,
) -> Result<T, ItemError> {
    text.parse().map_err(|source: T::Err| ItemError::Parse {
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
    serde_json::from_str(get_text(item, name)?).map_err(|source| ItemError::Parse {
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
        State::Present(Picture {
            uploaded_at: parse::<DateTime<Utc>>("UploadedAt", get_text(item, "UploadedAt")?)?,
            bytes: get_number(item, "Bytes")?,
            analysis: get_part(item, "Analysis")?,
            thumbnails: get_part(item, "Thumbnails")?,
        })
    };
    Ok(Record {
        key: get_text(item, "Id")?.to_owned(),
        seq: parse("Seq", get_text(item, "Seq")?)?,
        rev: get_number(item, "Rev")?,
        indexed,
        sizes,
        state,
    })
}
