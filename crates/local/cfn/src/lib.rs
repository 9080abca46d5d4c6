//! Resolves CloudFormation templates: from YAML with intrinsic functions to resources, each value with its line.
//!
//! The crate reads no files, environment variables or network. It refuses what it doesn't support with file, line and
//! name, because a template that is silently misread would run differently here than on AWS.
//!
//! 1. [`Node`] is a YAML value with its place; short intrinsics (`!Ref`) are read as their long form.
//! 2. [`Template::parse`] reads the sections, checks every function's arguments and every name, and computes nothing.
//! 3. [`Template::resolve`] takes parameters, an [`Environment`] and the return values of resource types, and makes a
//!    [`Stack`]: parameters, then rules, conditions, resources in dependency order, outputs.
//! 4. [`Resource::deserialize`] (or [`from_node`]) reads properties into a struct, as leniently as CloudFormation
//!    (`"true"` for `true`, `5` for `"5"`), and refuses unknown ones by name and line.

mod declaration;
mod deserializer;
mod error;
mod evaluate;
mod expression;
mod node;
mod order;
mod parameter;
mod pattern;
mod predicate;
mod resolve;
mod stack;
mod sub;
mod template;
mod visible_names;
mod yaml;

pub use deserializer::from_node;
pub use error::Error;
pub use node::{Node, Span, Value};
pub use parameter::{Parameter, ParameterType};
pub use stack::{Environment, Output, Resource, ResourceTypes, Stack};
pub use template::Template;
