//! Rekognition.

use std::future::Future;
use std::time::{Duration, Instant};

use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::error::SdkError;
use aws_sdk_rekognition::operation::detect_labels::DetectLabelsError;
use aws_sdk_rekognition::primitives::Blob;
use aws_sdk_rekognition::types::{Image, Label, S3Object};

/// Attempts of a call that Rekognition fails or that does not reach it.
const MAX_ATTEMPTS: u32 = 3;
/// How long a throttled call waits in all. As many invocations run at a time as the event source mapping allows, whether
/// they wait or are replaced by others that are throttled too; waiting saves what each delivery costs (docs/cost.md). When
/// others use up the account's rate for longer, the message waits in its queue, where waiting costs nothing.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Time reserved for the calls after this one.
const RESERVE: Duration = Duration::from_secs(10);

/// The outcome of a `DetectLabels` call.
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
    /// The labels of an object of a bucket in the same region; the invocation ends at `deadline`.
    fn of_object(
        &self,
        bucket: &str,
        key: &str,
        deadline: Instant,
    ) -> impl Future<Output = Result<Detection, RekognitionError>> + Send;

    /// The labels of a JPEG; the invocation ends at `deadline`.
    fn of_jpeg(
        &self,
        jpeg: Vec<u8>,
        deadline: Instant,
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
    /// Requests at most `max_labels` labels, of at least this confidence (0 to 100). The client must not retry: this type
    /// does, because the SDK stops retrying throttled calls when many are throttled.
    #[must_use]
    pub fn new(client: Client, max_labels: usize, min_confidence: f32) -> Self {
        let max_labels = i32::try_from(max_labels).unwrap_or(i32::MAX);
        Self {
            client,
            max_labels,
            min_confidence,
        }
    }

    async fn detect(&self, image: Image, deadline: Instant) -> Result<Detection, RekognitionError> {
        let request = self
            .client
            .detect_labels()
            .image(image)
            .max_labels(self.max_labels)
            .min_confidence(self.min_confidence);
        let mut attempts = 1;
        let mut throttles = 0;
        let mut waited = Duration::ZERO;
        let error = loop {
            let error = match request.clone().send().await {
                Ok(response) => return Ok(Detection::Labels(response.labels.unwrap_or_default())),
                Err(error) => error,
            };
            let pause = if is_throttled(&error) {
                throttles += 1;
                pause(throttles)
            } else if is_transient(&error) && attempts < MAX_ATTEMPTS {
                attempts += 1;
                pause(attempts)
            } else {
                break error;
            };
            waited += pause;
            if waited > MAX_WAIT || Instant::now() + pause + RESERVE > deadline {
                break error;
            }
            tokio::time::sleep(pause).await;
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
    async fn of_object(
        &self,
        bucket: &str,
        key: &str,
        deadline: Instant,
    ) -> Result<Detection, RekognitionError> {
        let object = S3Object::builder().bucket(bucket).name(key).build();
        self.detect(Image::builder().s3_object(object).build(), deadline)
            .await
    }

    async fn of_jpeg(
        &self,
        jpeg: Vec<u8>,
        deadline: Instant,
    ) -> Result<Detection, RekognitionError> {
        self.detect(Image::builder().bytes(Blob::new(jpeg)).build(), deadline)
            .await
    }
}

/// <https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html>
fn is_throttled(error: &SdkError<DetectLabelsError>) -> bool {
    matches!(
        error.as_service_error(),
        Some(
            DetectLabelsError::ThrottlingException(_)
                | DetectLabelsError::ProvisionedThroughputExceededException(_)
        )
    )
}

fn is_transient(error: &SdkError<DetectLabelsError>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(error) => error.raw().status().is_server_error(),
        _ => false,
    }
}

/// Random, up to a ceiling that doubles from 0.2 to 1.6 seconds.
fn pause(times: u32) -> Duration {
    let ceiling = 200 << (times - 1).min(3);
    Duration::from_millis(fastrand::u64(ceiling / 8..=ceiling))
}
