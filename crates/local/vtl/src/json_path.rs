//! `JSONPath` for `$input.path` and `$input.json`: Jayway's dialect, as far as templates use it.
//!
//! <https://github.com/json-path/JsonPath#readme>

mod filter;
mod parser;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{MAX_DEPTH, Meter, RenderError};
use crate::text_methods::units;
use crate::value::{Entries, Heap, Value, compare_numbers};

use filter::{Comparison, Filter, Operand};

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// `..`: the selector applies to everything below as well.
    descends: bool,
    selector: Selector,
}

#[derive(Debug, Clone, PartialEq)]
enum Selector {
    Property(Arc<str>),
    Properties(Vec<Arc<str>>),
    Wildcard,
    Indexes(Vec<i128>),
    Slice(Option<i128>, Option<i128>),
    Filter(Filter),
    /// `length()` or `size()`.
    Length,
    /// `keys()`.
    Keys,
}

impl JsonPath {
    pub(crate) fn parse(path: &str) -> Result<Self, RenderError> {
        parser::parse(path).map_err(|problem| RenderError::JsonPath {
            path: path.to_owned(),
            problem,
        })
    }

    /// Whether the path is definite: it names at most one value. Any other returns a list.
    fn is_definite(&self) -> bool {
        let (last, inner) = match self.steps.split_last() {
            Some((last, inner)) => (Some(last), inner),
            None => (None, &[][..]),
        };
        let definite = |step: &Step, is_last: bool| {
            !step.descends
                && match &step.selector {
                    Selector::Property(_) | Selector::Length | Selector::Keys => true,
                    Selector::Properties(_) => is_last,
                    Selector::Indexes(indexes) => indexes.len() == 1,
                    Selector::Wildcard | Selector::Slice(..) | Selector::Filter(_) => false,
                }
        };
        inner.iter().all(|step| definite(step, false))
            && last.is_none_or(|step| definite(step, true))
    }

    /// The value that the path finds below `root`; `None` if a definite path finds none.
    pub(crate) fn read(
        &self,
        root: &Value,
        heap: &mut Heap,
        meter: &mut Meter,
    ) -> Result<Option<Value>, RenderError> {
        let mut found = self.select(root, root, heap, meter)?;
        if self.is_definite() {
            return Ok(found.pop());
        }
        Ok(Some(heap.new_json_list(found)))
    }

    fn select(
        &self,
        start: &Value,
        root: &Value,
        heap: &mut Heap,
        meter: &mut Meter,
    ) -> Result<Vec<Value>, RenderError> {
        let mut current = vec![start.clone()];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in &current {
                if step.descends {
                    descend(&step.selector, value, root, heap, meter, &mut next, 0)?;
                } else {
                    step.selector.apply(value, root, heap, meter, &mut next)?;
                }
            }
            current = next;
        }
        Ok(current)
    }
}

/// Applies the selector to a value and to everything below it, parents first.
fn descend(
    selector: &Selector,
    value: &Value,
    root: &Value,
    heap: &mut Heap,
    meter: &mut Meter,
    found: &mut Vec<Value>,
    depth: usize,
) -> Result<(), RenderError> {
    if depth > 2 * MAX_DEPTH {
        return Err(RenderError::TooDeep);
    }
    meter.work(1)?;
    selector.apply(value, root, heap, meter, found)?;
    for child in heap.elements(value) {
        descend(selector, &child, root, heap, meter, found, depth + 1)?;
    }
    Ok(())
}

impl Selector {
    fn apply(
        &self,
        value: &Value,
        root: &Value,
        heap: &mut Heap,
        meter: &mut Meter,
        found: &mut Vec<Value>,
    ) -> Result<(), RenderError> {
        meter.work(1)?;
        match (self, value) {
            (Self::Property(name), Value::Map(id)) => {
                found.extend(heap.map(*id).get(name).cloned());
            }
            (Self::Properties(names), Value::Map(id)) => {
                let mut chosen = Entries::new();
                for name in names {
                    if let Some(value) = heap.map(*id).get(name) {
                        chosen.insert(name.clone(), value.clone());
                    }
                }
                found.push(Value::Map(heap.new_map(chosen)));
            }
            (Self::Wildcard, _) => {
                let children = heap.elements(value);
                meter.work(children.len())?;
                found.extend(children);
            }
            (Self::Indexes(indexes), Value::List(id)) => {
                let elements = &heap.list(*id).elements;
                for index in indexes {
                    found.extend(
                        position(*index, elements.len())
                            .and_then(|at| elements.get(at))
                            .cloned(),
                    );
                }
            }
            (Self::Slice(from, to), Value::List(id)) => {
                let elements = &heap.list(*id).elements;
                let from = bound(from.unwrap_or(0), elements.len());
                let to = to.map_or(elements.len(), |to| bound(to, elements.len()));
                meter.work(to.saturating_sub(from))?;
                found.extend(elements.get(from..to).unwrap_or_default().iter().cloned());
            }
            (Self::Filter(filter), Value::List(id)) => {
                for element in heap.list(*id).elements.clone() {
                    if matches(filter, &element, root, heap, meter)? {
                        found.push(element);
                    }
                }
            }
            (Self::Filter(filter), Value::Map(_)) if matches(filter, value, root, heap, meter)? => {
                found.push(value.clone());
            }
            (Self::Length, Value::List(id)) => {
                found.push(Value::size(heap.list(*id).elements.len()));
            }
            (Self::Length, Value::Map(id)) => found.push(Value::size(heap.map(*id).len())),
            (Self::Length, Value::Text(text)) => found.push(Value::size(units(text))),
            (Self::Keys, Value::Map(id)) => {
                let keys = heap.map(*id).keys().cloned().map(Value::Text).collect();
                found.push(heap.new_json_list(keys));
            }
            _ => {}
        }
        Ok(())
    }
}

/// An index from the front, or a negative one from the back.
fn position(index: i128, length: usize) -> Option<usize> {
    let length = i128::try_from(length).ok()?;
    usize::try_from(if index < 0 {
        index.checked_add(length)?
    } else {
        index
    })
    .ok()
}

/// A slice's bound, clamped to the list.
fn bound(index: i128, length: usize) -> usize {
    if index < 0 {
        position(index, length).unwrap_or(0)
    } else {
        position(index, length).unwrap_or(length).min(length)
    }
}

fn matches(
    filter: &Filter,
    item: &Value,
    root: &Value,
    heap: &mut Heap,
    meter: &mut Meter,
) -> Result<bool, RenderError> {
    meter.work(1)?;
    Ok(match filter {
        Filter::Or(left, right) => {
            matches(left, item, root, heap, meter)? || matches(right, item, root, heap, meter)?
        }
        Filter::And(left, right) => {
            matches(left, item, root, heap, meter)? && matches(right, item, root, heap, meter)?
        }
        Filter::Not(inner) => !matches(inner, item, root, heap, meter)?,
        Filter::Exists(operand) => resolve(operand, item, root, heap, meter)?.is_some(),
        Filter::Compare(left, comparison, right) => {
            let (left, right) = (
                resolve(left, item, root, heap, meter)?,
                resolve(right, item, root, heap, meter)?,
            );
            let (Some(left), Some(right)) = (left, right) else {
                // A missing value differs from everything.
                return Ok(*comparison == Comparison::NotEqual);
            };
            let order = match (&left, &right) {
                (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
                _ => compare_numbers(&left, &right),
            };
            match comparison {
                Comparison::Equal => same(&left, &right, heap, meter)?,
                Comparison::NotEqual => !same(&left, &right, heap, meter)?,
                Comparison::Less => order == Some(Ordering::Less),
                Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
                Comparison::Greater => order == Some(Ordering::Greater),
                Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
            }
        }
    })
}

/// Equality of JSON values; different types are not equal.
fn same(left: &Value, right: &Value, heap: &Heap, meter: &mut Meter) -> Result<bool, RenderError> {
    let like = std::mem::discriminant(left) == std::mem::discriminant(right)
        || compare_numbers(left, right).is_some();
    Ok(like && heap.equal(left, right, meter)?)
}

fn resolve(
    operand: &Operand,
    item: &Value,
    root: &Value,
    heap: &mut Heap,
    meter: &mut Meter,
) -> Result<Option<Value>, RenderError> {
    let (path, start) = match operand {
        Operand::Null => return Ok(Some(Value::Null)),
        Operand::Boolean(boolean) => return Ok(Some(Value::Boolean(*boolean))),
        Operand::Integer(integer) => return Ok(Some(Value::Integer(*integer))),
        Operand::Float(float) => return Ok(Some(Value::Float(*float))),
        Operand::Text(text) => return Ok(Some(Value::Text(text.clone()))),
        Operand::Item(path) => (path, item),
        Operand::Root(path) => (path, root),
    };
    let found = path.select(start, root, heap, meter)?;
    if path.is_definite() {
        return Ok(found.into_iter().next());
    }
    Ok((!found.is_empty()).then(|| heap.new_json_list(found)))
}
