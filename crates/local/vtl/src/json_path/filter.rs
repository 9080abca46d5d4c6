//! Filters: `[?(…)]`.

use std::sync::Arc;

use super::JsonPath;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Or(Box<Filter>, Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(Arc<str>),
    /// `@…`, from the current element.
    Item(JsonPath),
    /// `$…`, from the document.
    Root(JsonPath),
}
