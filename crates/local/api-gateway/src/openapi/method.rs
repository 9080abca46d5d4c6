//! One operation: a method of a resource.

use std::collections::{BTreeMap, BTreeSet};

use cfn::{Error, Node};
use http::{Method as HttpMethod, StatusCode};

use super::fields::{Fields, status};
use super::parameters::Declared;
use super::{Shared, VALIDATOR, integration, security, validator};
use crate::model::{Method, Segment};

/// The resource that a method belongs to.
pub(super) struct Resource<'doc> {
    pub(super) path: &'doc str,
    pub(super) pattern: &'doc [Segment],
    pub(super) declared: &'doc Declared,
}

/// Statuses that a method declares, each with the names of its headers in lower case.
pub(super) type MethodResponses = BTreeMap<StatusCode, BTreeSet<String>>;

/// Reads an operation.
pub(super) fn read(
    node: &Node,
    verb: Option<HttpMethod>,
    resource: &Resource,
    shared: &Shared,
) -> Result<Method, Error> {
    let mut fields = Fields::of(node)?;
    fields.documentation(&[
        "operationId",
        "summary",
        "description",
        "tags",
        "deprecated",
        "externalDocs",
    ]);

    let mut declared = resource.declared.clone();
    if let Some(node) = fields.take("parameters") {
        declared
            .read(node)
            .map_err(|error| error.within("parameters"))?;
    }
    let validator = match fields.take(VALIDATOR) {
        Some(node) => {
            validator(node, &shared.validators).map_err(|error| error.within(VALIDATOR))?
        }
        None => shared.default_validator.unwrap_or_default(),
    };
    if let Some(body) = fields.take("requestBody")
        && validator.body
    {
        let message = "validating bodies against models is not supported by this gateway";
        return Err(Error::new(body.span, message).within("requestBody"));
    }
    let (authorization, api_key_required) = security::read(&mut fields, &shared.schemes)?;
    let responses = match fields.take("responses") {
        Some(node) => method_responses(node).map_err(|error| error.within("responses"))?,
        None => MethodResponses::new(),
    };
    let integration = integration::read(
        fields.require(INTEGRATION)?,
        &declared,
        &responses,
        shared.stage_variables,
    )
    .map_err(|error| error.within(INTEGRATION))?;
    fields.finish()?;

    Ok(Method {
        resource: resource.path.to_owned(),
        pattern: resource.pattern.to_vec(),
        verb,
        authorization,
        api_key_required,
        required: if validator.parameters {
            declared.required.into_iter().collect()
        } else {
            Vec::new()
        },
        integration,
    })
}

const INTEGRATION: &str = "x-amazon-apigateway-integration";

fn method_responses(node: &Node) -> Result<MethodResponses, Error> {
    let mut all = MethodResponses::new();
    for (key, span, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let read = || {
            let code = status(&Node {
                span: *span,
                value: key.as_str().into(),
            })?;
            let mut fields = Fields::of(node)?;
            fields.documentation(&["description", "content"]);
            let mut headers = BTreeSet::new();
            if let Some(node) = fields.take("headers") {
                for (name, _, node) in node
                    .as_map()
                    .ok_or_else(|| Error::new(node.span, "must be a map"))?
                {
                    let mut header = Fields::of(node).map_err(|error| error.within(name))?;
                    header.documentation(&[
                        "schema",
                        "description",
                        "example",
                        "required",
                        "deprecated",
                    ]);
                    header.finish().map_err(|error| error.within(name))?;
                    headers.insert(name.to_ascii_lowercase());
                }
            }
            fields.finish()?;
            let code =
                StatusCode::from_u16(code).map_err(|_| Error::new(*span, "no HTTP status"))?;
            Ok((code, headers))
        };
        let (code, headers) = read().map_err(|error: Error| error.within(key))?;
        all.insert(code, headers);
    }
    Ok(all)
}
