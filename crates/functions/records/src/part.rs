//! The two parts of a record, as the JSON that the API returns.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::Decimal;

/// One function's part of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Part<T> {
    /// Not written for this upload yet.
    Pending,
    /// The result.
    Done(T),
    /// The image, or its key, can't be handled: a retry would not help.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// Why an image can't be handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs: `UnsupportedFormat`, `CorruptImage`, `ImageTooLarge`, `ImageTooSmall` or `KeyTooLong`.
    pub code: String,
    /// For the owner of the image.
    pub message: String,
}

/// The result of an analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Most confident first, each name once.
    pub labels: Vec<Label>,
}

/// One thing that the image shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Rekognition's name for it.
    pub name: String,
    /// 0 to 100.
    pub confidence: Decimal,
    /// Names of the labels that it is a kind of.
    pub parents: Vec<String>,
    /// Where it is; empty for labels without a place, like a mood or weather.
    pub instances: Vec<Instance>,
}

/// One occurrence of a label in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// 0 to 100.
    pub confidence: Decimal,
    /// Where, in the upright image.
    #[serde(rename = "box")]
    pub bounds: BoundingBox,
}

/// A rectangle in ratios of the image's width and height; it may extend past the edges.
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

/// The thumbnails of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnails {
    /// Width of the upright image in pixels.
    pub width: u32,
    /// Height of the upright image in pixels.
    pub height: u32,
    /// `jpeg`, `png`, `gif`, `webp`, `bmp`, `tiff` or `heic`, from the content.
    pub format: String,
    /// A `ThumbHash` in base64, to show until a thumbnail is there.
    #[serde(default)]
    pub placeholder: String,
    /// One for each size.
    pub items: Vec<Thumbnail>,
}

/// One thumbnail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thumbnail {
    /// The square that it fits in, in pixels a side.
    pub size: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// Its address, relative to the API's base URL and a slash: see [`href`].
    pub href: String,
}

impl<T> Part<T> {
    /// A part that failed.
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed {
            reason: Reason {
                code: code.into(),
                message: message.into(),
            },
        }
    }

    /// Whether it has not been written yet.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// The result, if it is done.
    pub fn done(&self) -> Option<&T> {
        match self {
            Self::Done(outcome) => Some(outcome),
            Self::Pending | Self::Failed { .. } => None,
        }
    }
}

/// Labels as they appear in a list of images.
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
    /// The part with names and confidences only, as JSON.
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

/// The address of a thumbnail in the API: `thumbnails/256/pets/a%20b%2Bc.jpg`.
///
/// Clients resolve the segments `.` and `..`, even if they are percent-encoded, and API Gateway drops a slash at the end.
/// A key with such a segment, or an empty one, has its slashes encoded, so that it is one segment.
#[must_use]
pub fn href(size: u32, key: &str) -> String {
    let mut path = utf8_percent_encode(key, PATH).to_string();
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        path = path.replace('/', "%2F");
    }
    format!("thumbnails/{size}/{path}")
}
