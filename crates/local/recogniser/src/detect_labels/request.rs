//! What is asked, and whether it may be asked so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::filters::Filters;
use super::{DetectLabelsError, MAX_BYTES};

/// Asked for nothing else, labels from this many percent on are given.
const MIN_CONFIDENCE: f32 = 55.0;
/// The default and the upper limit.
const MAX_LABELS: usize = 1000;

/// A request that may be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    image: Source,
    pub(super) max_labels: usize,
    /// In percent.
    pub(super) min_confidence: f32,
    pub(super) filters: Filters,
}

/// Where the picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the request.
    Bytes(Vec<u8>),
    /// In S3.
    S3Object {
        /// The bucket's name.
        bucket: String,
        /// The object's key, as it is.
        name: String,
        /// In a versioned bucket, which version; the newest otherwise.
        version: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    image: Option<Image>,
    max_labels: Option<i32>,
    min_confidence: Option<f32>,
    features: Option<Vec<String>>,
    settings: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    bytes: Option<String>,
    s3_object: Option<S3Object>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3Object {
    bucket: Option<String>,
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    general_labels: Option<Filters>,
    image_properties: Option<serde_json::Value>,
}

impl Request {
    /// Reads the JSON body of a request. Members that the API does not know are skipped, as AWS skips them.
    ///
    /// # Errors
    /// `SerializationException` for what is not such JSON, `ValidationException` for a member that breaks its documented
    /// constraint, `ImageTooLargeException` for bytes over 5 MB, `InvalidParameterException` for an image that is neither
    /// bytes nor object or both, and for `IMAGE_PROPERTIES`, which is not supported.
    pub fn parse(body: &[u8]) -> Result<Self, DetectLabelsError> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| DetectLabelsError::serialization(error.to_string()))?;
        let max_labels = match body.max_labels {
            None => MAX_LABELS,
            Some(count) => usize::try_from(count)
                .map_err(|_| {
                    DetectLabelsError::constraint(
                        &format!("'{count}'"),
                        "maxLabels",
                        "Member must have value greater than or equal to 0",
                    )
                })?
                .min(MAX_LABELS),
        };
        let min_confidence = body.min_confidence.unwrap_or(MIN_CONFIDENCE);
        if let Some(bound) = out_of_percent(min_confidence) {
            return Err(DetectLabelsError::constraint(
                &format!("'{min_confidence:?}'"),
                "minConfidence",
                bound,
            ));
        }
        check_features(body.features.as_deref().unwrap_or_default())?;
        let filters = match body.settings {
            Some(Settings {
                image_properties: Some(_),
                ..
            }) => return Err(DetectLabelsError::not_here("Settings.ImageProperties")),
            Some(Settings { general_labels, .. }) => general_labels.unwrap_or_default(),
            None => Filters::default(),
        };
        filters.check()?;
        let image = body.image.ok_or_else(|| {
            DetectLabelsError::constraint("null", "image", "Member must not be null")
        })?;
        Ok(Self {
            image: source(image)?,
            max_labels,
            min_confidence,
            filters,
        })
    }

    /// Where the picture is.
    #[must_use]
    pub fn image(&self) -> &Source {
        &self.image
    }
}

fn out_of_percent(confidence: f32) -> Option<&'static str> {
    if confidence < 0.0 {
        Some("Member must have value greater than or equal to 0")
    } else if confidence > 100.0 {
        Some("Member must have value less than or equal to 100")
    } else {
        None
    }
}

fn check_features(features: &[String]) -> Result<(), DetectLabelsError> {
    for feature in features {
        match feature.as_str() {
            "GENERAL_LABELS" => {}
            "IMAGE_PROPERTIES" => {
                return Err(DetectLabelsError::not_here("the feature IMAGE_PROPERTIES"));
            }
            _ => {
                return Err(DetectLabelsError::constraint(
                    &format!("'[{}]'", features.join(", ")),
                    "features",
                    "Member must satisfy constraint: [Member must satisfy enum value set: [GENERAL_LABELS, IMAGE_PROPERTIES]]",
                ));
            }
        }
    }
    Ok(())
}

fn source(image: Image) -> Result<Source, DetectLabelsError> {
    match image {
        Image {
            bytes: Some(encoded),
            s3_object: None,
        } => {
            // Four characters are three bytes: what cannot fit is not decoded.
            if encoded.len() / 4 * 3 > MAX_BYTES + 2 {
                return Err(DetectLabelsError::image_too_large());
            }
            let bytes = STANDARD
                .decode(encoded)
                .map_err(|error| DetectLabelsError::serialization(error.to_string()))?;
            match bytes.len() {
                0 => Err(DetectLabelsError::constraint(
                    "''",
                    "image.bytes",
                    "Member must have length greater than or equal to 1",
                )),
                length if length > MAX_BYTES => Err(DetectLabelsError::image_too_large()),
                _ => Ok(Source::Bytes(bytes)),
            }
        }
        Image {
            bytes: None,
            s3_object:
                Some(S3Object {
                    bucket: Some(bucket),
                    name: Some(name),
                    version,
                }),
        } => {
            check_length(&bucket, "bucket", 3, 255)?;
            check_length(&name, "name", 1, 1024)?;
            if let Some(version) = &version {
                check_length(version, "version", 1, 1024)?;
            }
            Ok(Source::S3Object {
                bucket,
                name,
                version,
            })
        }
        _ => Err(DetectLabelsError::invalid_parameters()),
    }
}

fn check_length(
    value: &str,
    member: &str,
    least: usize,
    most: usize,
) -> Result<(), DetectLabelsError> {
    let length = value.chars().count();
    let bound = if length < least {
        format!("Member must have length greater than or equal to {least}")
    } else if length > most {
        format!("Member must have length less than or equal to {most}")
    } else {
        return Ok(());
    };
    Err(DetectLabelsError::constraint(
        &format!("'{value}'"),
        &format!("image.s3Object.{member}"),
        &bound,
    ))
}
