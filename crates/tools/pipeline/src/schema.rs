//! JSON Schema, as far as the published schema of pipelines uses it (draft 07).
//!
//! A crate for all of JSON Schema brings some thirty others; this schema has a dozen keywords. One that isn't known here
//! is an error, so that a newer schema can't be passed by what it newly asks.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with a value; nothing if it is of a schema's definition.
#[must_use]
pub fn violations(schema: &Value, definition: &str, value: &Value) -> Vec<String> {
    let patterns = RefCell::default();
    let checker = Checker { schema, patterns };
    let reference = format!("#/definitions/{definition}");
    checker.by_reference(&reference, definition, value)
}

struct Checker<'a> {
    schema: &'a Value,
    /// Each is asked hundreds of times.
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

impl Checker<'_> {
    fn by_reference(&self, reference: &str, path: &str, value: &Value) -> Vec<String> {
        let pointer = reference.strip_prefix('#').unwrap_or(reference);
        match self.schema.pointer(pointer).and_then(Value::as_object) {
            Some(schema) => self.check(schema, path, value),
            None => vec![format!("{path}: the schema has no {reference}")],
        }
    }

    fn check(&self, schema: &Map<String, Value>, path: &str, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        for (keyword, rule) in schema {
            match keyword.as_str() {
                "$ref" => {
                    wrong.extend(self.by_reference(rule.as_str().unwrap_or_default(), path, value));
                }
                "type" if !is_of_type(value, rule) => wrong.push(format!("{path}: must be {rule}")),
                "pattern" if !self.fits(value, rule) => {
                    wrong.push(format!("{path}: {value} does not match {rule}"));
                }
                "enum" if !rule.as_array().is_some_and(|values| values.contains(value)) => {
                    wrong.push(format!("{path}: {value} is none of {rule}"));
                }
                "minProperties" if !has_at_least(value, rule) => {
                    wrong.push(format!("{path}: has too few keys"));
                }
                "required" => {
                    let names = rule
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str);
                    let missing =
                        names.filter(|name| value.is_object() && value.get(name).is_none());
                    wrong.extend(missing.map(|name| format!("{path}: lacks {name}")));
                }
                "items" => {
                    for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
                        wrong.extend(self.rule(rule, &format!("{path}[{index}]"), entry));
                    }
                }
                "properties" => {
                    for (name, entry) in value.as_object().into_iter().flatten() {
                        if let Some(rule) = rule.get(name) {
                            wrong.extend(self.rule(rule, &format!("{path}.{name}"), entry));
                        }
                    }
                }
                "patternProperties" => {
                    for (name, entry) in value.as_object().into_iter().flatten() {
                        for (_, rule) in self.by_pattern(rule, name) {
                            wrong.extend(self.rule(rule, &format!("{path}.{name}"), entry));
                        }
                    }
                }
                "additionalProperties" => wrong.extend(self.additional(schema, rule, path, value)),
                "anyOf" | "oneOf" => wrong.extend(self.one_of(keyword, rule, path, value)),
                "type" | "pattern" | "enum" | "minProperties" | "title" | "description"
                | "examples" => {}
                _ => wrong.push(format!(
                    "{path}: the schema's keyword {keyword} is not known here"
                )),
            }
        }
        wrong
    }

    /// A schema that stands for itself: an object, or `true` and `false`.
    fn rule(&self, rule: &Value, path: &str, value: &Value) -> Vec<String> {
        match rule {
            Value::Bool(true) => Vec::new(),
            Value::Object(schema) => self.check(schema, path, value),
            _ => vec![format!("{path}: must not be there")],
        }
    }

    fn additional(
        &self,
        schema: &Map<String, Value>,
        rule: &Value,
        path: &str,
        value: &Value,
    ) -> Vec<String> {
        let named = |name: &str| {
            let properties = schema
                .get("properties")
                .is_some_and(|known| known.get(name).is_some());
            let patterns = schema.get("patternProperties");
            properties
                || patterns.is_some_and(|known| self.by_pattern(known, name).next().is_some())
        };
        let entries = value.as_object().into_iter().flatten();
        let others = entries.filter(|(name, _)| !named(name));
        others
            .flat_map(|(name, entry)| self.rule(rule, &format!("{path}.{name}"), entry))
            .collect()
    }

    fn is_match(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let compiled = patterns
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).ok());
        compiled
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(text))
    }

    /// Patterns are asked of text only.
    fn fits(&self, value: &Value, pattern: &Value) -> bool {
        match (value.as_str(), pattern.as_str()) {
            (Some(text), Some(pattern)) => self.is_match(pattern, text),
            _ => !value.is_string(),
        }
    }

    fn by_pattern<'a>(
        &self,
        patterns: &'a Value,
        name: &str,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let patterns = patterns.as_object().into_iter().flatten();
        patterns.filter(move |(pattern, _)| self.is_match(pattern, name))
    }

    /// Of the alternatives that none fits, the one whose objections lie deepest is what was meant.
    fn one_of(&self, keyword: &str, rules: &Value, path: &str, value: &Value) -> Vec<String> {
        let rules = rules.as_array().into_iter().flatten();
        let answers: Vec<Vec<String>> = rules.map(|rule| self.rule(rule, path, value)).collect();
        let fitting = answers.iter().filter(|wrong| wrong.is_empty()).count();
        match (keyword, fitting) {
            ("oneOf", 2..) => vec![format!("{path}: fits {fitting} alternatives")],
            (_, 1..) => Vec::new(),
            (_, 0) => {
                let depth = |wrong: &String| wrong.split(": ").next().map_or(0, str::len);
                let meant = answers
                    .into_iter()
                    .max_by_key(|wrong| wrong.iter().map(depth).min());
                meant.unwrap_or_else(|| vec![format!("{path}: has no alternative")])
            }
        }
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        _ => false,
    }
}

fn has_at_least(value: &Value, least: &Value) -> bool {
    let length = value.as_object().map(|entries| entries.len() as u64);
    length.is_none_or(|length| Some(length) >= least.as_u64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        let schema = json!({"definitions": {
            "list": {"type": "array", "items": {"$ref": "#/definitions/entry"}},
            "entry": {"anyOf": [
                {"type": "string", "pattern": "^a+$"},
                {"type": "object", "required": ["job"], "additionalProperties": false, "minProperties": 1,
                 "properties": {"job": {"type": "string"}, "kind": {"enum": ["x", "y"]}},
                 "patternProperties": {"^n": {"type": "array"}}},
            ]},
            "newer": {"const": 1},
        }});
        let check =
            |definition: &str, value: Value| violations(&schema, definition, &value).join("; ");
        assert_eq!(
            check("list", json!(["aa", {"job": "a", "kind": "x", "n1": []}])),
            ""
        );
        assert_eq!(
            check("list", json!([{"job": {}}])),
            r#"list[0].job: must be "string""#
        );
        assert_eq!(
            check("list", json!([{"job": "a", "steps": []}])),
            "list[0].steps: must not be there"
        );
        assert_eq!(
            check("list", json!([{"job": "a", "kind": "z"}])),
            r#"list[0].kind: "z" is none of ["x","y"]"#
        );
        assert_eq!(
            check("list", json!([{"job": "a", "n1": "b"}])),
            r#"list[0].n1: must be "array""#
        );
        assert!(check("list", json!([{"kind": "x"}])).contains("list[0]"));
        assert!(check("list", json!(["b"])).contains("list[0]"));
        assert!(check("newer", json!(1)).contains("const is not known"));
        assert!(check("none", json!(1)).contains("has no #/definitions/none"));
    }
}
