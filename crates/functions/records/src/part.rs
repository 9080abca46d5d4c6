//! The two parts of a record, in the JSON that the API returns.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::Decimal;

/// One function's half of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Part<T> {
    /// Not written for this upload yet.
    Pending,
    /// What came out.
    Done(T),
    /// The picture's own bytes make it impossible.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// Why a picture could not be handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs: `UnsupportedFormat`, `CorruptImage`, `ImageTooLarge` or `ImageTooSmall`.
    pub code: String,
    /// For the picture's owner.
    pub message: String,
}

/// What was recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Most confident first, each name once.
    pub labels: Vec<Label>,
}

/// One thing that was recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name, as Rekognition has it.
    pub name: String,
    /// 0 to 100.
    pub confidence: Decimal,
    /// The names of what it is a kind of.
    pub parents: Vec<String>,
    /// Where it was seen; empty for what has no place, like a mood or weather.
    pub instances: Vec<Instance>,
}

/// One place where a label was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// 0 to 100.
    pub confidence: Decimal,
    /// Where, in the upright picture.
    #[serde(rename = "box")]
    pub bounds: BoundingBox,
}

/// A rectangle in ratios of the picture's width and height; it may reach past the picture's edges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundingBox {
    /// Left edge.
    pub left: Decimal,
    /// Top edge.
    pub top: Decimal,
    /// Width.
    pub width: Decimal,
    /// Height.
    pub height: Decimal,
}

/// The thumbnails of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnails {
    /// Pixels of the upright picture.
    pub width: u32,
    /// Pixels of the upright picture.
    pub height: u32,
    /// `jpeg`, `png`, `gif`, `webp`, `bmp` or `tiff`: what the bytes say.
    pub format: String,
    /// One for each size.
    pub items: Vec<Thumbnail>,
}

/// One thumbnail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thumbnail {
    /// The square that it fits, in pixels a side.
    pub size: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// Where the API serves it, relative to the base URL and a slash: see [`href`].
    pub href: String,
}

impl<T> Part<T> {
    /// A failure.
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed {
            reason: Reason {
                code: code.into(),
                message: message.into(),
            },
        }
    }

    /// Whether nothing was written yet.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// What came out, if anything did.
    pub fn done(&self) -> Option<&T> {
        match self {
            Self::Done(outcome) => Some(outcome),
            Self::Pending | Self::Failed { .. } => None,
        }
    }
}

/// Labels as they stand in a list of pictures.
#[derive(Serialize)]
struct Summary<'a> {
    labels: Vec<LabelSummary<'a>>,
}

#[derive(Serialize)]
struct LabelSummary<'a> {
    name: &'a str,
    confidence: Decimal,
}

impl Part<Analysis> {
    /// The same part with names and confidences only, as JSON text.
    pub(crate) fn summary(&self) -> serde_json::Result<String> {
        let summary = match self {
            Self::Pending => Part::Pending,
            Self::Failed { reason } => Part::Failed {
                reason: reason.clone(),
            },
            Self::Done(Analysis { labels }) => Part::Done(Summary {
                labels: labels
                    .iter()
                    .map(|label| LabelSummary {
                        name: &label.name,
                        confidence: label.confidence,
                    })
                    .collect(),
            }),
        };
        serde_json::to_string(&summary)
    }
}

/// All but RFC 3986's unreserved characters, and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Where the API serves a thumbnail: `thumbnails/256/pets/a%20b%2Bc.jpg`.
#[must_use]
pub fn href(size: u32, key: &str) -> String {
    format!("thumbnails/{size}/{}", utf8_percent_encode(key, PATH))
}
