//! Deserializing nodes: conversions, errors and their places.

use std::collections::BTreeMap;

use cfn::{Node, Span, from_node};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Function {
    name: String,
    memory_size: Option<u32>,
    #[serde(default)]
    tracing: bool,
    mode: Option<Mode>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: Vec<Tag>,
    policy: Option<Node>,
    weight: Option<f64>,
    offset: Option<i64>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Mode {
    Active,
    PassThrough,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

fn read(text: &str) -> Result<Function, String> {
    let node = Node::parse(text).map_err(|error| error.to_string())?;
    from_node(&node).map_err(|error| error.to_string())
}

#[test]
fn scalars_are_converted_as_cloudformation_does() {
    let function = read(
        "Name: 5\nMemorySize: '256'\nTracing: 'true'\nMode: Active\nWeight: '0.5'\nOffset: '-3'\n\
         Variables: {SIZES: 256, FLAG: true, TEXT: x}\nTags: [{Key: a, Value: 1.5}]",
    )
    .unwrap();
    assert_eq!(function.name, "5");
    assert_eq!(function.memory_size, Some(256));
    assert!(function.tracing);
    assert_eq!(function.mode, Some(Mode::Active));
    assert_eq!(function.weight, Some(0.5));
    assert_eq!(function.offset, Some(-3));
    let variables: Vec<_> = function.variables.values().map(String::as_str).collect();
    assert_eq!(variables, ["true", "256", "x"]);
    assert_eq!(function.tags[0].value, "1.5");
}

#[test]
fn a_node_keeps_its_places() {
    let function = read("Name: f\nPolicy:\n  Statement:\n    - Effect: Allow\n").unwrap();
    let policy = function.policy.unwrap();
    assert_eq!(policy.span, Span { line: 3, column: 3 });
    let statement = &policy.get("Statement").unwrap().as_list().unwrap()[0];
    assert_eq!(statement.span, Span { line: 4, column: 7 });
}

#[test]
fn a_node_cannot_be_read_from_json() {
    assert!(serde_json::from_str::<Node>("{}").is_err());
    assert!(serde_json::from_str::<Node>("null").is_err());
}

#[test]
fn refusals_name_the_place() {
    for (text, expected) in [
        (
            "Name: f\nMemory: 1",
            "2:1: Memory: unknown field `Memory`, expected one of `Name`, `MemorySize`, `Tracing`, `Mode`, \
             `Variables`, `Tags`, `Policy`, `Weight`, `Offset`",
        ),
        ("\nMemorySize: 1", "2:1: missing field `Name`"),
        (
            "Name: f\nMemorySize: lots",
            "2:13: MemorySize: invalid type: string \"lots\", expected u32",
        ),
        (
            "Name: f\nMemorySize: -1",
            "2:13: MemorySize: invalid value: integer `-1`, expected u32",
        ),
        (
            "Name: f\nTracing: 1",
            "2:10: Tracing: invalid type: integer `1`, expected a boolean",
        ),
        (
            "Name: [f]",
            "1:7: Name: invalid type: sequence, expected a string",
        ),
        (
            "Name: f\nMode: Lazy",
            "2:7: Mode: unknown variant `Lazy`, expected `Active` or `PassThrough`",
        ),
        (
            "Name: f\nMode: {Active: 1}",
            "2:16: Mode: this choice takes no value",
        ),
        (
            "Name: f\nTags:\n- Key: a\n  Value: b\n- Key: a\n  Val: b",
            "6:3: Tags[1].Val: unknown field `Val`, expected `Key` or `Value`",
        ),
        (
            "Name: f\nVariables:\n  A:\n    - b",
            "4:5: Variables.A: invalid type: sequence, expected a string",
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
}
