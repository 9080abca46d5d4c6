//! Arithmetic and comparison.

use std::cmp::Ordering;

use crate::ast::Operator;
use crate::error::{Meter, RenderError};
use crate::value::{Heap, Value, as_float, compare_numbers};

/// `left operator right`, both evaluated. What can't be computed is null (arithmetic) or false (order), as in
/// Velocity 1.7. The evaluator handles `and` and `or`, which short-circuit.
pub(crate) fn apply(
    operator: Operator,
    left: &Value,
    right: &Value,
    heap: &Heap,
    meter: &mut Meter,
) -> Result<Value, RenderError> {
    let order = || compare_numbers(left, right);
    Ok(match operator {
        Operator::And => Value::Boolean(left.is_true() && right.is_true()),
        Operator::Or => Value::Boolean(left.is_true() || right.is_true()),
        Operator::Equal => Value::Boolean(heap.equal(left, right, meter)?),
        Operator::NotEqual => Value::Boolean(!heap.equal(left, right, meter)?),
        Operator::Less => Value::Boolean(order() == Some(Ordering::Less)),
        Operator::LessOrEqual => Value::Boolean(order().is_some_and(Ordering::is_le)),
        Operator::Greater => Value::Boolean(order() == Some(Ordering::Greater)),
        Operator::GreaterOrEqual => Value::Boolean(order().is_some_and(Ordering::is_ge)),
        Operator::Add if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) => {
            let (left, right) = (heap.to_text(left, meter)?, heap.to_text(right, meter)?);
            meter.text(left.len() + right.len())?;
            Value::text(format!("{left}{right}"))
        }
        Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Remainder => arithmetic(operator, left, right)?,
    })
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, RenderError> {
    if let (Value::Integer(left), Value::Integer(right)) = (left, right) {
        let result = match operator {
            Operator::Add => left.checked_add(*right),
            Operator::Subtract => left.checked_sub(*right),
            Operator::Multiply => left.checked_mul(*right),
            _ if *right == 0 => return Ok(Value::Null),
            Operator::Divide => left.checked_div(*right),
            _ => left.checked_rem(*right),
        };
        return result.map(Value::Integer).ok_or(RenderError::Overflow);
    }
    let (Some(left), Some(right)) = (as_float(left), as_float(right)) else {
        return Ok(Value::Null);
    };
    Ok(match operator {
        Operator::Add => Value::Float(left + right),
        Operator::Subtract => Value::Float(left - right),
        Operator::Multiply => Value::Float(left * right),
        _ if right == 0.0 => Value::Null,
        Operator::Divide => Value::Float(left / right),
        _ => Value::Float(left % right),
    })
}
