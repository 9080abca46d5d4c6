//! The function, from an SNS event to the record and the label index.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod configuration;
mod contents;
mod images;
mod outcomes;
mod rekognition;
mod reprocessing;
mod world;
