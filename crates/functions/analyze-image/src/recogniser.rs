//! Rekognition.

use std::future::Future;

use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::operation::detect_labels::DetectLabelsError;
use aws_sdk_rekognition::primitives::Blob;
use aws_sdk_rekognition::types::{Image, Label, S3Object};

/// What comes back from looking at a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What was recognised.
    Labels(Vec<Label>),
    /// The picture was not looked at.
    Refused(Refusal),
    /// There is no such object, or none that Rekognition may read.
    NoObject,
}

/// Why a picture was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a JPEG or PNG that Rekognition can decode.
    Format,
    /// Too many bytes or pixels.
    TooLarge,
    /// Something about the request, for instance a key that begins with a space.
    Parameter,
}

/// What this function needs of Rekognition.
pub trait Recogniser {
    /// Looks at an object of a bucket in the same region.
    fn look_at_object(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Answer, RecogniserError>> + Send;

    /// Looks at a JPEG.
    fn look_at(
        &self,
        jpeg: Vec<u8>,
    ) -> impl Future<Output = Result<Answer, RecogniserError>> + Send;
}

/// Rekognition could not look: throttled, forbidden, out of order or out of reach.
#[derive(Debug, thiserror::Error)]
#[error("labels cannot be detected")]
pub struct RecogniserError {
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
    /// Asks for so many labels, of at least this confidence (0 to 100).
    #[must_use]
    pub fn new(client: Client, max_labels: usize, min_confidence: f32) -> Self {
        let max_labels = i32::try_from(max_labels).unwrap_or(i32::MAX);
        Self {
            client,
            max_labels,
            min_confidence,
        }
    }

    async fn detect(&self, image: Image) -> Result<Answer, RecogniserError> {
        let request = self.client.detect_labels().image(image);
        let request = request
            .max_labels(self.max_labels)
            .min_confidence(self.min_confidence);
        let error = match request.send().await {
            Ok(answer) => return Ok(Answer::Labels(answer.labels.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(DetectLabelsError::InvalidImageFormatException(_)) => {
                Ok(Answer::Refused(Refusal::Format))
            }
            Some(DetectLabelsError::ImageTooLargeException(_)) => {
                Ok(Answer::Refused(Refusal::TooLarge))
            }
            Some(DetectLabelsError::InvalidParameterException(_)) => {
                Ok(Answer::Refused(Refusal::Parameter))
            }
            Some(DetectLabelsError::InvalidS3ObjectException(_)) => Ok(Answer::NoObject),
            _ => Err(RecogniserError {
                source: error.into(),
            }),
        }
    }
}

impl Recogniser for Rekognition {
    async fn look_at_object(&self, bucket: &str, key: &str) -> Result<Answer, RecogniserError> {
        let object = S3Object::builder().bucket(bucket).name(key).build();
        self.detect(Image::builder().s3_object(object).build())
            .await
    }

    async fn look_at(&self, jpeg: Vec<u8>) -> Result<Answer, RecogniserError> {
        self.detect(Image::builder().bytes(Blob::new(jpeg)).build())
            .await
    }
}
