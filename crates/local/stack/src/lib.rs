//! Runs `infra.yaml` on this machine.
//!
//! [`Stack::start`] reads the template that is deployed and runs what it declares: [`resources`] holds its properties,
//! typed; every other module is the service of its name. `ARCHITECTURE.md` traces an upload through them.

pub mod access;
pub mod api_description;
mod api_port;
mod aws_port;
mod clock;
mod cloudformation;
pub mod command_line;
mod data_folder;
mod dynamodb;
mod environment;
pub mod function_calls;
mod gallery_page;
pub mod image_upload;
mod lambda;
mod notifications;
mod origin_policy;
mod parameters;
mod private_files;
mod rekognition;
pub mod resources;
mod server;
pub mod signature;
mod sns;
mod sqs;
mod stack;
mod stage;
mod sts;
mod throttle;

pub use command_line::Options;
pub use environment::REGION;
pub use stack::Stack;
