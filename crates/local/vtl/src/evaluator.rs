//! Renders a parsed template.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Access, Expression, Node, Operator, Reference};
use crate::error::{MAX_TEXT_BYTES, Meter, RenderError};
use crate::gateway_objects::GatewayObjects;
use crate::methods;
use crate::operators;
use crate::regex_cache::{RegexCache, RenderingRegexes};
use crate::text_methods;
use crate::util;
use crate::value::{DefinedId, Heap, Value};

/// The limit on nested renderings of one `#define`, as Velocity's `directive.define.maxdepth`.
const MAX_OPEN_DEFINITIONS: usize = 2;

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Done,
    /// `#break`: ends the loop that has this number of loops around it, or the template if there is none.
    Break(usize),
    /// `#stop`.
    Stop,
}

/// A loop that is running.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) index: usize,
    pub(crate) length: usize,
}

pub(crate) struct Evaluator<'r> {
    pub(crate) heap: Heap,
    pub(crate) meter: Meter,
    request: GatewayObjects<'r>,
    pub(crate) variables: HashMap<Arc<str>, Value>,
    pub(crate) loops: Vec<Loop>,
    patterns: RenderingRegexes,
    /// `#stop` or `#break` in a string, or `#stop` in a `#define`: what contains it ends as soon as possible.
    interrupted: Option<Flow>,
}

impl<'r> Evaluator<'r> {
    pub(crate) fn new(heap: Heap, request: GatewayObjects<'r>, kept: &RegexCache) -> Self {
        let variables = HashMap::from([
            ("input".into(), Value::Input),
            ("util".into(), Value::Util),
            ("context".into(), Value::Map(request.context)),
            ("stageVariables".into(), Value::Map(request.stage_variables)),
        ]);
        Self {
            heap,
            meter: Meter::new(),
            request,
            variables,
            loops: Vec::new(),
            patterns: RenderingRegexes::new(kept),
            interrupted: None,
        }
    }

    /// Renders the statements and appends the output to `out`.
    pub(crate) fn block(&mut self, nodes: &[Node], out: &mut String) -> Result<Flow, RenderError> {
        self.meter.enter()?;
        let mut flow = self.interrupted.take().unwrap_or(Flow::Done);
        for node in nodes {
            if flow != Flow::Done {
                break;
            }
            flow = self.node(node, out)?;
            flow = self.interrupted.take().unwrap_or(flow);
        }
        self.meter.leave();
        Ok(flow)
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<Flow, RenderError> {
        self.meter.work(1)?;
        match node {
            Node::Text(text) => self.write(text, out)?,
            Node::Reference(reference) => {
                let value = self.reference(reference)?;
                let text = self.text(&value)?;
                self.write(&text, out)?;
            }
            Node::Escaped { reference, source } => {
                self.reference(reference)?;
                self.write(source, out)?;
            }
            Node::Set { target, value } => {
                let value = self.expression(value)?;
                self.assign(target, value)?;
            }
            Node::If {
                branches,
                otherwise,
            } => {
                for (condition, body) in branches {
                    if self.expression(condition)?.is_true() {
                        return self.block(body, out);
                    }
                }
                return self.block(otherwise, out);
            }
            Node::Foreach {
                variable,
                over,
                body,
            } => return self.foreach(variable, over, body, out),
            Node::Define { name, body } => {
                let defined = self.heap.new_defined(body.clone());
                self.variables.insert(name.clone(), defined);
            }
            Node::Break(scope) => return self.break_out_of(scope.as_ref()),
            Node::Stop => return Ok(Flow::Stop),
        }
        Ok(Flow::Done)
    }

    fn write(&mut self, text: &str, out: &mut String) -> Result<(), RenderError> {
        self.meter.text(text.len())?;
        if out.len() + text.len() > MAX_TEXT_BYTES {
            return Err(RenderError::TooLong);
        }
        out.push_str(text);
        Ok(())
    }

    /// The value as printed; a `#define` is rendered.
    fn text(&mut self, value: &Value) -> Result<Arc<str>, RenderError> {
        match value {
            Value::Defined(id) => self.defined(*id),
            _ => self.heap.to_text(value, &mut self.meter),
        }
    }

    fn defined(&mut self, id: DefinedId) -> Result<Arc<str>, RenderError> {
        let defined = self.heap.defined_mut(id);
        if defined.open >= MAX_OPEN_DEFINITIONS {
            return Ok(Arc::default());
        }
        defined.open += 1;
        let body = defined.body.clone();
        let mut out = String::new();
        if self.block(&body, &mut out)? == Flow::Stop {
            self.interrupted = Some(Flow::Stop);
        }
        self.heap.defined_mut(id).open -= 1;
        Ok(out.into())
    }

    pub(crate) fn expression(&mut self, expression: &Expression) -> Result<Value, RenderError> {
        self.meter.enter()?;
        let value = self.evaluate(expression)?;
        self.meter.leave();
        Ok(value)
    }

    fn evaluate(&mut self, expression: &Expression) -> Result<Value, RenderError> {
        Ok(match expression {
            Expression::Null => Value::Null,
            Expression::Boolean(boolean) => Value::Boolean(*boolean),
            Expression::Integer(integer) => Value::Integer(*integer),
            Expression::Float(float) => Value::Float(*float),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Interpolated(block) => {
                let mut text = String::new();
                let flow = self.block(block, &mut text)?;
                if flow != Flow::Done {
                    self.interrupted = Some(flow);
                }
                Value::text(text)
            }
            Expression::Reference(reference) => match self.reference(reference)? {
                Value::Defined(id) => Value::Text(self.defined(id)?),
                value => value,
            },
            Expression::List(elements) => {
                let elements = self.expressions(elements)?;
                self.heap.new_list(elements)
            }
            Expression::Range(from, to) => {
                let (from, to) = (self.expression(from)?, self.expression(to)?);
                self.range(&from, &to)?
            }
            Expression::Map(pairs) => {
                let mut entries = crate::value::Entries::new();
                for (key, value) in pairs {
                    let key = self.expression(key)?;
                    let key = self.text(&key)?;
                    entries.insert(key, self.expression(value)?);
                }
                Value::Map(self.heap.new_map(entries))
            }
            Expression::Not(operand) => Value::Boolean(!self.expression(operand)?.is_true()),
            Expression::Binary(operator, left, right) => {
                let left = self.expression(left)?;
                match operator {
                    Operator::And if !left.is_true() => Value::Boolean(false),
                    Operator::Or if left.is_true() => Value::Boolean(true),
                    _ => {
                        let right = self.expression(right)?;
                        operators::apply(*operator, &left, &right, &self.heap, &mut self.meter)?
                    }
                }
            }
        })
    }

    fn expressions(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, RenderError> {
        expressions
            .iter()
            .map(|expression| self.expression(expression))
            .collect()
    }

    /// A range includes both ends; a range of anything but integers is null.
    fn range(&mut self, from: &Value, to: &Value) -> Result<Value, RenderError> {
        let (Value::Integer(from), Value::Integer(to)) = (from, to) else {
            return Ok(Value::Null);
        };
        let length = from.abs_diff(*to);
        self.meter
            .work(usize::try_from(length).unwrap_or(usize::MAX))?;
        let range: Vec<Value> = if from <= to {
            (*from..=*to).map(Value::Integer).collect()
        } else {
            (*to..=*from).rev().map(Value::Integer).collect()
        };
        Ok(self.heap.new_list(range))
    }

    pub(crate) fn reference(&mut self, reference: &Reference) -> Result<Value, RenderError> {
        let mut value = self.variable(&reference.name);
        for access in &reference.accesses {
            value = self.access(&value, access)?;
        }
        Ok(value)
    }

    fn variable(&self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        match (name, self.loops.last()) {
            ("foreach", Some(_)) => Value::Loop(self.loops.len() - 1),
            ("velocityCount", Some(running)) => Value::size(running.index + 1),
            ("velocityHasNext", Some(running)) => {
                Value::Boolean(running.index + 1 < running.length)
            }
            _ => Value::Null,
        }
    }

    fn access(&mut self, value: &Value, access: &Access) -> Result<Value, RenderError> {
        self.meter.work(1)?;
        match access {
            Access::Property(name) => Ok(self.property(value, name)),
            Access::Method(name, arguments) => {
                let arguments = self.expressions(arguments)?;
                let result = self.call(value, name, &arguments)?;
                if let Some(Value::Text(text)) = &result {
                    self.meter.text(text.len())?;
                }
                Ok(result.unwrap_or(Value::Null))
            }
            Access::Index(index) => {
                let index = self.expression(index)?;
                match (value, &index) {
                    (Value::List(id), Value::Integer(index)) => {
                        let elements = &self.heap.list(*id).elements;
                        Ok(elements[methods::element_index(*index, elements.len(), true)?].clone())
                    }
                    (Value::Map(id), _) => {
                        let key = self.text(&index)?;
                        Ok(self.heap.map(*id).get(&key).cloned().unwrap_or(Value::Null))
                    }
                    _ => Ok(Value::Null),
                }
            }
        }
    }

    fn property(&self, value: &Value, name: &str) -> Value {
        match value {
            Value::Map(id) => self.heap.map(*id).get(name).cloned().unwrap_or(Value::Null),
            Value::List(id) if name == "empty" => {
                Value::Boolean(self.heap.list(*id).elements.is_empty())
            }
            Value::Text(text) if name == "empty" => Value::Boolean(text.is_empty()),
            Value::Entry(id) => match name {
                "key" => Value::Text(self.heap.entry(*id).0.clone()),
                "value" => self.heap.entry(*id).1.clone(),
                _ => Value::Null,
            },
            Value::Loop(depth) => self.loop_property(*depth, name),
            Value::Input if name == "body" => self.request.body(),
            _ => Value::Null,
        }
    }

    fn call(
        &mut self,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>, RenderError> {
        let (heap, meter) = (&mut self.heap, &mut self.meter);
        match value {
            Value::Text(text) => {
                text_methods::call(text, name, arguments, heap, &mut self.patterns, meter)
            }
            Value::List(id) => methods::of_list(*id, name, arguments, heap, meter),
            Value::Map(id) => methods::of_map(*id, name, arguments, heap, meter),
            Value::Entry(id) => methods::of_entry(*id, name, arguments, heap, meter),
            Value::Integer(_) | Value::Float(_) => {
                methods::of_number(value, name, arguments, heap, meter)
            }
            Value::Boolean(boolean) => methods::of_boolean(*boolean, name, arguments, heap, meter),
            Value::Util => util::call(name, arguments, heap, meter),
            Value::Input => self.request.call(name, arguments, heap, meter),
            Value::Defined(id) => {
                let text = self.defined(*id)?;
                self.call(&Value::Text(text), name, arguments)
            }
            Value::Loop(depth) => {
                let getter = match name {
                    "getIndex" => "index",
                    "getCount" => "count",
                    "isFirst" => "first",
                    "isLast" => "last",
                    "hasNext" => "hasNext",
                    "getParent" => "parent",
                    "getTopmost" => "topmost",
                    _ => return Ok(None),
                };
                Ok(Some(self.loop_property(*depth, getter)))
            }
            Value::Null => Ok(None),
        }
    }

    /// `#set`. Assigning to a property of anything but a map, or to an index of anything but a map or list, does nothing.
    fn assign(&mut self, target: &Reference, value: Value) -> Result<(), RenderError> {
        let Some((last, path)) = target.accesses.split_last() else {
            self.variables.insert(target.name.clone(), value);
            return Ok(());
        };
        let mut owner = self.variable(&target.name);
        for access in path {
            owner = self.access(&owner, access)?;
        }
        match (owner, last) {
            (Value::Map(id), Access::Property(name)) => {
                self.heap.map_mut(id).insert(name.clone(), value);
            }
            (Value::Map(id), Access::Index(index)) => {
                let key = self.expression(index)?;
                let key = self.text(&key)?;
                self.heap.map_mut(id).insert(key, value);
            }
            (Value::List(id), Access::Index(index)) => {
                if let Value::Integer(index) = self.expression(index)? {
                    let elements = self.heap.list_mut(id);
                    let at = methods::element_index(index, elements.len(), true)?;
                    elements[at] = value;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
