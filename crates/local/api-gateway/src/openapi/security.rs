//! Security schemes: IAM signatures and API keys.

use std::collections::BTreeMap;

use cfn::{Error, Node};

use super::fields::{Fields, text};
use crate::model::Authorization;

/// A security scheme that this gateway supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `x-amazon-apigateway-authtype: awsSigv4`.
    AwsSigv4,
    /// The header `x-api-key`.
    ApiKey,
}

/// Reads `components.securitySchemes`.
pub(super) fn schemes(node: &Node) -> Result<BTreeMap<&str, Scheme>, Error> {
    let mut all = BTreeMap::new();
    for (name, _, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        all.insert(
            name.as_str(),
            scheme(node).map_err(|error| error.within(name))?,
        );
    }
    Ok(all)
}

fn scheme(node: &Node) -> Result<Scheme, Error> {
    let mut fields = Fields::of(node)?;
    fields.documentation(&["description"]);
    let kind = text(fields.require("type")?)?;
    let name = text(fields.require("name")?)?;
    let place = text(fields.require("in")?)?;
    let auth_type = fields
        .take("x-amazon-apigateway-authtype")
        .map(text)
        .transpose()?;
    let scheme = match (kind.as_str(), place.as_str(), auth_type.as_deref()) {
        ("apiKey", "header", Some("awsSigv4")) if name.eq_ignore_ascii_case("authorization") => {
            Scheme::AwsSigv4
        }
        ("apiKey", "header", None) if name.eq_ignore_ascii_case("x-api-key") => Scheme::ApiKey,
        _ => {
            return Err(Error::new(
                node.span,
                "only signatures (awsSigv4 in Authorization) and API keys (x-api-key) are supported by this gateway",
            ));
        }
    };
    fields.finish()?;
    Ok(scheme)
}

/// Reads an operation's `security` and `x-amazon-apigateway-auth`: how it authorizes, and whether it requires a key.
pub(super) fn read(
    fields: &mut Fields,
    schemes: &BTreeMap<&str, Scheme>,
) -> Result<(Authorization, bool), Error> {
    let mut authorization = Authorization::None;
    let mut api_key_required = false;
    if let Some(node) = fields.take("security") {
        for name in requirements(node).map_err(|error| error.within("security"))? {
            match schemes.get(name) {
                Some(Scheme::AwsSigv4) => authorization = Authorization::AwsIam,
                Some(Scheme::ApiKey) => api_key_required = true,
                None => {
                    let message = format!("there is no security scheme `{name}`");
                    return Err(Error::new(node.span, message).within("security"));
                }
            }
        }
    }
    if let Some(node) = fields.take(AUTH) {
        let mut auth = Fields::of(node).map_err(|error| error.within(AUTH))?;
        let kind = auth.require("type").map_err(|error| error.within(AUTH))?;
        authorization = match kind.as_str() {
            Some("NONE" | "none") => Authorization::None,
            Some("AWS_IAM" | "aws_iam") => Authorization::AwsIam,
            _ => {
                return Err(Error::new(
                    kind.span,
                    "only NONE and AWS_IAM are supported by this gateway",
                )
                .within("type")
                .within(AUTH));
            }
        };
        auth.finish().map_err(|error| error.within(AUTH))?;
    }
    Ok((authorization, api_key_required))
}

const AUTH: &str = "x-amazon-apigateway-auth";

/// The names in a list of requirements; API Gateway requires all of them.
fn requirements(node: &Node) -> Result<Vec<&str>, Error> {
    let list = node
        .as_list()
        .ok_or_else(|| Error::new(node.span, "must be a list"))?;
    let mut names = Vec::new();
    for entry in list {
        let entry = entry
            .as_map()
            .ok_or_else(|| Error::new(entry.span, "must be a map"))?;
        for (name, span, scopes) in entry {
            if scopes.as_list().is_none_or(|scopes| !scopes.is_empty()) {
                return Err(
                    Error::new(*span, "scopes are not supported by this gateway").within(name),
                );
            }
            names.push(name.as_str());
        }
    }
    Ok(names)
}
