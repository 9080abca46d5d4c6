//! `responses` of an integration, which map responses of the back end to responses of the method.

use std::collections::BTreeSet;

use cfn::{Error, Node, Span};
use http::StatusCode;
use regex::Regex;

use super::fields::{Fields, at, content_handling, status, texts};
use super::method_responses::MethodResponses;
use super::templates;
use crate::mapping::{ResponseSource, header_name};
use crate::model::{IntegrationResponse, Templates};

/// Reads the responses: those with a pattern in document order, then the default.
pub(super) fn read(
    node: &Node,
    declared: &MethodResponses,
) -> Result<Vec<IntegrationResponse>, Error> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for (pattern, span, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let response =
            response(pattern, *span, node, declared).map_err(|error| error.within(pattern))?;
        if !seen.insert(response.status) {
            // An integration response is identified by its status: PutIntegrationResponse replaces the first.
            let message = format!(
                "API Gateway keeps one response for status {} and would drop the other",
                response.status.as_u16()
            );
            return Err(at(*span, message, pattern));
        }
        all.push(response);
    }
    all.sort_by_key(|response| response.pattern.is_none());
    Ok(all)
}

fn response(
    pattern: &str,
    span: Span,
    node: &Node,
    declared: &MethodResponses,
) -> Result<IntegrationResponse, Error> {
    let pattern = match pattern {
        "default" | "" => None,
        pattern => Some(
            whole(pattern)
                .map_err(|_| Error::new(span, "is neither `default` nor a regular expression"))?,
        ),
    };
    let mut fields = Fields::of(node)?;
    let code_node = fields.require("statusCode")?;
    let code = status(code_node).map_err(|error| error.within("statusCode"))?;
    let code =
        StatusCode::from_u16(code).map_err(|_| Error::new(code_node.span, "no HTTP status"))?;
    let declared = declared.get(&code).ok_or_else(|| {
        let message = format!("the method declares no response {}", code.as_u16());
        Error::new(code_node.span, message).within("statusCode")
    })?;

    let mut headers = Vec::new();
    if let Some(node) = fields.take("responseParameters") {
        for (key, span, expression) in
            texts(node).map_err(|error| error.within("responseParameters"))?
        {
            let header = header(key, &expression, declared)
                .map_err(|message| at(span, message, key).within("responseParameters"))?;
            headers.push(header);
        }
    }
    let templates = match fields.take("responseTemplates") {
        Some(node) => templates::read(node).map_err(|error| error.within("responseTemplates"))?,
        None => Templates::default(),
    };
    let content_handling = content_handling(&mut fields)?;
    fields.finish()?;
    Ok(IntegrationResponse {
        pattern,
        status: code,
        headers,
        templates,
        content_handling,
    })
}

/// A pattern that matches the whole status.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

fn header(
    key: &str,
    expression: &str,
    declared: &BTreeSet<String>,
) -> Result<(http::HeaderName, ResponseSource), String> {
    let name = key
        .strip_prefix("method.response.header.")
        .ok_or("is not a part of a method response that can be mapped")?;
    let name = header_name(name)?;
    if !declared.contains(name.as_str()) {
        return Err("the method's response does not declare this header".to_owned());
    }
    Ok((name, ResponseSource::parse(expression)?))
}
