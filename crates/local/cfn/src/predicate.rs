//! Boolean expressions: the functions of Conditions and Rules.

use crate::expression::{Expression, arguments, unsupported};
use crate::visible_names::{Section, VisibleNames};
use crate::{Error, Node, Span};

#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    Equals(Expression, Expression),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Condition(String, Span),
    /// The list contains the string.
    Contains(Expression, Expression),
    /// Every entry of the list equals the string.
    EachMemberEquals(Expression, Expression),
    /// Every entry of the first list is in the second.
    EachMemberIn(Expression, Expression),
}

const EQUALS: &str =
    "Template error: every Fn::Equals object requires a list of 2 string parameters.";
const NOT: &str = "Template error: every Fn::Not object requires one boolean parameter.";

impl Predicate {
    pub(crate) fn read(node: &Node, visible: VisibleNames<'_>) -> Result<Self, Error> {
        let Some([(name, _, argument)]) = node.as_map() else {
            let message = "Template format error: Every Condition member must be a single function";
            return Err(Error::new(node.span, message));
        };
        let value = |node: &Node| {
            let expression = Expression::read(node, visible)?;
            without_if(&expression)?;
            Ok::<_, Error>(expression)
        };
        let pair = |message: &str| {
            let [left, right] = arguments(argument, message)?;
            Ok::<_, Error>((value(left)?, value(right)?))
        };
        let rule = || format!("Template error: every {name} object requires two parameters.");
        let in_rules = visible.section == Section::Rules;
        match name.as_str() {
            "Fn::Equals" => pair(EQUALS).map(|(left, right)| Self::Equals(left, right)),
            "Fn::And" => Self::read_some(name, argument, visible).map(Self::All),
            "Fn::Or" => Self::read_some(name, argument, visible).map(Self::Any),
            "Fn::Not" => {
                let [inner] = arguments(argument, NOT)?;
                Self::read(inner, visible).map(|inner| Self::Not(Box::new(inner)))
            }
            "Condition" if !in_rules => {
                let message = "Template format error: a Condition is named by a string";
                let name = argument
                    .as_str()
                    .ok_or_else(|| Error::new(argument.span, message))?;
                visible.condition(name, node.span)?;
                Ok(Self::Condition(name.to_owned(), node.span))
            }
            "Fn::Contains" if in_rules => pair(&rule()).map(|(a, b)| Self::Contains(a, b)),
            "Fn::EachMemberEquals" if in_rules => {
                pair(&rule()).map(|(a, b)| Self::EachMemberEquals(a, b))
            }
            "Fn::EachMemberIn" if in_rules => pair(&rule()).map(|(a, b)| Self::EachMemberIn(a, b)),
            name if name.starts_with("Fn::") => Err(unsupported(name, node.span)),
            name => {
                let message = format!("{name} is neither true nor false");
                Err(Error::new(node.span, message))
            }
        }
    }

    fn read_some(
        name: &str,
        argument: &Node,
        visible: VisibleNames<'_>,
    ) -> Result<Vec<Self>, Error> {
        let predicates = argument.as_list().unwrap_or_default();
        if !(2..=10).contains(&predicates.len()) {
            let message = format!(
                "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
            );
            return Err(Error::new(argument.span, message));
        }
        predicates
            .iter()
            .map(|predicate| Self::read(predicate, visible))
            .collect()
    }

    /// Visits the names of the conditions that this one uses.
    pub(crate) fn conditions<'t>(&'t self, visit: &mut dyn FnMut(&'t str, Span)) {
        match self {
            Self::All(predicates) | Self::Any(predicates) => {
                for predicate in predicates {
                    predicate.conditions(visit);
                }
            }
            Self::Not(inner) => inner.conditions(visit),
            Self::Condition(name, span) => visit(name, *span),
            Self::Equals(..)
            | Self::Contains(..)
            | Self::EachMemberEquals(..)
            | Self::EachMemberIn(..) => {}
        }
    }
}

/// Refuses `Fn::If`, which needs decided conditions.
fn without_if(expression: &Expression) -> Result<(), Error> {
    let mut found = None;
    expression.walk(&|_| None, &mut |inner| {
        if matches!(inner.kind, crate::expression::Kind::If { .. }) {
            found.get_or_insert(inner.span);
        }
    });
    match found {
        Some(span) => Err(Error::new(
            span,
            "Fn::If can't be used in Conditions or Rules",
        )),
        None => Ok(()),
    }
}
