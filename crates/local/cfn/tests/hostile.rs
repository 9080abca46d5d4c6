//! Hostile input: nothing panics, overflows the stack or exhausts the memory.

mod stack;

use std::fmt::Write;

use cfn::{Node, Template};
use proptest::collection::vec;
use proptest::prelude::*;
use stack::{TYPES, environment, parameters, refused};

#[test]
fn text_that_doubles_is_limited() {
    let mut value = "'0123456789'".to_owned();
    for _ in 0..40 {
        value = format!("!Sub ['${{a}}${{a}}', {{a: {value}}}]");
    }
    let template = format!("Resources: {{R: {{Type: T, Properties: {{A: {value}}}}}}}");
    assert!(refused(&template, &[]).ends_with("the template builds more than 16 MiB of text"));
}

#[test]
fn long_chains_do_not_overflow_the_stack() {
    let mut template = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    for index in 1..20_000 {
        writeln!(template, "  C{index}: !Not [!Condition C{}]", index - 1).unwrap();
    }
    template.push_str("Resources:\n");
    for index in 0..2_000 {
        writeln!(
            template,
            "  R{index}: {{Type: T, DependsOn: R{}}}",
            index + 1
        )
        .unwrap();
    }
    template.push_str("  R2000: {Type: T}\n");
    let template = Template::parse("t.yaml", &template).unwrap();
    let stack = template
        .resolve(&parameters(&[]), &environment(), &TYPES)
        .unwrap();
    assert_eq!(stack.resources[0].logical_id, "R2000");
    assert!(!stack.conditions["C19999"]);
}

/// Pieces of templates that fail late, or not at all.
fn pieces() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        Just("P"),
        Just("L"),
        Just("Holds"),
        Just("A"),
        Just("B"),
        Just("Nope"),
        Just("AWS::Region"),
        Just("AWS::NoValue")
    ];
    let leaf = prop_oneof![
        names.clone().prop_map(|name| format!("!Ref {name}")),
        names.prop_map(|name| format!("!GetAtt {name}.Arn")),
        Just("!Sub '${A.Arn}${P}${!x}${'".to_owned()),
        Just("x".to_owned()),
        Just("0".to_owned()),
        Just("M".to_owned()),
        Just("~".to_owned()),
        Just("[]".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|entries| format!("[{}]", entries.join(", ")));
        let functions = prop_oneof![
            Just("Join"),
            Just("Select"),
            Just("Split"),
            Just("FindInMap"),
            Just("Base64"),
            Just("Sub"),
            Just("Equals")
        ];
        prop_oneof![
            list.clone(),
            (functions, list).prop_map(|(name, list)| format!("!{name} {list}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("!If [Holds, {a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("!Join ['-', [{a}, {b}]]")),
            inner.prop_map(|value| format!("{{k: {value}}}")),
        ]
    })
}

proptest! {
    // Failures become separate tests.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Template::parse("t.yaml", &text);
        let _ = Node::parse(&text);
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(text in "[-a!&*{}\\[\\]:,?|> '\"\n\t#%@0.~<]{0,60}") {
        let _ = Node::parse(&text);
    }

    #[test]
    fn templates_are_resolved_or_refused_with_a_place(
        first in pieces(), second in pieces(), condition in pieces(), output in pieces(),
    ) {
        let text = format!(
            "Parameters:\n  P: {{Type: String, Default: p}}\n  L: {{Type: CommaDelimitedList, Default: 'a,b'}}
Mappings: {{M: {{x: {{x: 0}}}}}}
Conditions:\n  Holds: !Equals [{condition}, x]
Resources:\n  A: {{Type: T, Properties: {{V: {first}}}}}\n  B: {{Type: T, Condition: Holds, Properties: {{V: {second}}}}}
Outputs: {{O: {{Value: {output}}}}}"
        );
        let resolved = Template::parse("t.yaml", &text)
            .and_then(|template| template.resolve(&parameters(&[]), &environment(), &TYPES));
        if let Err(error) = resolved {
            prop_assert!(error.span.is_some_and(|span| span.line > 3), "{}", error);
        }
    }

    #[test]
    fn plain_values_survive(json in json()) {
        let text = serde_json::to_string(&json)?;
        prop_assert_eq!(Node::parse(&text)?.to_json(), json);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~éß€]{0,12}".prop_map(serde_json::Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}
