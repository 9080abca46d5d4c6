//! The steps of AWS's own diagram, one file each. Each step takes a type that only the step before it can make, so that
//! leaving out a step does not compile.

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
