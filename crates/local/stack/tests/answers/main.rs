//! What the shipped API asks of S3 and `DynamoDB`, and what it makes of whatever they answer.
//!
//! The API is the template's, resolved; the services are stand-ins that say what a test wants: what S3 and `DynamoDB`
//! answer when they throttle, refuse or break cannot be had from them on purpose.

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
