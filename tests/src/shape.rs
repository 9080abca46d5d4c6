//! The structure of a JSON value.

use serde_json::{Map, Value, json};

/// The names and types in `value`: `{"n": [1, 2], "s": "x"}` has the shape `{"n": ["number"], "s": "string"}`.
///
/// The elements of a list are merged into one; where their types differ, as `{"either": …, "or": …}`.
#[must_use]
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(elements) => elements
            .iter()
            .map(shape)
            .reduce(joined)
            .into_iter()
            .collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, member)| (name.clone(), shape(member)));
            Value::Object(members.collect())
        }
    }
}

fn joined(left: Value, right: Value) -> Value {
    match (left, right) {
        (left, right) if left == right => left,
        (Value::Array(left), Value::Array(right)) => left
            .into_iter()
            .chain(right)
            .reduce(joined)
            .into_iter()
            .collect(),
        (Value::Object(left), Value::Object(mut right)) if left.keys().eq(right.keys()) => {
            let members = left.into_iter().map(|(name, member)| {
                let other = right.remove(&name).unwrap_or_default();
                (name, joined(member, other))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        (left, right) => json!({"either": left, "or": right}),
    }
}
