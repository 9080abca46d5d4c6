//! An account, and a resource type with predictable return values.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;

use cfn::{Environment, Error, Node, Resource, ResourceTypes, Span, Stack, Template, Value};

pub struct Types;
pub const TYPES: Types = Types;

impl ResourceTypes for Types {
    fn reference(&self, resource: &Resource) -> Result<String, Error> {
        match resource.kind.as_str() {
            "Test::Nameless" => Err(Error::without_place("Test::Nameless has no value for Ref")),
            _ => Ok(format!("ref-of-{}", resource.logical_id)),
        }
    }

    fn attribute(&self, resource: &Resource, name: &str) -> Result<Node, Error> {
        let id = &resource.logical_id;
        let node = |value: Value| Node {
            span: Span { line: 1, column: 1 },
            value,
        };
        match name {
            "Arn" => {
                let name = resource
                    .properties
                    .get("Name")
                    .and_then(Node::as_str)
                    .unwrap_or_default();
                Ok(node(format!("arn:{id}:{name}").into()))
            }
            "List" => Ok(node(Value::List(vec![node("p".into()), node("q".into())]))),
            "Missing" => {
                let message = format!("{} has no attribute Missing", resource.kind);
                Err(Error::without_place(message))
            }
            other => Ok(node(other.into())),
        }
    }
}

pub fn environment() -> Environment {
    Environment {
        account_id: "012345678901".to_owned(),
        region: "eu-central-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "sheet".to_owned(),
        stack_id: "arn:aws:cloudformation:eu-central-1:012345678901:stack/sheet/1-2-3".to_owned(),
        notification_arns: vec!["arn:one".to_owned()],
    }
}

pub fn parameters(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    given.iter().map(owned).collect()
}

pub fn resolve(text: &str, given: &[(&str, &str)]) -> Result<Stack, Error> {
    Template::parse("t.yaml", text)?.resolve(&parameters(given), &environment(), &TYPES)
}

/// The error of a refused template.
pub fn refused(text: &str, given: &[(&str, &str)]) -> String {
    resolve(text, given).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}
