//! The function, from an SNS event to the record and the label index.

mod configuration;
mod outcomes;
mod pictures;
mod rekognition;
mod world;
