//! One entry of a section: a condition, mapping, rule, resource or output as it is declared.

use serde::Deserialize;

use crate::expression::{Expression, Kind};
use crate::predicate::Predicate;
use crate::visible_names::VisibleNames;
use crate::{Error, Node, Span, Value, from_node};

#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) name: String,
    pub(crate) predicate: Predicate,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) condition: Option<Predicate>,
    pub(crate) assertions: Vec<Assertion>,
}

#[derive(Debug, Clone)]
pub(crate) struct Assertion {
    pub(crate) span: Span,
    pub(crate) predicate: Predicate,
    pub(crate) description: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct DeclaredResource {
    pub(crate) logical_id: String,
    pub(crate) span: Span,
    pub(crate) kind: String,
    pub(crate) condition: Option<String>,
    pub(crate) depends_on: Vec<(String, Span)>,
    pub(crate) deletion_policy: Option<String>,
    pub(crate) update_replace_policy: Option<String>,
    /// `Properties`, `Metadata`, `CreationPolicy`, `UpdatePolicy`, if present.
    pub(crate) parts: Vec<(&'static str, Expression)>,
}

#[derive(Debug, Clone)]
pub(crate) struct DeclaredOutput {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) condition: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) value: Expression,
    pub(crate) export: Option<Expression>,
}

/// The attributes of a resource: the fields of [`ResourceAttributes`].
const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ResourceAttributes {
    r#type: String,
    condition: Option<Node>,
    depends_on: Option<Node>,
    deletion_policy: Option<Node>,
    update_replace_policy: Option<Node>,
    properties: Option<Node>,
    metadata: Option<Node>,
    creation_policy: Option<Node>,
    update_policy: Option<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct OutputAttributes {
    value: Node,
    condition: Option<Node>,
    description: Option<String>,
    export: Option<Export>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Export {
    name: Node,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RuleAttributes {
    rule_condition: Option<Node>,
    assertions: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct AssertionAttributes {
    assert: Node,
    assert_description: Option<String>,
}

/// Checks a mapping: two levels of keys, then strings or lists of strings, without functions.
pub(crate) fn mapping(node: &Node) -> Result<(), Error> {
    let malformed = |node: &Node| {
        let message =
            "Template format error: a mapping is a map of maps of strings or lists of strings";
        Error::new(node.span, message)
    };
    for (key, _, attributes) in node.as_map().ok_or_else(|| malformed(node))? {
        let attributes = attributes
            .as_map()
            .ok_or_else(|| malformed(attributes).within(key))?;
        for (attribute, _, value) in attributes {
            let scalars = match &value.value {
                Value::Map(_) => false,
                Value::List(entries) => entries.iter().all(|entry| entry.scalar_text().is_some()),
                _ => true,
            };
            if !scalars {
                return Err(malformed(value).within(attribute).within(key));
            }
        }
    }
    Ok(())
}

pub(crate) fn rule(name: &str, node: &Node, visible: VisibleNames<'_>) -> Result<Rule, Error> {
    let attributes: RuleAttributes = from_node(node)?;
    let condition = attributes
        .rule_condition
        .map(|node| Predicate::read(&node, visible).map_err(|error| error.within("RuleCondition")));
    let assertions = attributes
        .assertions
        .iter()
        .enumerate()
        .map(|(index, node)| {
            let read = || {
                let AssertionAttributes {
                    assert,
                    assert_description,
                } = from_node(node)?;
                let predicate =
                    Predicate::read(&assert, visible).map_err(|error| error.within("Assert"))?;
                Ok(Assertion {
                    span: node.span,
                    predicate,
                    description: assert_description,
                })
            };
            read().map_err(|error: Error| error.within_entry(index).within("Assertions"))
        });
    Ok(Rule {
        name: name.to_owned(),
        condition: condition.transpose()?,
        assertions: assertions.collect::<Result<_, Error>>()?,
    })
}

/// CloudFormation's message about a resource that it cannot read.
fn check_attributes(logical_id: &str, node: &Node) -> Result<(), Error> {
    let entries = node.as_map().ok_or_else(|| {
        let message = "Template format error: Every Resources member must be an object.";
        Error::new(node.span, message)
    })?;
    for (name, span, _) in entries {
        if !ATTRIBUTES.contains(&name.as_str()) {
            let message = format!("Invalid template resource property '{name}'");
            return Err(Error::new(*span, message).within(name));
        }
    }
    let refused = |span, problem: &str| {
        let message = format!("Template format error: [/Resources/{logical_id}] {problem}");
        Err(Error::new(span, message))
    };
    match node.get("Type") {
        None => refused(
            node.span,
            "Every Resources object must contain a Type member.",
        ),
        Some(kind) if kind.as_str().is_none() => {
            refused(kind.span, "Every Type member must be a string.")
        }
        Some(_) => Ok(()),
    }
}

pub(crate) fn resource(
    logical_id: &str,
    span: Span,
    node: &Node,
    visible: VisibleNames<'_>,
) -> Result<DeclaredResource, Error> {
    check_attributes(logical_id, node)?;
    let attributes: ResourceAttributes = from_node(node)?;
    let policies: &[&str] = &["Delete", "Retain", "Snapshot"];
    let deletion: &[&str] = &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
    let mut parts = Vec::new();
    for (name, part) in [
        ("Properties", attributes.properties),
        ("Metadata", attributes.metadata),
        ("CreationPolicy", attributes.creation_policy),
        ("UpdatePolicy", attributes.update_policy),
    ] {
        let Some(node) = part else { continue };
        let part = Expression::read(&node, visible).map_err(|error| error.within(name))?;
        if !matches!(part.kind, Kind::Map(_)) {
            let message = format!("Template format error: {name} must be a map");
            return Err(Error::new(node.span, message).within(name));
        }
        parts.push((name, part));
    }
    Ok(DeclaredResource {
        logical_id: logical_id.to_owned(),
        span,
        kind: attributes.r#type,
        condition: condition(attributes.condition.as_ref(), visible)?,
        depends_on: depends_on(attributes.depends_on.as_ref(), visible)?,
        deletion_policy: policy(
            "DeletionPolicy",
            attributes.deletion_policy.as_ref(),
            deletion,
        )?,
        update_replace_policy: policy(
            "UpdateReplacePolicy",
            attributes.update_replace_policy.as_ref(),
            policies,
        )?,
        parts,
    })
}

fn condition(node: Option<&Node>, visible: VisibleNames<'_>) -> Result<Option<String>, Error> {
    let Some(node) = node else { return Ok(None) };
    let message = "Template format error: Every Condition member must be a string.";
    let name = node
        .as_str()
        .ok_or_else(|| Error::new(node.span, message).within("Condition"))?;
    visible
        .condition(name, node.span)
        .map_err(|error| error.within("Condition"))?;
    Ok(Some(name.to_owned()))
}

fn depends_on(
    node: Option<&Node>,
    visible: VisibleNames<'_>,
) -> Result<Vec<(String, Span)>, Error> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let names = match &node.value {
        Value::List(entries) => entries.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let read = |node: &Node| {
        let message = "Template format error: DependsOn must be a string or a list of strings.";
        let name = node
            .as_str()
            .ok_or_else(|| Error::new(node.span, message))?;
        if !visible.names.resources.contains(name) {
            return Err(visible.unresolved(name, node.span));
        }
        Ok((name.to_owned(), node.span))
    };
    let names: Result<_, Error> = names.iter().map(read).collect();
    names.map_err(|error| error.within("DependsOn"))
}

fn policy(name: &str, node: Option<&Node>, allowed: &[&str]) -> Result<Option<String>, Error> {
    let Some(node) = node else { return Ok(None) };
    match node.as_str() {
        Some(policy) if allowed.contains(&policy) => Ok(Some(policy.to_owned())),
        _ => {
            let message = format!(
                "Template format error: {name} must be one of {}",
                allowed.join(", ")
            );
            Err(Error::new(node.span, message).within(name))
        }
    }
}

pub(crate) fn output(
    name: &str,
    span: Span,
    node: &Node,
    visible: VisibleNames<'_>,
) -> Result<DeclaredOutput, Error> {
    if node.get("Value").is_none() {
        let message = "Template format error: Every Outputs member must contain a Value object";
        return Err(Error::new(node.span, message));
    }
    let attributes: OutputAttributes = from_node(node)?;
    let value = Expression::read(&attributes.value, visible);
    let export = attributes.export.map(|export| {
        let name = Expression::read(&export.name, visible);
        name.map_err(|error| error.within("Name").within("Export"))
    });
    Ok(DeclaredOutput {
        name: name.to_owned(),
        span,
        condition: condition(attributes.condition.as_ref(), visible)?,
        description: attributes.description,
        value: value.map_err(|error| error.within("Value"))?,
        export: export.transpose()?,
    })
}
