//! `#foreach`, `#break` and `$foreach`.

use std::sync::Arc;

use crate::ast::{Block, Expression};
use crate::error::{MAX_ITERATIONS, RenderError};
use crate::evaluator::{Evaluator, Flow, Loop};
use crate::value::Value;

impl Evaluator<'_> {
    pub(crate) fn foreach(
        &mut self,
        variable: &Arc<str>,
        over: &Expression,
        body: &Block,
        out: &mut String,
    ) -> Result<Flow, RenderError> {
        let over = self.expression(over)?;
        let Some(length) = self.heap.length(&over) else {
            return Ok(Flow::Done);
        };
        let outer = self.variables.get(variable).cloned();
        self.loops.push(Loop { index: 0, length });
        let mut end = Flow::Done;
        for index in 0..MAX_ITERATIONS {
            // As with Java's iterators, the next step fails after a change in length, unless it is the end.
            let now = self.heap.length(&over).unwrap_or_default();
            let Some(element) = self.heap.element(&over, index) else {
                break;
            };
            if now != length {
                return Err(RenderError::ChangedInLoop);
            }
            if let Some(running) = self.loops.last_mut() {
                running.index = index;
            }
            self.variables.insert(variable.clone(), element);
            end = self.block(body, out)?;
            if end != Flow::Done {
                break;
            }
        }
        self.loops.pop();
        let depth = self.loops.len();
        match outer {
            Some(value) => self.variables.insert(variable.clone(), value),
            None => self.variables.remove(variable),
        };
        Ok(match end {
            Flow::Break(outer) if outer < depth => end,
            Flow::Stop => end,
            Flow::Break(_) | Flow::Done => Flow::Done,
        })
    }

    /// `#break` or `#break($foreach.parent)`.
    pub(crate) fn break_out_of(&mut self, scope: Option<&Expression>) -> Result<Flow, RenderError> {
        let innermost = self.loops.len().saturating_sub(1);
        match scope.map(|scope| self.expression(scope)).transpose()? {
            None => Ok(Flow::Break(innermost)),
            Some(Value::Loop(depth)) => Ok(Flow::Break(depth)),
            Some(_) => Err(RenderError::Method {
                method: "#break",
                problem: "its argument is not a scope".to_owned(),
            }),
        }
    }

    pub(crate) fn loop_property(&self, depth: usize, name: &str) -> Value {
        let Some(running) = self.loops.get(depth) else {
            return Value::Null;
        };
        match name {
            "index" => Value::size(running.index),
            "count" => Value::size(running.index + 1),
            "first" => Value::Boolean(running.index == 0),
            "last" => Value::Boolean(running.index + 1 == running.length),
            "hasNext" => Value::Boolean(running.index + 1 < running.length),
            "parent" if depth > 0 => Value::Loop(depth - 1),
            "topmost" => Value::Loop(0),
            _ => Value::Null,
        }
    }
}
