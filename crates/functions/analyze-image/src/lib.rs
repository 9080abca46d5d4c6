//! Lambda function: an uploaded picture to its labels.
//!
//! [`Function::handle`] takes an SNS event to its end: analyze-image's part in the record and, in the same transaction,
//! the label index. [`Objects`] and [`Recogniser`] are what it needs of S3 and of Rekognition.

mod config;
mod function;
mod labels;
mod objects;
mod recogniser;

pub use config::{Config, ConfigError};
pub use function::{Error, Function};
pub use labels::labels;
pub use objects::{Found, Objects};
pub use originals::{Description, ObjectError, Originals};
pub use recogniser::{Answer, Recogniser, RecogniserError, Refusal, Rekognition};
