//! Values that are a string or a list of strings.

use serde_json::Value;

use crate::Error;

/// A string or a list of them; numbers and bools are read as strings.
pub(crate) fn strings(value: &Value) -> Result<Vec<String>, Error> {
    let string = |value: &Value| match value {
        Value::String(string) => Ok(string.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Error::new("it is a string or a list of strings")),
    };
    match value {
        Value::Array(values) => values.iter().map(string).collect(),
        value => string(value).map(|string| vec![string]),
    }
}
