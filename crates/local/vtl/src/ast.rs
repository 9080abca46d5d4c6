//! A parsed template.

use std::sync::Arc;

pub(crate) type Block = Arc<[Node]>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(Arc<str>),
    Reference(Reference),
    /// A reference after a backslash: it is evaluated, with its errors and effects, but prints its source.
    Escaped {
        reference: Reference,
        source: Arc<str>,
    },
    Set {
        target: Reference,
        value: Expression,
    },
    If {
        branches: Vec<(Expression, Block)>,
        otherwise: Block,
    },
    Foreach {
        variable: Arc<str>,
        over: Expression,
        body: Block,
    },
    Define {
        name: Arc<str>,
        body: Block,
    },
    /// With the scope to end, if one is named.
    Break(Option<Expression>),
    Stop,
}

/// `$name.property.method(…)[index]`. On API Gateway quiet notation makes no difference: an undefined reference never
/// prints anything.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    pub(crate) name: Arc<str>,
    pub(crate) accesses: Vec<Access>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    Property(Arc<str>),
    Method(Arc<str>, Vec<Expression>),
    Index(Expression),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(Arc<str>),
    /// A double-quoted string that holds references or directives.
    Interpolated(Block),
    Reference(Reference),
    List(Vec<Expression>),
    Range(Box<Expression>, Box<Expression>),
    Map(Vec<(Expression, Expression)>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How tightly the operator binds; all are left-associative.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}
