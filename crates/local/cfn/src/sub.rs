//! `Fn::Sub`: a string with `${Name}`, `${Resource.Attribute}` and `${!Literal}`.

use crate::expression::{Expression, Kind, arguments, attribute_name};
use crate::visible_names::VisibleNames;
use crate::{Error, Node, Span};

const ARGUMENTS: &str = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
const NAMES: &str = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons";

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

/// Reads either form of the argument.
pub(crate) fn read(argument: &Node, visible: VisibleNames<'_>) -> Result<Sub, Error> {
    let (text, variables) = if let Some(text) = argument.as_str() {
        (text, Vec::new())
    } else {
        let [text, map] = arguments(argument, ARGUMENTS)?;
        let refused = |node: &Node| Error::new(node.span, ARGUMENTS);
        let variables = map.as_map().ok_or_else(|| refused(map))?;
        let variables = variables.iter().map(|(name, _, value)| {
            let value = Expression::read(value, visible).map_err(|error| error.within(name))?;
            Ok((name.clone(), value))
        });
        let text = text.as_str().ok_or_else(|| refused(text))?;
        (text, variables.collect::<Result<_, Error>>()?)
    };
    let parts = parts(text, &variables, argument.span, visible)?;
    Ok(Sub {
        span: argument.span,
        parts,
        variables,
    })
}

fn parts(
    text: &str,
    variables: &[(String, Expression)],
    span: Span,
    visible: VisibleNames<'_>,
) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, placeholder) = rest.split_at(start);
        let Some(end) = placeholder.find('}') else {
            break;
        };
        plain.push_str(before);
        let name = &placeholder[2..end];
        rest = &placeholder[end + 1..];
        if let Some(literal) = name.strip_prefix('!') {
            plain.push_str("${");
            plain.push_str(literal);
            plain.push('}');
            continue;
        }
        parts.push(Part::Text(std::mem::take(&mut plain)));
        let known = variables.iter().position(|(variable, _)| variable == name);
        parts.push(match known {
            Some(index) => Part::Variable(index),
            None => Part::Reference(reference(name, span, visible)?),
        });
    }
    plain.push_str(rest);
    parts.push(Part::Text(plain));
    Ok(parts)
}

fn reference(name: &str, span: Span, visible: VisibleNames<'_>) -> Result<Expression, Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Error::new(span, NAMES));
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
