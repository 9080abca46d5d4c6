//! S3 over its wire protocol, stored in a folder.
//!
//! [`Store`] keeps buckets and versions of objects on disk: contents as files, everything else in an `SQLite` index.
//! [`service`] serves S3 requests from it, over a socket or in process. The protocol (routing, XML, signatures) is the
//! crate `s3s`; what the operations do is here, as the [S3 API reference] describes it.
//!
//! An [`Access`] decides who may do what, and an [`Observer`] is notified of every acknowledged change. This crate knows
//! no IAM policies and no notifications.
//!
//! [S3 API reference]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html

mod access;
mod checksum;
mod conditions;
mod contents;
mod error;
mod observer;
mod operations;
mod request_context;
mod service;
mod signature;
mod store;
mod xml;

pub use access::{Access, AccessDeniedError, AccessRequest};
pub use error::Error;
pub use observer::{Change, Observer};
pub use request_context::canonical_path;
pub use s3s::Body;
pub use service::{Account, Service, service};
pub use store::{Object, ObjectMetadata, ObjectVersion, Store, Versioning};
