//! An AWS integration's request: address, query, headers.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::backend::Target;
use crate::gateway_error::GatewayError;
use crate::model::{Address, AwsEndpoint, Piece};
use crate::request_context::RequestContext;
use crate::steps::template;

/// Parts of the integration's request that are set by parameters and `$context.requestOverride`.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) path: BTreeMap<String, String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Mapping these to an AWS service returns 500 (recorded).
const ILLEGAL: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "expect",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
];

/// Addresses a request to the integration's service.
pub(super) fn target(
    endpoint: &AwsEndpoint,
    mut parts: Parts,
    request_context: &RequestContext,
) -> Result<Target, GatewayError> {
    if let Some(name) = ILLEGAL
        .iter()
        .find(|&&name| parts.headers.contains_key(name))
    {
        return Err(GatewayError::configuration(format!(
            "{name} cannot be mapped to an AWS service"
        )));
    }
    let mut path = String::from("/");
    let mut query = String::new();
    match &endpoint.address {
        Address::Path(pieces, fixed) => {
            for piece in pieces {
                let text = match piece {
                    Piece::Literal(text) => text,
                    Piece::Parameter(name) => parts.path.get(name).map_or("", String::as_str),
                };
                path.extend(utf8_percent_encode(text, OUTSIDE_A_PATH));
            }
            query.push_str(fixed.as_deref().unwrap_or_default());
            default_type(&mut parts, &endpoint.method, request_context)?;
        }
        Address::Action(action) => {
            let target = HeaderValue::from_str(&format!("DynamoDB_20120810.{action}"))
                .map_err(GatewayError::configuration)?;
            parts.headers.insert("x-amz-target", target);
            let json = HeaderValue::from_static("application/x-amz-json-1.0");
            parts.headers.entry(CONTENT_TYPE).or_insert(json);
        }
    }
    for (name, value) in &parts.query {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, RESERVED));
        query.push('=');
        query.extend(utf8_percent_encode(value, RESERVED));
    }
    if matches!(endpoint.method, Method::GET | Method::HEAD) {
        parts.body = Bytes::new();
    }
    Ok(Target {
        service: endpoint.service,
        region: endpoint.region.clone(),
        method: endpoint.method.clone(),
        path,
        query,
        headers: parts.headers,
        body: parts.body,
        timeout: endpoint.timeout,
    })
}

/// Of the client's headers only Content-Type is passed on unmapped, and only with a body (recorded); the default is JSON.
fn default_type(
    parts: &mut Parts,
    method: &Method,
    request_context: &RequestContext,
) -> Result<(), GatewayError> {
    if parts.headers.contains_key(CONTENT_TYPE) || matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let named = request_context
        .content_type()
        .filter(|value| !value.is_empty());
    if let Some(value) = named.or((!parts.body.is_empty()).then_some("application/json")) {
        let (name, value) = template::header("content-type", value)?;
        parts.headers.insert(name, value);
    }
    Ok(())
}

/// Characters that must be encoded in a path. Path parameters are already percent-encoded and not changed; a value from
/// another source must not end the path.
const OUTSIDE_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// All characters except RFC 3986's unreserved ones.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
