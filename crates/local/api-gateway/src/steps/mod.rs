//! AWS's own diagram, one file per step. Each step takes what the step before it made and nothing else can make, so
//! a step that is left out does not compile.

pub(crate) mod authorizer;
pub(crate) mod integration;
pub(crate) mod integration_request;
pub(crate) mod integration_response;
pub(crate) mod method_response;
mod mock;
pub(crate) mod request_validator;
pub(crate) mod route;
mod target;
pub(crate) mod template;
