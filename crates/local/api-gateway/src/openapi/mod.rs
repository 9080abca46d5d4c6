//! Compiles an `OpenAPI` document with `x-amazon-apigateway-…` extensions.
//!
//! Nothing is skipped: a key that this gateway does not support is refused by name and line, so that no part of a
//! document is silently ignored.

mod fields;
mod gateway_responses;
mod integration;
mod integration_responses;
mod method;
mod method_responses;
mod parameters;
mod paths;
mod security;
mod templates;
mod uri;

use std::collections::BTreeMap;

use cfn::{Error, Node};

use crate::gateway_response::GatewayResponses;
use crate::media_types::BinaryMediaTypes;
use crate::model::Method;
use fields::{Fields, flag, text};
use security::Scheme;

/// A compiled document.
#[derive(Debug)]
pub(crate) struct Document {
    /// Methods, the most specific path first.
    pub(crate) methods: Vec<Method>,
    /// `x-amazon-apigateway-binary-media-types` and those of the settings.
    pub(crate) binary_media_types: BinaryMediaTypes,
    /// `x-amazon-apigateway-gateway-responses`.
    pub(crate) gateway_responses: GatewayResponses,
}

/// What methods may refer to.
struct Shared<'doc> {
    schemes: BTreeMap<&'doc str, Scheme>,
    validators: BTreeMap<&'doc str, Validator>,
    default_validator: Option<Validator>,
    stage_variables: &'doc BTreeMap<String, String>,
}

/// A request validator.
#[derive(Debug, Clone, Copy, Default)]
struct Validator {
    body: bool,
    parameters: bool,
}

/// Reads a document.
pub(crate) fn read(
    document: &Node,
    stage_variables: &BTreeMap<String, String>,
    more_binary_media_types: Vec<String>,
) -> Result<Document, Error> {
    let mut fields = Fields::of(document)?;
    version(&mut fields)?;
    fields.documentation(&[
        "info",
        "tags",
        "externalDocs",
        "x-amazon-apigateway-documentation",
    ]);

    if let Some(node) = fields.take("security") {
        return Err(Error::new(
            node.span,
            "API Gateway ignores `security` at the root: declare it on each operation",
        )
        .within("security"));
    }
    if let Some(node) = fields.take(KEY_SOURCE)
        && text(node).map_err(|error| error.within(KEY_SOURCE))? != "HEADER"
    {
        return Err(
            Error::new(node.span, "only HEADER is supported by this gateway").within(KEY_SOURCE),
        );
    }

    let schemes = match fields.take("components") {
        Some(node) => components(node).map_err(|error| error.within("components"))?,
        None => BTreeMap::new(),
    };
    let validators = match fields.take(VALIDATORS) {
        Some(node) => validators(node).map_err(|error| error.within(VALIDATORS))?,
        None => BTreeMap::new(),
    };
    let default_validator = match fields.take(VALIDATOR) {
        Some(node) => Some(validator(node, &validators).map_err(|error| error.within(VALIDATOR))?),
        None => None,
    };
    let shared = Shared {
        schemes,
        validators,
        default_validator,
        stage_variables,
    };
    let methods =
        paths::read(fields.require("paths")?, &shared).map_err(|error| error.within("paths"))?;

    let mut media_types = more_binary_media_types;
    if let Some(node) = fields.take(BINARY) {
        let list = node
            .as_list()
            .ok_or_else(|| Error::new(node.span, "must be a list").within(BINARY))?;
        for entry in list {
            media_types.push(text(entry).map_err(|error| error.within(BINARY))?);
        }
    }
    let gateway_responses = match fields.take(GATEWAY_RESPONSES) {
        Some(node) => {
            gateway_responses::read(node).map_err(|error| error.within(GATEWAY_RESPONSES))?
        }
        None => GatewayResponses::default(),
    };
    fields.finish()?;
    Ok(Document {
        methods,
        binary_media_types: BinaryMediaTypes::new(media_types),
        gateway_responses,
    })
}

const BINARY: &str = "x-amazon-apigateway-binary-media-types";
const GATEWAY_RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
const KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
const VALIDATOR: &str = "x-amazon-apigateway-request-validator";
const VALIDATORS: &str = "x-amazon-apigateway-request-validators";

fn version(fields: &mut Fields) -> Result<(), Error> {
    if let Some(node) = fields.take("swagger") {
        return Err(
            Error::new(node.span, "only OpenAPI 3.0 is supported by this gateway")
                .within("swagger"),
        );
    }
    let node = fields.require("openapi")?;
    let version = text(node).map_err(|error| error.within("openapi"))?;
    if version.starts_with("3.0") {
        return Ok(());
    }
    Err(Error::new(
        node.span,
        format!("OpenAPI {version} is not supported by this gateway, 3.0 is"),
    )
    .within("openapi"))
}

fn components(node: &Node) -> Result<BTreeMap<&str, Scheme>, Error> {
    let mut fields = Fields::of(node)?;
    // Schemas become models, which only a body validator uses, and those are refused.
    fields.documentation(&["schemas"]);
    let schemes = match fields.take("securitySchemes") {
        Some(node) => security::schemes(node).map_err(|error| error.within("securitySchemes"))?,
        None => BTreeMap::new(),
    };
    fields.finish()?;
    Ok(schemes)
}

fn validators(node: &Node) -> Result<BTreeMap<&str, Validator>, Error> {
    let mut all = BTreeMap::new();
    for (name, _, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let read = || {
            let mut fields = Fields::of(node)?;
            let body = fields.take("validateRequestBody").map_or(Ok(false), flag)?;
            let parameters = fields
                .take("validateRequestParameters")
                .map_or(Ok(false), flag)?;
            fields.finish()?;
            Ok(Validator { body, parameters })
        };
        all.insert(
            name.as_str(),
            read().map_err(|error: Error| error.within(name))?,
        );
    }
    Ok(all)
}

fn validator(node: &Node, validators: &BTreeMap<&str, Validator>) -> Result<Validator, Error> {
    let name = text(node)?;
    validators
        .get(name.as_str())
        .copied()
        .ok_or_else(|| Error::new(node.span, format!("there is no request validator `{name}`")))
}
