//! Mapping templates and their overrides.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::gateway_error::GatewayError;
use crate::request_context::RequestContext;

/// What templates have set on `$context`, kept from the request's template to the response's.
#[derive(Debug, Default, Clone)]
pub(crate) struct Overrides {
    /// `$context.responseOverride.status`.
    pub(crate) status: Option<StatusCode>,
    /// `$context.responseOverride.header`.
    pub(crate) headers: BTreeMap<String, String>,
    /// `$context` as the previous template left it.
    context: Option<Value>,
}

/// Renders a template with a text as its input; returns its output and its overrides of the integration's request.
pub(super) fn render(
    template: &vtl::Template,
    body: String,
    request_context: &RequestContext,
    overrides: &mut Overrides,
) -> Result<(String, vtl::Overrides), GatewayError> {
    let context = overrides.context.take();
    let input = vtl::Input {
        body,
        path: request_context.path.clone(),
        querystring: request_context.query.clone(),
        header: request_context.header.clone(),
        context: context.unwrap_or_else(|| request_context.context.clone()),
        stage_variables: request_context.stage_variables.clone(),
    };
    let rendered = template
        .render(&input)
        .map_err(|error| GatewayError::configuration(format!("mapping template: {error}")))?;
    let status = rendered.response_override.status;
    overrides.status = status.and_then(|status| StatusCode::from_u16(status).ok());
    overrides.headers = rendered.response_override.header;
    overrides.context = Some(rendered.context);
    Ok((rendered.text, rendered.request_override))
}

/// A header in HTTP's types, so that a mapped value cannot contain line ends.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), GatewayError> {
    let wrong = || GatewayError::configuration(format!("`{name}` cannot be sent with its value"));
    let name: HeaderName = name.parse().map_err(|_| wrong())?;
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong())?;
    Ok((name, value))
}
