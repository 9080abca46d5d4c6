//! The library of the system tests: the system over HTTP, uploaded images, and samples to upload.
//!
//! | variable | the tests run against |
//! | --- | --- |
//! | none | `infra/infra.yaml` on this machine |
//! | `STACK_TEMPLATE=PATH` | another template on this machine; a relative path starts at the workspace's root |
//! | `STACK_URL=https://…` | a deployed stack with the template's defaults. Requests are signed with `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_REGION` if those are set; `STACK_API_KEY` is sent as `x-api-key`. |
//!
//! On this machine, `STACK_ARTIFACTS=DIR` runs the zips in a folder instead of building the functions, and
//! `STACK_PATIENCE=SECONDS` is the timeout for everything that follows an upload; both are for running the tests many
//! times.
//!
//! `STACK_KEYS=FILE` appends the key of every uploaded image to a file, by which a later run of
//! `leftovers::nothing_is_left_of_this_run` finds what is left without reading the whole list.
//!
//! Every test uploads under its own keys and deletes what it uploaded. The keys begin with `system-tests-` and the name
//! of the run, which is `STACK_RUN` or random.

#![expect(clippy::missing_panics_doc, reason = "tests fail by panicking")]

mod response;
pub mod samples;
mod shape;
mod system;
mod uploaded_image;

pub use http::Method;
pub use response::Response;
pub use shape::shape;
pub use system::{Access, Request, System, eventually, path};
pub use uploaded_image::{Prefix, UploadedImage};
