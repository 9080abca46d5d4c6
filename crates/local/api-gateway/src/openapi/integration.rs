//! `x-amazon-apigateway-integration`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cfn::{Error, Node};
use http::Method as HttpMethod;

use super::fields::{Fields, at, content_handling, text, texts};
use super::method_responses::MethodResponses;
use super::parameters::Declared;
use super::{integration_responses, templates, uri};
use crate::mapping::{RequestSource, header_name, is_name};
use crate::model::{
    Address, AwsEndpoint, Endpoint, Integration, Passthrough, Piece, RequestParameters, Templates,
};

/// The maximum and default `timeoutInMillis`.
const MAX_TIMEOUT_MS: u64 = 29_000;

/// Reads an integration.
pub(super) fn read(
    node: &Node,
    declared: &Declared,
    responses: &MethodResponses,
    stage_variables: &BTreeMap<String, String>,
) -> Result<Integration, Error> {
    let mut fields = Fields::of(node)?;
    let kind = fields.require("type")?;
    let parameters = match fields.take("requestParameters") {
        Some(node) => {
            request_parameters(node, declared).map_err(|error| error.within("requestParameters"))?
        }
        None => RequestParameters::default(),
    };
    let endpoint = match text(kind)?.to_ascii_lowercase().as_str() {
        "mock" => {
            fields.documentation(&["httpMethod", "uri"]);
            Endpoint::Mock
        }
        "aws" => Endpoint::Aws(aws(&mut fields, &parameters, stage_variables)?),
        other => {
            let message =
                format!("integrations of type `{other}` are not supported by this gateway");
            return Err(Error::new(kind.span, message).within("type"));
        }
    };
    let templates = match fields.take("requestTemplates") {
        Some(node) => templates::read(node).map_err(|error| error.within("requestTemplates"))?,
        None => Templates::default(),
    };
    let passthrough = match fields.take("passthroughBehavior") {
        Some(node) => passthrough(node).map_err(|error| error.within("passthroughBehavior"))?,
        None => Passthrough::default(),
    };
    let content_handling = content_handling(&mut fields)?;
    let responses = match fields.take("responses") {
        Some(node) => integration_responses::read(node, responses)
            .map_err(|error| error.within("responses"))?,
        None => Vec::new(),
    };
    fields.finish()?;
    Ok(Integration {
        endpoint,
        parameters,
        templates,
        passthrough,
        content_handling,
        responses,
    })
}

fn aws(
    fields: &mut Fields,
    parameters: &RequestParameters,
    stage_variables: &BTreeMap<String, String>,
) -> Result<AwsEndpoint, Error> {
    let node = fields.require("uri")?;
    let uri = uri::parse(&text(node)?, stage_variables)
        .and_then(|uri| resolvable(uri, parameters))
        .map_err(|message| Error::new(node.span, message).within("uri"))?;

    let node = fields.require("httpMethod")?;
    let method = text(node)?;
    let method = match (&uri.address, method.to_ascii_uppercase().as_str()) {
        (Address::Action(_), "POST") => HttpMethod::POST,
        (Address::Action(_), _) => {
            return Err(Error::new(node.span, "an action is called with POST").within("httpMethod"));
        }
        (
            Address::Path(..),
            verb @ ("GET" | "PUT" | "POST" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH"),
        ) => HttpMethod::from_bytes(verb.as_bytes())
            .map_err(|_| Error::new(node.span, "no HTTP method").within("httpMethod"))?,
        (Address::Path(..), other) => {
            return Err(
                Error::new(node.span, format!("`{other}` is not an HTTP method"))
                    .within("httpMethod"),
            );
        }
    };

    let node = fields.require("credentials")?;
    let credentials = uri::stage_variables(&text(node)?, stage_variables)
        .map_err(|message| Error::new(node.span, message).within("credentials"))?;
    if !is_role(&credentials) {
        let message = format!("`{credentials}` is not the ARN of a role");
        return Err(Error::new(node.span, message).within("credentials"));
    }

    let timeout = match fields.take("timeoutInMillis") {
        None => MAX_TIMEOUT_MS,
        Some(node) => match text(node)?.parse() {
            Ok(millis) if (50..=MAX_TIMEOUT_MS).contains(&millis) => millis,
            _ => {
                let message = "must be between 50 and 29000 milliseconds";
                return Err(Error::new(node.span, message).within("timeoutInMillis"));
            }
        },
    };
    Ok(AwsEndpoint {
        service: uri.service,
        region: uri.region,
        method,
        address: uri.address,
        credentials,
        timeout: Duration::from_millis(timeout),
    })
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", _, resource] if resource.starts_with("role/"))
}

/// On AWS a `{name}` that no parameter fills stays in the URI literally. That is hardly intended, so it is refused here.
fn resolvable(uri: uri::Uri, parameters: &RequestParameters) -> Result<uri::Uri, String> {
    let known: BTreeSet<&str> = parameters
        .path
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    if let Address::Path(pieces, _) = &uri.address {
        let mut used = BTreeSet::new();
        for piece in pieces {
            if let Piece::Parameter(name) = piece {
                if !known.contains(name.as_str()) {
                    return Err(format!(
                        "no request parameter `integration.request.path.{name}` fills `{{{name}}}`"
                    ));
                }
                used.insert(name.as_str());
            }
        }
        if let Some(name) = known.difference(&used).next() {
            return Err(format!(
                "has no `{{{name}}}` for `integration.request.path.{name}`"
            ));
        }
    }
    Ok(uri)
}

fn request_parameters(node: &Node, declared: &Declared) -> Result<RequestParameters, Error> {
    let mut all = RequestParameters::default();
    for (key, span, expression) in texts(node)? {
        add(&mut all, key, &expression, declared).map_err(|message| at(span, message, key))?;
    }
    Ok(all)
}

fn add(
    all: &mut RequestParameters,
    key: &str,
    expression: &str,
    declared: &Declared,
) -> Result<(), String> {
    let source = RequestSource::parse(expression)?;
    let known = match &source {
        RequestSource::Path(name) => declared.path.contains(name),
        RequestSource::Query(name) => declared.query.contains(name),
        RequestSource::Header(name) => declared.header.contains(name.as_str()),
        RequestSource::Body(_) | RequestSource::Shared(_) => true,
    };
    if !known {
        return Err(format!(
            "`{expression}` is not declared among the method's parameters"
        ));
    }
    let target = key
        .strip_prefix("integration.request.")
        .and_then(|rest| rest.split_once('.'));
    match target {
        Some(("path", name)) if is_name(name) => all.path.push((name.to_owned(), source)),
        Some(("querystring", name)) if is_name(name) => all.query.push((name.to_owned(), source)),
        Some(("header", name)) => {
            let name = header_name(name)?;
            if name == http::header::HOST {
                return Err("mapping Host is not supported by this gateway".to_owned());
            }
            all.header.push((name, source));
        }
        _ => return Err("is not a part of an integration request that can be mapped".to_owned()),
    }
    Ok(())
}

fn passthrough(node: &Node) -> Result<Passthrough, Error> {
    let name = text(node)?;
    match name.to_ascii_lowercase().as_str() {
        "when_no_match" => Ok(Passthrough::WhenNoMatch),
        "when_no_templates" => Ok(Passthrough::WhenNoTemplates),
        "never" => Ok(Passthrough::Never),
        _ => Err(Error::new(
            node.span,
            format!("`{name}` is not a passthrough behaviour"),
        )),
    }
}
