//! The values that a template works with, and the heap that holds its lists and maps.
//!
//! Lists and maps are shared, as in Java: a change through one reference is visible through all. They are in a heap that
//! is dropped with the rendering, so that a cycle leaks nothing and a deep value is dropped without recursion.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::ast::Block;
use crate::error::{MAX_DEPTH, Meter, RenderError};

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// `null`, and the value of an undefined reference.
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(Arc<str>),
    List(ListId),
    Map(MapId),
    Entry(EntryId),
    /// What `#define` assigned.
    Defined(DefinedId),
    /// `$foreach`, by the number of loops around it.
    Loop(usize),
    /// `$input`.
    Input,
    /// `$util`.
    Util,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListId(usize);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapId(usize);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryId(usize);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DefinedId(usize);

pub(crate) type Entries = IndexMap<Arc<str>, Value>;

#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) elements: Vec<Value>,
    /// A list from JSON prints as JSON; one made in the template as in Java.
    pub(crate) is_json: bool,
}

#[derive(Debug)]
pub(crate) struct Defined {
    pub(crate) body: Block,
    /// The number of its renderings in progress.
    pub(crate) open: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Heap {
    lists: Vec<List>,
    maps: Vec<Entries>,
    entries: Vec<(Arc<str>, Value)>,
    defined: Vec<Defined>,
}

impl Value {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn size(size: usize) -> Self {
        Self::Integer(i128::try_from(size).unwrap_or(i128::MAX))
    }

    /// Only `false` is false: undefined references, `""` and 0 count as true (recorded).
    pub(crate) fn is_true(&self) -> bool {
        !matches!(self, Self::Boolean(false))
    }
}

impl Heap {
    pub(crate) fn new_list(&mut self, elements: Vec<Value>) -> Value {
        self.push_list(List {
            elements,
            is_json: false,
        })
    }

    pub(crate) fn new_json_list(&mut self, elements: Vec<Value>) -> Value {
        self.push_list(List {
            elements,
            is_json: true,
        })
    }

    fn push_list(&mut self, list: List) -> Value {
        self.lists.push(list);
        Value::List(ListId(self.lists.len() - 1))
    }

    pub(crate) fn new_map(&mut self, entries: Entries) -> MapId {
        self.maps.push(entries);
        MapId(self.maps.len() - 1)
    }

    pub(crate) fn new_entry(&mut self, key: Arc<str>, value: Value) -> Value {
        self.entries.push((key, value));
        Value::Entry(EntryId(self.entries.len() - 1))
    }

    pub(crate) fn new_defined(&mut self, body: Block) -> Value {
        self.defined.push(Defined { body, open: 0 });
        Value::Defined(DefinedId(self.defined.len() - 1))
    }

    pub(crate) fn list(&self, id: ListId) -> &List {
        &self.lists[id.0]
    }

    pub(crate) fn list_mut(&mut self, id: ListId) -> &mut Vec<Value> {
        &mut self.lists[id.0].elements
    }

    pub(crate) fn map(&self, id: MapId) -> &Entries {
        &self.maps[id.0]
    }

    pub(crate) fn map_mut(&mut self, id: MapId) -> &mut Entries {
        &mut self.maps[id.0]
    }

    pub(crate) fn entry(&self, id: EntryId) -> &(Arc<str>, Value) {
        &self.entries[id.0]
    }

    pub(crate) fn defined_mut(&mut self, id: DefinedId) -> &mut Defined {
        &mut self.defined[id.0]
    }

    /// The number of elements; `None` for anything but a list or map.
    pub(crate) fn length(&self, of: &Value) -> Option<usize> {
        match of {
            Value::List(id) => Some(self.list(*id).elements.len()),
            Value::Map(id) => Some(self.map(*id).len()),
            _ => None,
        }
    }

    /// A list's element, a map's value.
    pub(crate) fn element(&self, of: &Value, index: usize) -> Option<Value> {
        match of {
            Value::List(id) => self.list(*id).elements.get(index).cloned(),
            Value::Map(id) => self
                .map(*id)
                .get_index(index)
                .map(|(_, value)| value.clone()),
            _ => None,
        }
    }

    /// A list's elements or a map's values; empty for anything else.
    pub(crate) fn elements(&self, of: &Value) -> Vec<Value> {
        match of {
            Value::List(id) => self.list(*id).elements.clone(),
            Value::Map(id) => self.map(*id).values().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// `==` of Velocity 1.7 (numbers by value, values of the same type by `equals`, others by their text), and of API Gateway,
    /// where an undefined reference equals both null and the empty string.
    pub(crate) fn equal(
        &self,
        left: &Value,
        right: &Value,
        meter: &mut Meter,
    ) -> Result<bool, RenderError> {
        self.equal_below(left, right, meter, 0)
    }

    fn equal_below(
        &self,
        left: &Value,
        right: &Value,
        meter: &mut Meter,
        depth: usize,
    ) -> Result<bool, RenderError> {
        if depth > MAX_DEPTH {
            return Err(RenderError::TooDeep);
        }
        meter.work(1)?;
        Ok(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Null, Value::Text(text)) | (Value::Text(text), Value::Null) => text.is_empty(),
            (Value::Null, _) | (_, Value::Null) => false,
            (Value::Boolean(left), Value::Boolean(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => {
                meter.text(left.len().min(right.len()))?;
                left == right
            }
            (Value::Integer(left), Value::Integer(right)) => left == right,
            (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => {
                compare_numbers(left, right) == Some(std::cmp::Ordering::Equal)
            }
            (Value::List(left), Value::List(right)) => {
                let (left, right) = (&self.list(*left).elements, &self.list(*right).elements);
                left.len() == right.len() && {
                    for (left, right) in left.iter().zip(right) {
                        if !self.equal_below(left, right, meter, depth + 1)? {
                            return Ok(false);
                        }
                    }
                    true
                }
            }
            (Value::Map(left), Value::Map(right)) => {
                let (left, right) = (self.map(*left), self.map(*right));
                left.len() == right.len() && {
                    for (key, left) in left {
                        let Some(right) = right.get(key) else {
                            return Ok(false);
                        };
                        if !self.equal_below(left, right, meter, depth + 1)? {
                            return Ok(false);
                        }
                    }
                    true
                }
            }
            _ => self.to_text(left, meter)? == self.to_text(right, meter)?,
        })
    }
}

/// Compares numbers by value; `None` if either is not a number.
pub(crate) fn compare_numbers(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        _ => as_float(left)?.partial_cmp(&as_float(right)?),
    }
}

/// A number as Java's `double`.
pub(crate) fn as_float(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "Java widens an integer to the nearest double"
        )]
        Value::Integer(integer) => Some(*integer as f64),
        Value::Float(float) => Some(*float),
        _ => None,
    }
}
