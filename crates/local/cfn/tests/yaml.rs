//! YAML with the exceptions of the template format.

use cfn::{Node, Span};
use serde_json::json;

fn refused(text: &str) -> String {
    Node::parse(text).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

#[test]
fn scalars_have_the_type_of_their_spelling() {
    for (text, expected) in [
        ("2012-10-17", json!("2012-10-17")),
        ("5", json!(5)),
        ("-5", json!(-5)),
        ("0", json!(0)),
        ("0.5", json!(0.5)),
        ("18446744073709551615", json!(u64::MAX)),
        ("18446744073709551616", json!("18446744073709551616")),
        ("0755", json!("0755")),
        ("012345678901", json!("012345678901")),
        ("1_000", json!("1_000")),
        ("1e3", json!("1e3")),
        ("0x1f", json!("0x1f")),
        ("12:30", json!("12:30")),
        ("1.2.3", json!("1.2.3")),
        (".inf", json!(".inf")),
        ("true", json!(true)),
        ("No", json!(false)),
        ("on", json!(true)),
        ("y", json!("y")),
        ("~", json!(null)),
        ("'5'", json!("5")),
        ("\"true\"", json!("true")),
        ("!!str 5", json!("5")),
        ("!!int 5", json!(5)),
        ("|\n  a\n  b\n", json!("a\nb\n")),
        (">-\n  a\n  b\n", json!("a b")),
        (
            "{\"a\": [1, \"b\", {\"200\": false}]}",
            json!({"a": [1, "b", {"200": false}]}),
        ),
    ] {
        assert_eq!(Node::parse(text).unwrap().to_json(), expected, "{text}");
    }
}

#[test]
fn short_intrinsics_are_read_as_long_ones() {
    for (text, expected) in [
        ("!Ref A", json!({"Ref": "A"})),
        ("!Ref 5", json!({"Ref": "5"})),
        ("!Condition A", json!({"Condition": "A"})),
        ("!GetAtt A.Arn", json!({"Fn::GetAtt": "A.Arn"})),
        (
            "!If [A, !Ref B, 5]",
            json!({"Fn::If": ["A", {"Ref": "B"}, 5]}),
        ),
        (
            "!Sub\n- x\n- a: !Ref B",
            json!({"Fn::Sub": ["x", {"a": {"Ref": "B"}}]}),
        ),
        (
            "Fn::Base64: !Sub x",
            json!({"Fn::Base64": {"Fn::Sub": "x"}}),
        ),
    ] {
        assert_eq!(Node::parse(text).unwrap().to_json(), expected, "{text}");
    }
}

#[test]
fn places_count_from_one_and_in_characters() {
    let node = Node::parse("A:\n  é: [x, y]\n").unwrap();
    let entries = node.get("A").unwrap().as_map().unwrap();
    assert_eq!(entries[0].1, Span { line: 2, column: 3 });
    let list = entries[0].2.as_list().unwrap();
    assert_eq!(
        list[1].span,
        Span {
            line: 2,
            column: 10
        }
    );
}

#[test]
fn order_is_kept() {
    let node = Node::parse("b: 1\na: 2\nc: 3").unwrap();
    let keys: Vec<_> = node
        .as_map()
        .unwrap()
        .iter()
        .map(|(key, _, _)| key.as_str())
        .collect();
    assert_eq!(keys, ["b", "a", "c"]);
}

#[test]
fn refusals_name_the_place() {
    assert_eq!(
        refused("a: &x 1\nb: *x"),
        "2:4: b: YAML aliases are not supported"
    );
    assert_eq!(
        refused("a: &x {}\n*x : 1"),
        "2:1: YAML aliases are not supported"
    );
    assert_eq!(
        refused("a:\n  <<: {b: 1}"),
        "2:3: a: YAML merges (<<) are not supported"
    );
    assert_eq!(
        refused("a:\n- b: 1\n  c: 2\n  b: 3"),
        "4:3: a[0]: the key b appears twice"
    );
    assert_eq!(refused("a: 1\n'a': 2"), "2:1: the key a appears twice");
    assert_eq!(refused("[a]: 1"), "1:1: a key must be plain text");
    assert_eq!(
        refused("a: !!binary aGk="),
        "1:4: a: the YAML tag !!binary is not supported"
    );
    assert_eq!(
        refused("a: !<x:y> b"),
        "1:4: a: the YAML tag x:y is not supported"
    );
    assert_eq!(refused(""), "1:1: the document is empty");
    assert_eq!(
        refused("a: 1\n---\nb: 1"),
        "2:1: there is more than one YAML document"
    );
    assert_eq!(
        refused("a: [1"),
        "2:1: a: YAML not well-formed: while parsing a flow sequence, expected ',' or ']'"
    );
    let deep = format!("{}{}", "[".repeat(102), "]".repeat(102));
    assert!(refused(&deep).ends_with("nested deeper than 100 levels"));
}
