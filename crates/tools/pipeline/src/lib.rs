//! What `azure-pipelines.yml` is checked with, and what its steps run.
//!
//! The pipeline holds no logic: each of its scripts is a command in `.ci/`, and where a command is more than a few lines
//! of shell, it is here. The tests of this crate hold the pipeline against Azure's published schema, the inputs of its
//! tasks, the template's parameters and this repository's files.

pub mod document;
pub mod elf;
pub mod inspect;
pub mod jobs;
pub mod junit;
pub mod licences;
pub mod rehearse;
pub mod schema;
pub mod tasks;
