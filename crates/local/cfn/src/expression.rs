//! Values with intrinsic functions, parsed and checked but not yet computed.

use crate::sub::{Placeholder, placeholders};
use crate::visible_names::VisibleNames;
use crate::{Error, Node, Span, Value};

/// A value of the template that may depend on parameters, conditions and resources.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Value),
    List(Vec<Expression>),
    Map(Vec<(String, Span, Expression)>),
    Ref(String),
    GetAtt {
        resource: String,
        attribute: Box<Expression>,
    },
    Sub(Sub),
    Join {
        delimiter: String,
        list: Box<Expression>,
    },
    Select {
        index: Box<Expression>,
        list: Box<Expression>,
    },
    Split {
        delimiter: String,
        text: Box<Expression>,
    },
    If {
        condition: String,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    FindInMap {
        map: Box<Expression>,
        key: Box<Expression>,
        attribute: Box<Expression>,
    },
    Base64(Box<Expression>),
}

#[derive(Debug, Clone)]
pub(crate) struct Sub {
    pub(crate) span: Span,
    pub(crate) parts: Vec<Part>,
    /// The second argument's names and values.
    pub(crate) variables: Vec<(String, Expression)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    /// The variable with this index.
    Variable(usize),
    /// A `Ref` or `Fn::GetAtt`.
    Reference(Expression),
}

const GET_ATT: &str = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";
const JOIN: &str = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::Split) to be joined.";
const SELECT: &str = "Template error: every Fn::Select object requires two non-null parameters, the first is an integer index and the second a list";
const SPLIT: &str = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
const IF: &str = "Template error: every Fn::If object requires three parameters, the name of a condition, the value if it holds and the value if it does not";
const FIND_IN_MAP: &str = "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
const SUB: &str = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
const SUB_NAMES: &str = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons";

impl Sub {
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let references = self.parts.iter().filter_map(|part| match part {
            Part::Reference(expression) => Some(expression),
            Part::Text(_) | Part::Variable(_) => None,
        });
        self.variables
            .iter()
            .map(|(_, value)| value)
            .chain(references)
    }
}

impl Expression {
    /// Reads a value, checking every function's arguments and every name in it.
    pub(crate) fn read(node: &Node, visible: VisibleNames<'_>) -> Result<Self, Error> {
        let kind = match &node.value {
            Value::List(entries) => Kind::List(Self::read_all(entries, visible)?),
            Value::Map(entries) => match entries.as_slice() {
                [(name, _, argument)] if name == "Ref" || name.starts_with("Fn::") => {
                    function(name, argument, node.span, visible)?
                }
                _ => Kind::Map(fields(entries, visible)?),
            },
            scalar => Kind::Scalar(scalar.clone()),
        };
        Ok(Self {
            span: node.span,
            kind,
        })
    }

    fn read_all(entries: &[Node], visible: VisibleNames<'_>) -> Result<Vec<Self>, Error> {
        let read =
            |(index, entry)| Self::read(entry, visible).map_err(|error| error.within_entry(index));
        entries.iter().enumerate().map(read).collect()
    }

    /// Visits this expression and all within it. `taken` returns whether a condition holds; if that is not decided, both
    /// branches of an `Fn::If` are visited.
    pub(crate) fn walk<'e>(
        &'e self,
        taken: &dyn Fn(&str) -> Option<bool>,
        visit: &mut dyn FnMut(&'e Self),
    ) {
        visit(self);
        match &self.kind {
            Kind::Scalar(_) | Kind::Ref(_) => {}
            Kind::List(entries) => entries.iter().for_each(|entry| entry.walk(taken, visit)),
            Kind::Map(fields) => fields
                .iter()
                .for_each(|(_, _, value)| value.walk(taken, visit)),
            Kind::Sub(sub) => sub.expressions().for_each(|part| part.walk(taken, visit)),
            Kind::GetAtt {
                attribute: inner, ..
            }
            | Kind::Join { list: inner, .. }
            | Kind::Split { text: inner, .. }
            | Kind::Base64(inner) => inner.walk(taken, visit),
            Kind::Select { index, list } => {
                index.walk(taken, visit);
                list.walk(taken, visit);
            }
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let holds = taken(condition);
                if holds != Some(false) {
                    then.walk(taken, visit);
                }
                if holds != Some(true) {
                    otherwise.walk(taken, visit);
                }
            }
            Kind::FindInMap {
                map,
                key,
                attribute,
            } => {
                for part in [map, key, attribute] {
                    part.walk(taken, visit);
                }
            }
        }
    }
}

fn fields(
    entries: &[(String, Span, Node)],
    visible: VisibleNames<'_>,
) -> Result<Vec<(String, Span, Expression)>, Error> {
    let mut fields = Vec::with_capacity(entries.len());
    for (key, span, value) in entries {
        if key.starts_with("Fn::") {
            let message = format!("Template error: {key} must be the only key of its map");
            return Err(Error::new(*span, message));
        }
        let value = Expression::read(value, visible).map_err(|error| error.within(key))?;
        fields.push((key.clone(), *span, value));
    }
    Ok(fields)
}

fn function(
    name: &str,
    argument: &Node,
    span: Span,
    visible: VisibleNames<'_>,
) -> Result<Kind, Error> {
    let read = |node: &Node| Expression::read(node, visible).map(Box::new);
    match name {
        "Ref" => {
            let message = "Template error: every Ref object must have a single String value.";
            let name = literal(argument, message)?;
            visible.reference(name, span)?;
            Ok(Kind::Ref(name.to_owned()))
        }
        "Fn::GetAtt" => get_att(argument, span, visible),
        "Fn::Sub" => sub(argument, visible).map(Kind::Sub),
        "Fn::Join" => {
            let [delimiter, list] = arguments(argument, JOIN)?;
            let delimiter = literal(delimiter, JOIN)?.to_owned();
            Ok(Kind::Join {
                delimiter,
                list: read(list)?,
            })
        }
        "Fn::Select" => {
            let [index, list] = arguments(argument, SELECT)?;
            Ok(Kind::Select {
                index: read(index)?,
                list: read(list)?,
            })
        }
        "Fn::Split" => {
            let [delimiter, text] = arguments(argument, SPLIT)?;
            let delimiter = literal(delimiter, SPLIT)?;
            if delimiter.is_empty() {
                return Err(Error::new(span, SPLIT));
            }
            Ok(Kind::Split {
                delimiter: delimiter.to_owned(),
                text: read(text)?,
            })
        }
        "Fn::If" => {
            let [condition, then, otherwise] = arguments(argument, IF)?;
            let name = literal(condition, IF)?;
            visible.condition(name, condition.span)?;
            Ok(Kind::If {
                condition: name.to_owned(),
                then: read(then)?,
                otherwise: read(otherwise)?,
            })
        }
        "Fn::FindInMap" => {
            let [map, key, attribute] = arguments(argument, FIND_IN_MAP)?;
            if let Some(name) = map.as_str() {
                visible.mapping(name, map.span)?;
            }
            Ok(Kind::FindInMap {
                map: read(map)?,
                key: read(key)?,
                attribute: read(attribute)?,
            })
        }
        "Fn::Base64" => Ok(Kind::Base64(read(argument)?)),
        "Fn::And" | "Fn::Equals" | "Fn::Not" | "Fn::Or" => {
            let message = format!("{name} can be used in Conditions and Rules only");
            Err(Error::new(span, message))
        }
        _ => Err(unsupported(name, span)),
    }
}

/// The error for an unsupported function.
pub(crate) fn unsupported(name: &str, span: Span) -> Error {
    Error::new(
        span,
        format!("the intrinsic function {name} is not supported"),
    )
}

fn get_att(argument: &Node, span: Span, visible: VisibleNames<'_>) -> Result<Kind, Error> {
    let (resource, attribute) = if let Some(text) = argument.as_str() {
        let parts = text
            .split_once('.')
            .ok_or_else(|| Error::new(span, GET_ATT))?;
        (parts.0, attribute_name(parts.1, argument.span))
    } else {
        let [resource, attribute] = arguments(argument, GET_ATT)?;
        let resource = literal(resource, GET_ATT)?;
        (resource, Expression::read(attribute, visible)?)
    };
    visible.resource(resource, span)?;
    Ok(Kind::GetAtt {
        resource: resource.to_owned(),
        attribute: Box::new(attribute),
    })
}

/// The attribute part of `Resource.Attribute`.
fn attribute_name(name: &str, span: Span) -> Expression {
    Expression {
        span,
        kind: Kind::Scalar(name.into()),
    }
}

/// A function's list of exactly `N` arguments.
pub(crate) fn arguments<'node, const N: usize>(
    node: &'node Node,
    message: &str,
) -> Result<&'node [Node; N], Error> {
    let list = node.as_list().unwrap_or_default();
    list.try_into().map_err(|_| Error::new(node.span, message))
}

fn literal<'node>(node: &'node Node, message: &str) -> Result<&'node str, Error> {
    node.as_str().ok_or_else(|| Error::new(node.span, message))
}

/// Reads either form of the argument of `Fn::Sub`.
fn sub(argument: &Node, visible: VisibleNames<'_>) -> Result<Sub, Error> {
    let (text, variables) = if let Some(text) = argument.as_str() {
        (text, Vec::new())
    } else {
        let [text, map] = arguments(argument, SUB)?;
        let text = literal(text, SUB)?;
        let map = map.as_map().ok_or_else(|| Error::new(map.span, SUB))?;
        let variables = map.iter().map(|(name, _, value)| {
            let value = Expression::read(value, visible).map_err(|error| error.within(name))?;
            Ok((name.clone(), value))
        });
        (text, variables.collect::<Result<Vec<_>, Error>>()?)
    };
    let part = |placeholder| match placeholder {
        Placeholder::Text(text) => Ok(Part::Text(text)),
        Placeholder::Name(name) => {
            match variables.iter().position(|(variable, _)| variable == name) {
                Some(index) => Ok(Part::Variable(index)),
                None => reference(name, argument.span, visible).map(Part::Reference),
            }
        }
    };
    Ok(Sub {
        span: argument.span,
        parts: placeholders(text)
            .into_iter()
            .map(part)
            .collect::<Result<_, _>>()?,
        variables,
    })
}

/// A name in the text of `Fn::Sub` that is no variable of it.
fn reference(name: &str, span: Span, visible: VisibleNames<'_>) -> Result<Expression, Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Error::new(span, SUB_NAMES));
    }
    let kind = match name.split_once('.') {
        None => {
            visible.reference(name, span)?;
            Kind::Ref(name.to_owned())
        }
        Some((resource, attribute)) => {
            visible.resource(resource, span)?;
            let attribute = Box::new(attribute_name(attribute, span));
            Kind::GetAtt {
                resource: resource.to_owned(),
                attribute,
            }
        }
    };
    Ok(Expression { span, kind })
}
