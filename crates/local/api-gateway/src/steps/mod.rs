//! AWS's own diagram, one file per step. Each step takes what the step before it made and nothing else can make, so
//! a step that is left out does not compile.

pub(crate) mod authorize;
pub(crate) mod integrate;
pub(crate) mod map_request;
pub(crate) mod map_response;
mod mock;
pub(crate) mod route;
pub(crate) mod select_response;
mod target;
pub(crate) mod template;
pub(crate) mod validate;
