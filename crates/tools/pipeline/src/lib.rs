//! What reads `azure-pipelines.yml` for the tests of this crate, and what turns the output of `cargo test` into the
//! format that Azure Pipelines takes.
//!
//! The pipeline holds no logic: each of its scripts is a command in `.ci/`. `.ci/lint-pipeline` holds it against Azure's
//! published schema and the inputs of its tasks; the tests here hold it against the template, the roles and this
//! repository's files.

pub mod document;
pub mod jobs;
pub mod junit;
