//! S3 over its wire protocol, kept in a folder.
//!
//! [`Store`] keeps buckets and objects on disk: contents as files, everything else in an `SQLite` index. [`service`]
//! answers S3 requests from it, over a socket or in process. The protocol (routing, XML, signatures) is the crate
//! `s3s`; what the operations do is here, as the [S3 API reference] describes it.
//!
//! Who may do what is asked of an [`Access`], and every acknowledged change has been told to an [`Observer`].
//! Nothing in here knows IAM policies or notifications.
//!
//! [S3 API reference]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html

mod access;
mod arrival;
mod checksum;
mod conditions;
mod content;
mod error;
mod observer;
mod operations;
mod service;
mod store;

pub use access::{Access, Context};
pub use arrival::canonical_path;
pub use error::Error;
pub use observer::{Change, Observer};
pub use s3s::Body;
pub use service::{Service, service};
pub use store::{Description, Entry, Object, Store};
