//! The Parameters section, and the values of parameters.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use crate::{Error, Node, Span, Value, from_node, pattern};

/// A declared parameter.
///
/// Rules: "CloudFormation template Parameters syntax", user guide.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The logical id.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// The type of its value.
    pub kind: ParameterType,
    /// The value if none is given.
    pub default: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// The value is a secret that must not be shown.
    pub no_echo: bool,
    constraints: Constraints,
}

/// The types of parameters whose values are not looked up in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// `String`
    String,
    /// `Number`
    Number,
    /// `CommaDelimitedList`
    CommaDelimitedList,
    /// `List<Number>`
    ListOfNumbers,
}

#[derive(Debug, Clone)]
struct Constraints {
    allowed_values: Option<Vec<String>>,
    allowed_pattern: Option<(String, Regex)>,
    description: Option<String>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Declaration {
    r#type: Node,
    default: Option<String>,
    description: Option<String>,
    #[serde(default)]
    no_echo: bool,
    allowed_values: Option<Vec<String>>,
    allowed_pattern: Option<Node>,
    constraint_description: Option<String>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

impl Parameter {
    pub(crate) fn read(name: &str, span: Span, node: &Node) -> Result<Self, Error> {
        if node.get("Type").is_none() {
            let message =
                "Template format error: Every Parameters object must contain a Type member.";
            return Err(Error::new(node.span, message));
        }
        let declaration: Declaration = from_node(node)?;
        let kind = parameter_type(&declaration.r#type).map_err(|error| error.within("Type"))?;
        let text = kind == ParameterType::String;
        let number = matches!(kind, ParameterType::Number | ParameterType::ListOfNumbers);
        let pattern = declaration.allowed_pattern.as_ref();
        for (constraint, given, applies) in [
            ("MinLength", declaration.min_length.is_some(), text),
            ("MaxLength", declaration.max_length.is_some(), text),
            ("MinValue", declaration.min_value.is_some(), number),
            ("MaxValue", declaration.max_value.is_some(), number),
            ("AllowedPattern", pattern.is_some(), !number),
        ] {
            if given && !applies {
                let message = format!("{constraint} does not apply to a parameter of this type");
                return Err(Error::new(node.span, message));
            }
        }
        let allowed_pattern = pattern.map(allowed_pattern).transpose();
        Ok(Self {
            name: name.to_owned(),
            span,
            kind,
            default: declaration.default,
            description: declaration.description,
            no_echo: declaration.no_echo,
            constraints: Constraints {
                allowed_values: declaration.allowed_values,
                allowed_pattern: allowed_pattern.map_err(|error| error.within("AllowedPattern"))?,
                description: declaration.constraint_description,
                min_length: declaration.min_length,
                max_length: declaration.max_length,
                min_value: declaration.min_value,
                max_value: declaration.max_value,
            },
        })
    }

    /// The value of `Ref`: a string, or a list of strings.
    pub(crate) fn reference(&self, value: &str) -> Value {
        match self.kind {
            ParameterType::String | ParameterType::Number => value.into(),
            ParameterType::CommaDelimitedList | ParameterType::ListOfNumbers => {
                let entries = self.members(value);
                let node = |text: &str| Node {
                    span: self.span,
                    value: text.into(),
                };
                Value::List(entries.into_iter().map(node).collect())
            }
        }
    }

    fn members<'value>(&self, value: &'value str) -> Vec<&'value str> {
        match self.kind {
            ParameterType::String => vec![value],
            ParameterType::Number => vec![value.trim()],
            ParameterType::CommaDelimitedList | ParameterType::ListOfNumbers => {
                value.split(',').map(str::trim).collect()
            }
        }
    }

    /// Checks a value, or each member of a list, against the constraints.
    fn check(&self, value: &str) -> Result<(), Error> {
        let Some(reason) = self
            .members(value)
            .into_iter()
            .find_map(|member| self.refusal(member))
        else {
            return Ok(());
        };
        let name = &self.name;
        let message = match &self.constraints.description {
            Some(description) => {
                format!("Parameter {name} failed to satisfy constraint: {description}")
            }
            None => format!("Parameter '{name}' {reason}"),
        };
        Err(Error::new(self.span, message))
    }

    fn refusal(&self, value: &str) -> Option<String> {
        let constraints = &self.constraints;
        if matches!(
            self.kind,
            ParameterType::Number | ParameterType::ListOfNumbers
        ) {
            let Some(number) = number(value) else {
                return Some("must be a number".to_owned());
            };
            if let Some(min) = constraints.min_value.filter(|min| number < *min) {
                return Some(format!("must be a number not less than {min}"));
            }
            if let Some(max) = constraints.max_value.filter(|max| number > *max) {
                return Some(format!("must be a number not greater than {max}"));
            }
        }
        let length = value.chars().count();
        if let Some(min) = constraints.min_length.filter(|min| length < *min) {
            return Some(format!("must contain at least {min} characters"));
        }
        if let Some(max) = constraints.max_length.filter(|max| length > *max) {
            return Some(format!("must contain at most {max} characters"));
        }
        if let Some((pattern, _)) = constraints
            .allowed_pattern
            .as_ref()
            .filter(|(_, regex)| !regex.is_match(value))
        {
            return Some(format!("must match pattern {pattern}"));
        }
        let allowed = constraints.allowed_values.as_ref();
        if allowed.is_some_and(|allowed| !allowed.iter().any(|one| one == value)) {
            return Some("must be one of AllowedValues".to_owned());
        }
        None
    }
}

/// A decimal number, without others that Rust parses (`inf`, `nan`).
fn number(text: &str) -> Option<f64> {
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(decimal) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn parameter_type(node: &Node) -> Result<ParameterType, Error> {
    match node.as_str().unwrap_or_default() {
        "String" => Ok(ParameterType::String),
        "Number" => Ok(ParameterType::Number),
        "CommaDelimitedList" => Ok(ParameterType::CommaDelimitedList),
        "List<Number>" => Ok(ParameterType::ListOfNumbers),
        other if other.starts_with("AWS::") || other.starts_with("List<AWS::") => {
            let message =
                format!("the parameter type {other} is looked up in an account and not supported");
            Err(Error::new(node.span, message))
        }
        other => {
            let message = format!("Template format error: Unrecognized parameter type: {other}");
            Err(Error::new(node.span, message))
        }
    }
}

fn allowed_pattern(node: &Node) -> Result<(String, Regex), Error> {
    let pattern = node.scalar_text().unwrap_or_default();
    let regex = pattern::compile(&pattern).map_err(|reason| {
        Error::new(
            node.span,
            format!("the pattern {pattern} is not supported: {reason}"),
        )
    })?;
    Ok((pattern, regex))
}

/// Every parameter's value: the one given, or else its default.
pub(crate) fn values(
    declared: &[Parameter],
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let unknown = |name: &&str| !declared.iter().any(|parameter| parameter.name == *name);
    let unknown: Vec<_> = given.keys().map(String::as_str).filter(unknown).collect();
    if !unknown.is_empty() {
        let message = format!(
            "Parameters: [{}] do not exist in the template",
            unknown.join(", ")
        );
        return Err(Error::without_place(message));
    }
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for parameter in declared {
        match given.get(&parameter.name).or(parameter.default.as_ref()) {
            None => missing.push(parameter),
            Some(value) => {
                values.insert(parameter.name.clone(), value.clone());
            }
        }
    }
    if let Some(first) = missing.first() {
        let names: Vec<_> = missing
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        let message = format!("Parameters: [{}] must have values", names.join(", "));
        return Err(Error::new(first.span, message));
    }
    for parameter in declared {
        if let Some(value) = values.get(&parameter.name) {
            parameter.check(value)?;
        }
    }
    Ok(values)
}
