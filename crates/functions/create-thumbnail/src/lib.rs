//! Lambda function: an uploaded picture to its thumbnails.
//!
//! [`Function::handle`] takes an SNS event to its end: thumbnails in their bucket, create-thumbnail's part in the
//! record, and nothing of an older upload left behind. [`Objects`] is what it needs of S3, [`Buckets`] is S3.

mod config;
mod function;
mod objects;
mod rendering;

pub use config::{Config, ConfigError};
pub use function::{Error, Function};
pub use objects::{Buckets, Objects, Original};
pub use originals::{Description, ObjectError};
