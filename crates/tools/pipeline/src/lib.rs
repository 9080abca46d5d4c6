//! Reads `azure-pipelines.yml` for the tests of this crate, and converts the output of `cargo test` to the format that
//! Azure Pipelines reads.
//!
//! The pipeline contains no logic: each of its scripts is a command in `.ci/`. `.ci/lint-pipeline` checks it against
//! Azure's published schema and the inputs of its tasks; the tests here check it against the template, the roles and this
//! repository's files.

pub mod document;
pub mod jobs;
pub mod junit;
