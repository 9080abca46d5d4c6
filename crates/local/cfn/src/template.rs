//! A template before it is resolved: every section is parsed and every name checked.

use std::collections::BTreeSet;

use crate::declaration::{
    Condition, DeclaredOutput, DeclaredResource, Rule, mapping, output, resource, rule,
};
use crate::parameter::Parameter;
use crate::predicate::Predicate;
use crate::visible_names::{Names, Section, VisibleNames};
use crate::{Error, Node, Span, Value};

/// A template, parsed and checked.
///
/// Sections and their rules: "Template anatomy", CloudFormation user guide. Macros (`Transform`), hooks and references to
/// other stacks are refused.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) file: String,
    description: Option<String>,
    metadata: Option<Node>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) mappings: Vec<(String, Node)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) resources: Vec<DeclaredResource>,
    pub(crate) outputs: Vec<DeclaredOutput>,
}

const VERSION: &str = "2010-09-09";
const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

impl Template {
    /// Reads a template; `file_name` is its name in errors.
    ///
    /// # Errors
    /// Malformed YAML, and everything that is wrong whatever the parameters: unknown sections, attributes and functions,
    /// malformed arguments, undeclared names.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Error> {
        let root = Node::parse(text).map_err(|error| error.in_file(file_name))?;
        Self::from_node(file_name, &root)
    }

    /// Reads a template from a node, which may have been changed; otherwise as [`Template::parse`].
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn from_node(file_name: &str, root: &Node) -> Result<Self, Error> {
        read(file_name, root).map_err(|error| error.in_file(file_name))
    }

    /// The declared parameters in the order of the file.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Logical id, type and place of every declared resource, whether its condition holds or not.
    pub fn resource_types(&self) -> impl Iterator<Item = (&str, &str, Span)> {
        self.resources
            .iter()
            .map(|one| (one.logical_id.as_str(), one.kind.as_str(), one.span))
    }

    /// The template's description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The template's metadata; functions in it are not computed.
    #[must_use]
    pub fn metadata(&self) -> Option<&Node> {
        self.metadata.as_ref()
    }
}

type Entry = (String, Span, Node);

fn read(file_name: &str, root: &Node) -> Result<Template, Error> {
    refuse_nulls(root)?;
    let sections = root.as_map().ok_or_else(|| {
        Error::new(
            root.span,
            "Template format error: the template must be a map",
        )
    })?;
    for (name, span, content) in sections {
        check_section(name, *span, content)?;
    }
    let section = |name: &str| match root.get(name) {
        None => Ok(&[] as &[Entry]),
        Some(node) => node.as_map().ok_or_else(|| {
            let message = format!("Template format error: {name} must be a map");
            Error::new(node.span, message)
        }),
    };
    let parameters = section("Parameters")?;
    let mappings = section("Mappings")?;
    let conditions = section("Conditions")?;
    let resources = section("Resources")?;
    if resources.is_empty() {
        let message = "Template format error: At least one Resources member must be defined.";
        return Err(Error::new(root.span, message));
    }
    let names = names(parameters, mappings, conditions, resources)?;
    let visible = |section| VisibleNames {
        section,
        names: &names,
    };
    let parameters = each("Parameters", parameters, Parameter::read)?;
    let mappings = each("Mappings", mappings, |name, _, node| {
        mapping(node).map(|()| (name.to_owned(), node.clone()))
    })?;
    let conditions = each("Conditions", conditions, |name, _, node| {
        let predicate = Predicate::read(node, visible(Section::Conditions))?;
        Ok(Condition {
            name: name.to_owned(),
            predicate,
        })
    })?;
    let rules = each("Rules", section("Rules")?, |name, _, node| {
        rule(name, node, visible(Section::Rules))
    })?;
    let resources = each("Resources", resources, |name, span, node| {
        resource(name, span, node, visible(Section::Resources))
    })?;
    let outputs = each("Outputs", section("Outputs")?, |name, span, node| {
        output(name, span, node, visible(Section::Outputs))
    })?;
    Ok(Template {
        file: file_name.to_owned(),
        description: root.get("Description").and_then(Node::scalar_text),
        metadata: root.get("Metadata").cloned(),
        parameters,
        mappings,
        rules,
        conditions,
        resources,
        outputs,
    })
}

fn each<T>(
    section: &str,
    entries: &[Entry],
    read: impl Fn(&str, Span, &Node) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let read = |(name, span, node): &Entry| {
        read(name, *span, node).map_err(|error| error.or_at(*span).within(name).within(section))
    };
    entries.iter().map(read).collect()
}

fn refuse_nulls(node: &Node) -> Result<(), Error> {
    match &node.value {
        Value::Null => Err(Error::new(
            node.span,
            "'null' values are not allowed in templates",
        )),
        Value::List(entries) => entries.iter().enumerate().try_for_each(|(index, entry)| {
            refuse_nulls(entry).map_err(|error| error.within_entry(index))
        }),
        Value::Map(entries) => entries
            .iter()
            .try_for_each(|(key, _, value)| refuse_nulls(value).map_err(|error| error.within(key))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn check_section(name: &str, span: Span, content: &Node) -> Result<(), Error> {
    match name {
        "Transform" | "Hooks" => Err(Error::new(
            span,
            format!("the section {name} is not supported"),
        )),
        "AWSTemplateFormatVersion" if content.as_str() != Some(VERSION) => Err(Error::new(
            content.span,
            "Template format error: unsupported value for AWSTemplateFormatVersion.",
        )),
        "Description" if content.as_str().is_none() => Err(Error::new(
            content.span,
            "Template format error: Description must be a string",
        )),
        name if SECTIONS.contains(&name) => Ok(()),
        name => Err(Error::new(
            span,
            format!("Invalid template property or properties [{name}]"),
        )),
    }
}

fn names(
    parameters: &[Entry],
    mappings: &[Entry],
    conditions: &[Entry],
    resources: &[Entry],
) -> Result<Names, Error> {
    let collect = |kind: &str, entries: &[Entry]| {
        let mut names = BTreeSet::new();
        for (name, span, _) in entries {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let message =
                    format!("Template format error: {kind} name {name} is non alphanumeric.");
                return Err(Error::new(*span, message));
            }
            names.insert(name.clone());
        }
        Ok(names)
    };
    let names = Names {
        parameters: collect("Parameter", parameters)?,
        mappings: collect("Mapping", mappings)?,
        conditions: collect("Condition", conditions)?,
        resources: collect("Resource", resources)?,
    };
    match resources
        .iter()
        .find(|(name, _, _)| names.parameters.contains(name))
    {
        None => Ok(names),
        Some((name, span, _)) => {
            let message = format!("{name} is declared twice, as a parameter and as a resource");
            Err(Error::new(*span, message))
        }
    }
}
