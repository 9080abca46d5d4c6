//! Small templates, and what they resolve to.

mod stack;

use cfn::{Node, Template};
use serde_json::{Value, json};
use stack::{TYPES, environment, parameters, resolve};

/// The value of `Properties.P` of the resource `R`, in a template with one of everything to refer to.
fn property(value: &str) -> Value {
    let template = format!(
        "Parameters:
  Text: {{Type: String, Default: some text}}
  Number: {{Type: Number, Default: 5}}
  Texts: {{Type: CommaDelimitedList, Default: 'a, b,c'}}
  Numbers: {{Type: List<Number>, Default: '1,2'}}
Mappings:
  Sizes:
    eu-central-1: {{Side: 256, Names: [x, y]}}
Conditions:
  Holds: !Equals [!Ref Number, 5]
  Fails: !Not [!Condition Holds]
Resources:
  Other:
    Type: Test::Thing
    Properties: {{Name: thing}}
  R:
    Type: Test::Thing
    Properties:
      P: {value}
"
    );
    resolve(&template, &[]).map_or_else(
        |error| json!(error.to_string()),
        |stack| stack.resources[1].properties.to_json()["P"].clone(),
    )
}

#[test]
fn functions_give() {
    for (value, expected) in [
        // Ref
        ("!Ref Text", json!("some text")),
        ("{Ref: Number}", json!("5")),
        ("!Ref Texts", json!(["a", "b", "c"])),
        ("!Ref Numbers", json!(["1", "2"])),
        ("!Ref Other", json!("ref-of-Other")),
        ("!Ref AWS::AccountId", json!("012345678901")),
        ("!Ref AWS::Region", json!("eu-central-1")),
        ("!Ref AWS::Partition", json!("aws")),
        ("!Ref AWS::URLSuffix", json!("amazonaws.com")),
        ("!Ref AWS::StackName", json!("sheet")),
        (
            "!Ref AWS::StackId",
            json!("arn:aws:cloudformation:eu-central-1:012345678901:stack/sheet/1-2-3"),
        ),
        ("!Ref AWS::NotificationARNs", json!(["arn:one"])),
        // Fn::GetAtt
        ("!GetAtt Other.Arn", json!("arn:Other:thing")),
        ("!GetAtt [Other, Arn]", json!("arn:Other:thing")),
        ("{Fn::GetAtt: [Other, Arn]}", json!("arn:Other:thing")),
        ("{Fn::GetAtt: Other.A.B}", json!("A.B")),
        ("!GetAtt [Other, !Ref Text]", json!("some text")),
        ("!GetAtt Other.List", json!(["p", "q"])),
        // Fn::Sub
        ("!Sub plain", json!("plain")),
        (
            "!Sub '${Text}-${AWS::Region}-${Other}-${Other.Arn}'",
            json!("some text-eu-central-1-ref-of-Other-arn:Other:thing"),
        ),
        (
            "!Sub '${!Literal} $x $${Number} ${'",
            json!("${Literal} $x $5 ${"),
        ),
        (
            "!Sub ['${Here} ${Text} ${Here}', {Here: !Ref Number}]",
            json!("5 some text 5"),
        ),
        ("!Sub ['${Text}', {Text: shadows}]", json!("shadows")),
        (
            "{Fn::Sub: ['${N} ${B}', {N: 1.5, B: true}]}",
            json!("1.5 true"),
        ),
        // Fn::Join, Fn::Split, Fn::Select
        (
            "!Join ['-', [a, !Ref Number, 7, true]]",
            json!("a-5-7-true"),
        ),
        ("!Join [',', !Ref Texts]", json!("a,b,c")),
        ("!Join ['', []]", json!("")),
        ("!Join [',', [a, !Ref AWS::NoValue, b]]", json!("a,b")),
        ("!Split ['/', 'a/b/']", json!(["a", "b", ""])),
        (
            "!Select [2, !Split ['/', !Ref AWS::StackId]]",
            json!("1-2-3"),
        ),
        ("!Select ['1', [a, {k: v}]]", json!({"k": "v"})),
        (
            "!Select [!Select [0, !Ref Numbers], !Ref Texts]",
            json!("b"),
        ),
        // Fn::If, Fn::FindInMap, Fn::Base64
        ("!If [Holds, 1, 2]", json!(1)),
        ("!If [Fails, 1, [2]]", json!([2])),
        (
            "!If [Fails, !Ref AWS::NoValue, !If [Holds, in, out]]",
            json!("in"),
        ),
        ("!FindInMap [Sizes, !Ref AWS::Region, Side]", json!(256)),
        ("!FindInMap [Sizes, eu-central-1, Names]", json!(["x", "y"])),
        ("{Fn::Base64: !Sub '${Text}'}", json!("c29tZSB0ZXh0")),
        // Around them
        ("{a: !Ref AWS::NoValue, b: 1}", json!({"b": 1})),
        (
            "[!Ref AWS::NoValue, !If [Fails, 1, !Ref AWS::NoValue], 2]",
            json!([2]),
        ),
        ("!Ref AWS::NoValue", json!(null)),
        ("{Ref: a, Other: b}", json!({"Ref": "a", "Other": "b"})),
        (
            "{Condition: {Bool: {a: b}}}",
            json!({"Condition": {"Bool": {"a": "b"}}}),
        ),
        ("2012-10-17", json!("2012-10-17")),
    ] {
        assert_eq!(property(value), expected, "{value}");
    }
}

#[test]
fn conditions_choose() {
    for (condition, given, expected) in [
        ("!Equals [!Ref A, x]", "x", true),
        ("!Equals [!Ref A, 5]", "5", true),
        ("!Equals [!Ref A, true]", "true", true),
        ("!Equals [!Ref A, x]", "X", false),
        (
            "!Equals [!Sub '${A}-${AWS::Region}', x-eu-central-1]",
            "x",
            true,
        ),
        ("!Equals [!FindInMap [M, !Ref A, V], yes]", "k", true),
        ("!And [!Equals [a, a], !Equals [!Ref A, x]]", "y", false),
        ("!And [!Equals [a, a], !Condition IsX]", "x", true),
        ("!Or [!Equals [a, b], {Condition: IsX}]", "x", true),
        (
            "!Or [!Equals [a, b], !Equals [b, c], !Not [!Condition IsX]]",
            "x",
            false,
        ),
        ("!Not [!Not [!Condition IsX]]", "x", true),
        ("{Fn::Not: [{Fn::Equals: [a, b]}]}", "", true),
    ] {
        let template = format!(
            "Parameters:\n  A: {{Type: String}}
Mappings:\n  M: {{k: {{V: true}}}}
Conditions:\n  C: {condition}\n  IsX: !Equals [!Ref A, x]
Resources:\n  R: {{Type: Test::Thing, Condition: C}}\n  S: {{Type: Test::Thing, DependsOn: R}}
Outputs:\n  O: {{Condition: C, Value: !Ref R}}"
        );
        let stack = resolve(&template, &[("A", given)]).unwrap();
        assert_eq!(stack.conditions["C"], expected, "{condition}");
        assert_eq!(stack.resource("R").is_some(), expected, "{condition}");
        assert_eq!(stack.output("O").is_some(), expected, "{condition}");
        let depends_on = &stack.resource("S").unwrap().depends_on;
        assert_eq!(!depends_on.is_empty(), expected, "{condition}");
    }
}

#[test]
fn resources_come_after_what_they_depend_on() {
    let stack = resolve(
        "Conditions: {Never: !Equals [a, b]}
Resources:
  Last: {Type: T, Properties: {A: !GetAtt [Middle, Arn], B: !Ref Middle}, DependsOn: [Absent]}
  Alone: {Type: T}
  Middle: {Type: T, Properties: {A: !If [Never, !Ref Last, !Sub '${First.Arn}']}}
  First: {Type: T, Metadata: {A: !Ref Deepest}}
  Absent: {Type: T, Condition: Never, Properties: {A: !Ref Last}}
  Deepest: {Type: T}",
        &[],
    )
    .unwrap();
    let order: Vec<_> = stack
        .resources
        .iter()
        .map(|one| one.logical_id.as_str())
        .collect();
    assert_eq!(order, ["Deepest", "First", "Middle", "Last", "Alone"]);
    assert_eq!(stack.resource("Last").unwrap().dependencies, ["Middle"]);
    assert_eq!(stack.resource("Last").unwrap().depends_on, [] as [&str; 0]);
}

#[test]
fn attributes_of_a_resource_are_kept() {
    let stack = resolve(
        "Resources:
  R:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Metadata: {why: !Ref AWS::Region}
    CreationPolicy: {a: 1}
    UpdatePolicy: {b: 2}
    Properties: {Name: n}",
        &[],
    )
    .unwrap();
    let resource = stack.resource("R").unwrap();
    assert_eq!(resource.kind, "AWS::S3::Bucket");
    assert_eq!((resource.span.line, resource.span.column), (2, 3));
    assert_eq!(
        resource.deletion_policy.as_deref(),
        Some("RetainExceptOnCreate")
    );
    assert_eq!(resource.update_replace_policy.as_deref(), Some("Retain"));
    let json = |node: &Option<Node>| node.as_ref().unwrap().to_json();
    assert_eq!(json(&resource.metadata), json!({"why": "eu-central-1"}));
    assert_eq!(json(&resource.creation_policy), json!({"a": 1}));
    assert_eq!(json(&resource.update_policy), json!({"b": 2}));
    assert_eq!(resource.properties.get("Name").unwrap().span.line, 9);
}

#[test]
fn outputs_are_text() {
    let stack = resolve(
        "Description: d\nMetadata: {m: !Ref Nothing}
Resources: {R: {Type: T}}
Outputs:
  A: {Value: !Sub '${R}!', Description: what, Export: {Name: !Sub '${AWS::StackName}-a'}}
  B: {Value: 5}",
        &[],
    )
    .unwrap();
    let [a, b] = stack.outputs.as_slice() else {
        panic!("two outputs")
    };
    assert_eq!((a.value.as_str(), b.value.as_str()), ("ref-of-R!", "5"));
    assert_eq!(a.description.as_deref(), Some("what"));
    assert_eq!(a.export.as_deref(), Some("sheet-a"));
}

#[test]
fn a_declaration_can_be_asked() {
    let text = "Description: d\nParameters:\n  P: {Type: Number, Default: 1, NoEcho: true, Description: what}
Conditions: {Never: !Equals [a, b]}\nResources: {R: {Type: T::U, Condition: Never}}";
    let template = Template::parse("t.yaml", text).unwrap();
    let [parameter] = template.parameters() else {
        panic!("one parameter")
    };
    assert_eq!(parameter.name, "P");
    assert_eq!(parameter.kind, cfn::ParameterType::Number);
    assert_eq!(parameter.default.as_deref(), Some("1"));
    assert_eq!(parameter.description.as_deref(), Some("what"));
    assert!(parameter.no_echo);
    assert_eq!(template.description(), Some("d"));
    let types: Vec<_> = template
        .resource_types()
        .map(|(id, kind, _)| (id, kind))
        .collect();
    assert_eq!(types, [("R", "T::U")]);
}

#[test]
fn json_is_yaml() {
    let stack = resolve(
        "{\n\t\"Resources\": {\n\t\t\"R\": {\"Type\": \"T\", \"Properties\": {\"A\": {\"Fn::Join\": [\":\", [\"a\", \
         {\"Ref\": \"AWS::Region\"}]]}}}\n\t}\n}",
        &[],
    )
    .unwrap();
    assert_eq!(
        stack.resources[0].properties.to_json(),
        json!({"A": "a:eu-central-1"})
    );
}

#[test]
fn a_changed_tree_can_be_resolved() {
    let root = Node::parse("Resources: {R: {Type: T, Properties: {A: 1}}}").unwrap();
    let template = Template::from_node("t.yaml", &root).unwrap();
    let stack = template
        .resolve(&parameters(&[]), &environment(), &TYPES)
        .unwrap();
    assert_eq!(stack.resources[0].properties.to_json(), json!({"A": 1}));
}
