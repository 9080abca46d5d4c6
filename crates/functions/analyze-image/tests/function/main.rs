//! The function, from an SNS event to the record and the label index.

mod configuration;
mod contents;
mod images;
mod outcomes;
mod rekognition;
mod reprocessing;
mod world;
