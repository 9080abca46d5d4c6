//! Lambda function that asks Rekognition what an uploaded image shows.
//!
//! [`AnalyzeImage`] writes analyze-image's part to the record and, in the same transaction, the label index.
//! [`Originals`](runtime::Originals) and [`DetectLabels`] are what it needs of S3 and of Rekognition.

mod config;
mod labels;
mod rekognition;
mod task;

pub use config::Config;
pub use labels::labels;
pub use rekognition::{DetectLabels, Detection, Refusal, Rekognition, RekognitionError};
pub use task::{AnalyzeImage, Error};
