//! Lambda function that makes the thumbnails of an uploaded image.
//!
//! [`CreateThumbnail`] writes thumbnails to their bucket and create-thumbnail's part to the record, and leaves nothing of
//! an older upload behind. [`Originals`](runtime::Originals) and [`Thumbnails`] are what it needs of S3.

mod config;
mod rendering;
mod task;
mod thumbnails;

pub use config::Config;
pub use task::{CreateThumbnail, Error};
pub use thumbnails::{ThumbnailBucket, Thumbnails};
