//! One operation: a method of a resource.

use cfn::{Error, Node};
use http::Method as HttpMethod;

use super::fields::Fields;
use super::method_responses::{self, MethodResponses};
use super::parameters::Declared;
use super::{Shared, VALIDATOR, integration, security, validator};
use crate::model::{Method, Segment};

/// The resource that a method belongs to.
pub(super) struct Resource<'doc> {
    pub(super) path: &'doc str,
    pub(super) pattern: &'doc [Segment],
    pub(super) declared: &'doc Declared,
}

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
        Some(node) => method_responses::read(node).map_err(|error| error.within("responses"))?,
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
