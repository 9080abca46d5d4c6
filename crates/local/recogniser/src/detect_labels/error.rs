//! The errors of `DetectLabels`, worded as AWS words them.

use serde_json::{Value, json};

use crate::Error;

/// An error response. The shape of its body is that of
/// <https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html>.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct DetectLabelsError {
    /// The name of the exception.
    pub code: &'static str,
    /// The message.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl DetectLabelsError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: 400,
        }
    }

    /// The body.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "__type": self.code, "Code": self.code, "Message": self.message })
    }

    /// The object does not exist, is in another region, or may not be read.
    #[must_use]
    pub fn invalid_s3_object() -> Self {
        Self::new(
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
        )
    }

    /// Over 5 MB as bytes or 15 MB as an object.
    #[must_use]
    pub fn image_too_large() -> Self {
        Self::new(
            "ImageTooLargeException",
            "The input image size exceeds the allowed limit.",
        )
    }

    /// AWS's words as seen in <https://github.com/awsdocs/aws-doc-sdk-examples/issues/4848>.
    pub(super) fn too_many_pixels(
        width: impl Into<u64>,
        height: impl Into<u64>,
        most: u32,
    ) -> Self {
        let (width, height) = (width.into(), height.into());
        Self::new(
            "ImageTooLargeException",
            format!(
                "Input image dimensions {width} x {height} exceed maximum dimension size of {most} pixels"
            ),
        )
    }

    /// Neither JPEG nor PNG, or corrupt.
    pub(super) fn invalid_image_format() -> Self {
        Self::new(
            "InvalidImageFormatException",
            "Request has invalid image format",
        )
    }

    /// Also for a side under 80 pixels: <https://github.com/boto/botocore/issues/1366>.
    pub(super) fn invalid_parameters() -> Self {
        Self::new(
            "InvalidParameterException",
            "Request has invalid parameters",
        )
    }

    /// A feature that AWS has and this crate lacks.
    pub(super) fn not_here(what: &str) -> Self {
        Self::new(
            "InvalidParameterException",
            format!("Request has invalid parameters: {what} is not supported here"),
        )
    }

    /// An action other than `DetectLabels`.
    #[must_use]
    pub fn unsupported_action() -> Self {
        Self::new(
            "UnknownOperationException",
            "the only action here is DetectLabels",
        )
    }

    /// A failure of the recogniser itself.
    #[must_use]
    pub fn internal() -> Self {
        Self {
            code: "InternalServerError",
            message: "internal server error".to_owned(),
            status: 500,
        }
    }

    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// `value` is what AWS prints: `null`, or the value in single quotes.
    pub(super) fn constraint(value: &str, member: &str, constraint: &str) -> Self {
        Self::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
            ),
        )
    }
}

impl From<thumbnail::Error> for DetectLabelsError {
    fn from(error: thumbnail::Error) -> Self {
        match error {
            thumbnail::Error::TooManyBytes { .. } | thumbnail::Error::TooMuchMemory { .. } => {
                Self::image_too_large()
            }
            thumbnail::Error::ImageTooLarge { width, height, .. } => {
                Self::too_many_pixels(width, height, super::MAX_SIDE)
            }
            _ => Self::invalid_image_format(),
        }
    }
}

impl From<Error> for DetectLabelsError {
    fn from(error: Error) -> Self {
        Self {
            code: "InternalServerError",
            message: error.to_string(),
            status: 500,
        }
    }
}
