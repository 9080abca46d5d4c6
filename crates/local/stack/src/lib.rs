//! `infra.yaml`, run on this machine.
//!
//! [`Stack::start`] reads the template that is deployed and runs what it declares: [`resources`] are its properties,
//! typed; every other module is the service of its name. What flows where is in `ARCHITECTURE.md`.

pub mod access;
pub mod album;
mod aws;
mod clock;
mod dynamodb;
mod folder;
mod gateway;
mod json_service;
mod lambda;
mod notifications;
pub mod options;
mod parameters;
mod rekognition;
pub mod resources;
mod server;
pub mod signature;
mod sns;
mod sqs;
mod stack;
mod stage;

pub use options::Options;
pub use stack::{REGION, Stack};
