//! The requests that the shipped API sends to S3 and `DynamoDB`, and what it makes of each response.
//!
//! The API is the template's, resolved. The services are stand-ins that return what a test specifies: neither can be made to
//! throttle, refuse or fail on purpose.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod failures;
mod gallery;
mod gateway;
mod images;
mod labels;
mod multipart;
#[path = "../shipped/mod.rs"]
mod shipped;
mod storage;
mod uploads;
