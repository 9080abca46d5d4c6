//! CloudFormation templates: YAML with intrinsics to resolved resources, each value with its line.
//!
//! Text goes in, values come out; nothing here reads a file, an environment variable or the network. What the
//! crate doesn't understand it refuses with file, line and name, because a template that is silently misread
//! would run differently here than on AWS.
//!
//! - [`Node`] is a YAML value that knows where it was written; short intrinsics (`!Ref`) are read as their long form.
//! - [`from_node`] reads a `Node` into a struct as leniently as CloudFormation does (`"true"` for `true`, `5` for
//!   `"5"`), and refuses unknown properties by name and line.

#![allow(clippy::doc_markdown, reason = "CloudFormation is a name, not an item")]

mod error;
mod node;
mod typed;
mod yaml;

pub use error::Error;
pub use node::{Node, Span, Value};
pub use typed::from_node;
