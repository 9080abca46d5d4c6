//! Rekognition.

use std::future::Future;

use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::operation::detect_labels::DetectLabelsError;
use aws_sdk_rekognition::primitives::Blob;
use aws_sdk_rekognition::types::{Image, Label, S3Object};

/// What comes of a `DetectLabels` call.
#[derive(Clone, Debug, PartialEq)]
pub enum Detection {
    /// The labels.
    Labels(Vec<Label>),
    /// The image was refused.
    Refused(Refusal),
    /// There is no such object, or Rekognition may not read it.
    NoObject,
}

/// Why an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a JPEG or PNG that Rekognition can decode.
    Format,
    /// Too many bytes or pixels.
    TooLarge,
    /// The request is not valid, for instance because the key begins with a space.
    Parameter,
}

/// What this function needs of Rekognition.
pub trait DetectLabels {
    /// The labels of an object of a bucket in the same region.
    fn of_object(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Detection, RekognitionError>> + Send;

    /// The labels of a JPEG.
    fn of_jpeg(
        &self,
        jpeg: Vec<u8>,
    ) -> impl Future<Output = Result<Detection, RekognitionError>> + Send;
}

/// Rekognition throttled, denied or failed the call, or could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("labels cannot be detected")]
pub struct RekognitionError {
    #[from]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Rekognition's `DetectLabels`.
/// <https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html>
#[derive(Clone, Debug)]
pub struct Rekognition {
    client: Client,
    max_labels: i32,
    min_confidence: f32,
}

impl Rekognition {
    /// Requests at most `max_labels` labels, of at least this confidence (0 to 100).
    #[must_use]
    pub fn new(client: Client, max_labels: usize, min_confidence: f32) -> Self {
        let max_labels = i32::try_from(max_labels).unwrap_or(i32::MAX);
        Self {
            client,
            max_labels,
            min_confidence,
        }
    }

    async fn detect(&self, image: Image) -> Result<Detection, RekognitionError> {
        let request = self
            .client
            .detect_labels()
            .image(image)
            .max_labels(self.max_labels)
            .min_confidence(self.min_confidence);
        let error = match request.send().await {
            Ok(response) => return Ok(Detection::Labels(response.labels.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(DetectLabelsError::InvalidImageFormatException(_)) => {
                Ok(Detection::Refused(Refusal::Format))
            }
            Some(DetectLabelsError::ImageTooLargeException(_)) => {
                Ok(Detection::Refused(Refusal::TooLarge))
            }
            Some(DetectLabelsError::InvalidParameterException(_)) => {
                Ok(Detection::Refused(Refusal::Parameter))
            }
            Some(DetectLabelsError::InvalidS3ObjectException(_)) => Ok(Detection::NoObject),
            _ => Err(RekognitionError {
                source: error.into(),
            }),
        }
    }
}

impl DetectLabels for Rekognition {
    async fn of_object(&self, bucket: &str, key: &str) -> Result<Detection, RekognitionError> {
        let object = S3Object::builder().bucket(bucket).name(key).build();
        self.detect(Image::builder().s3_object(object).build())
            .await
    }

    async fn of_jpeg(&self, jpeg: Vec<u8>) -> Result<Detection, RekognitionError> {
        self.detect(Image::builder().bytes(Blob::new(jpeg)).build())
            .await
    }
}
