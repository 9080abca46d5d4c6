//! Integration URIs: `arn:aws:apigateway:{region}:{service}:path/…` and `…:action/…`.

use std::collections::BTreeMap;

use crate::backend::Service;
use crate::mapping::is_name;
use crate::model::{Address, Piece};

/// A URI, parsed.
#[derive(Debug)]
pub(super) struct Uri {
    pub(super) service: Service,
    pub(super) region: String,
    pub(super) address: Address,
}

/// Reads a URI.
pub(super) fn parse(uri: &str, variables: &BTreeMap<String, String>) -> Result<Uri, String> {
    let uri = stage_variables(uri, variables)?;
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let [arn @ "arn", partition, "apigateway", region, name, address] = parts[..] else {
        return Err(format!(
            "`{uri}` is not `arn:aws:apigateway:{{region}}:{{service}}:{{path|action}}/…`"
        ));
    };
    if partition.is_empty() || region.is_empty() {
        return Err(format!(
            "`{arn}:{partition}:apigateway:{region}` has no partition or no region"
        ));
    }
    let service = service(name)
        .ok_or_else(|| format!("integrations with `{name}` are not supported by this gateway"))?;
    let address = match (service, address.split_once('/')) {
        (Service::S3, Some(("path", path))) => {
            let (path, query) = match path.split_once('?') {
                Some((path, query)) => (path, Some(query.to_owned())),
                None => (path, None),
            };
            if query
                .as_deref()
                .is_some_and(|query| query.contains(['{', '}']))
            {
                return Err("variables in the query are not supported by this gateway: map query parameters".to_owned());
            }
            Address::Path(pieces(path)?, query)
        }
        (Service::DynamoDb, Some(("action", action))) if is_name(action) => {
            Address::Action(action.to_owned())
        }
        _ => {
            return Err(format!(
                "`{name}:{address}` is not supported by this gateway: S3 has paths, DynamoDB actions"
            ));
        }
    };
    Ok(Uri {
        service,
        region: region.to_owned(),
        address,
    })
}

/// Replaces `${stageVariables.name}` by its value.
pub(super) fn stage_variables(
    text: &str,
    variables: &BTreeMap<String, String>,
) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("`${` has no `}`")?;
        let value = name
            .strip_prefix("stageVariables.")
            .and_then(|name| variables.get(name))
            .ok_or_else(|| format!("the stage has no variable for `${{{name}}}`"))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Literals and `{variables}` of a path.
fn pieces(path: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = path.trim_start_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("`{` has no `}`")?;
        if !is_name(name) {
            return Err(format!("`{{{name}}}` is not a path variable"));
        }
        pieces.push(Piece::Literal(before.to_owned()));
        pieces.push(Piece::Parameter(name.to_owned()));
        rest = after;
    }
    if rest.contains('}') {
        return Err("`}` has no `{`".to_owned());
    }
    pieces.push(Piece::Literal(rest.to_owned()));
    pieces.retain(|piece| *piece != Piece::Literal(String::new()));
    Ok(pieces)
}

/// The services that integrations can call.
fn service(name: &str) -> Option<Service> {
    match name {
        "s3" => Some(Service::S3),
        "dynamodb" => Some(Service::DynamoDb),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, String> {
        BTreeMap::from([("bucket".to_owned(), "raw".to_owned())])
    }

    #[test]
    fn a_path_has_literals_and_variables() {
        let uri = parse(
            "arn:aws:apigateway:eu-west-1:s3:path/${stageVariables.bucket}/{size}/{key}",
            &variables(),
        )
        .unwrap();
        assert_eq!(
            (uri.service, uri.region.as_str()),
            (Service::S3, "eu-west-1")
        );
        let Address::Path(pieces, None) = uri.address else {
            panic!("no path")
        };
        assert_eq!(
            pieces,
            [
                Piece::Literal("raw/".into()),
                Piece::Parameter("size".into()),
                Piece::Literal("/".into()),
                Piece::Parameter("key".into()),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for uri in [
            "https://example.com",
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/x/invocations",
            "arn:aws:apigateway:eu-west-1:s3:action/GetObject",
            "arn:aws:apigateway:eu-west-1:bucket.s3:path/key",
            "arn:aws:apigateway:eu-west-1:dynamodb:path/x",
            "arn:aws:apigateway::s3:path/x",
            "arn:aws:apigateway:eu-west-1:s3:path/{x",
            "arn:aws:apigateway:eu-west-1:s3:path/x}",
            "arn:aws:apigateway:eu-west-1:s3:path/${stageVariables.absent}",
            "arn:aws:apigateway:eu-west-1:s3:path/${bucket}",
            "arn:aws:apigateway:eu-west-1:s3:path/b?prefix={p}",
        ] {
            assert!(parse(uri, &variables()).is_err(), "{uri}");
        }
    }
}
