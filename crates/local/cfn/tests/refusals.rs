//! Errors: messages and places.

mod stack;

use stack::{refused, resolve};

/// A template with a resource whose one property is `value`, on line 9, column 28.
fn property(value: &str) -> String {
    format!(
        "Parameters: {{Text: {{Type: String, Default: x}}}}
Mappings: {{M: {{k: {{a: 1}}}}}}
Conditions:
  Holds: !Equals [a, a]
  Fails: !Equals [a, b]
Resources:
  Other: {{Type: T}}
  Absent: {{Type: Test::Nameless, Condition: Fails}}
  R: {{Type: T, Properties: {{A: {value}}}}}
"
    )
}

/// Each value, the place and path below the property in the error, and the message.
fn check(cases: &[(&str, &str, &str)]) {
    for (value, place, refusal) in cases {
        let (place, below) = place.split_once(' ').unwrap_or((place, ""));
        let expected = format!("t.yaml:{place}: Resources.R.Properties.A{below}: {refusal}");
        assert_eq!(refused(&property(value), &[]), expected, "{value}");
    }
}

const SUB: &str = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify \
    a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
const NAMES: &str = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, \
    underscores, periods, and colons";
const GET_ATT: &str = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name \
    and the resource attribute";
const JOIN: &str = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a \
    list of strings to be joined or a function that returns a list of strings (such as Fn::Split) to be joined.";
const SPLIT: &str = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) \
    a string to be split or a function that returns a string to be split.";
const IN_RESOURCES: &str = "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template";

#[test]
fn names_must_be_declared() {
    check(&[
        ("!Ref Nope", "9:32", IN_RESOURCES),
        ("!Sub '${Nope}'", "9:32", IN_RESOURCES),
        ("!If [Fails, !Ref Nope, x]", "9:44", IN_RESOURCES),
        ("{k: [x, {Ref: Nope}]}", "9:40 .k[1]", IN_RESOURCES),
        (
            "!Ref Absent",
            "9:32",
            "Template format error: Unresolved resource dependencies [Absent] in the Resources block of the template",
        ),
        (
            "!Ref [x]",
            "9:32",
            "Template error: every Ref object must have a single String value.",
        ),
        (
            "!GetAtt Nope.Arn",
            "9:32",
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            "!Sub '${Nope.Arn}'",
            "9:32",
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        ("!GetAtt Other", "9:32", GET_ATT),
        ("!GetAtt [Other, A, B]", "9:32", GET_ATT),
        (
            "!GetAtt Other.Missing",
            "9:32",
            "T has no attribute Missing",
        ),
    ]);
}

#[test]
fn substitutions_refuse() {
    check(&[
        ("!Sub [x]", "9:32", SUB),
        ("!Sub [x, y]", "9:41", SUB),
        ("!Sub {a: b}", "9:32", SUB),
        ("!Sub '${}'", "9:32", NAMES),
        ("!Sub '${a b}'", "9:32", NAMES),
        (
            "!Sub ['${a}', {a: [b]}]",
            "9:50 .a",
            "Template error: Fn::Sub needs a string here",
        ),
        ("!Sub ['${a}', {a: !Ref Nope}]", "9:50 .a", IN_RESOURCES),
    ]);
}

#[test]
fn functions_refuse() {
    check(&[
        ("!Join [',']", "9:32", JOIN),
        ("!Join [[], []]", "9:39", JOIN),
        (
            "!Join [',', x]",
            "9:44",
            "Template error: Fn::Join needs a list here",
        ),
        (
            "!Join [',', [{a: b}]]",
            "9:45",
            "Template error: Fn::Join needs a list of strings here",
        ),
        ("!Split ['', x]", "9:32", SPLIT),
        (
            "!Split [',', [x]]",
            "9:45",
            "Template error: Fn::Split needs a string here",
        ),
        (
            "!Select [2, [a, b]]",
            "9:32",
            "Template error: Fn::Select cannot select nonexistent value at index 2",
        ),
        (
            "!Select [-1, [a, b]]",
            "9:32",
            "Template error: Fn::Select cannot select nonexistent value at index -1",
        ),
        (
            "!If [Nope, a, b]",
            "9:37",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "!If [Holds, a]",
            "9:32",
            "Template error: every Fn::If object requires three parameters, the name of a condition, the value if it \
             holds and the value if it does not",
        ),
        (
            "!FindInMap [Nope, k, a]",
            "9:44",
            "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
        ),
        (
            "!FindInMap [M, k, b]",
            "9:32",
            "Template error: Unable to get mapping for M::k::b",
        ),
        (
            "!FindInMap [M, !Ref Text, a]",
            "9:32",
            "Template error: Unable to get mapping for M::x::a",
        ),
        (
            "!Base64 [x]",
            "9:32",
            "Template error: Fn::Base64 needs a string here",
        ),
        (
            "!Join [',', !Ref AWS::NoValue]",
            "9:44",
            "Template error: Fn::Join needs a list here",
        ),
    ]);
}

#[test]
fn what_is_not_supported_is_named() {
    check(&[
        (
            "!Equals [a, b]",
            "9:32",
            "Fn::Equals can be used in Conditions and Rules only",
        ),
        (
            "!ImportValue x",
            "9:32",
            "the intrinsic function Fn::ImportValue is not supported",
        ),
        (
            "!GetAZs ''",
            "9:32",
            "the intrinsic function Fn::GetAZs is not supported",
        ),
        (
            "!Cidr [a, 1, 2]",
            "9:32",
            "the intrinsic function Fn::Cidr is not supported",
        ),
        (
            "{Fn::Transform: {Name: x}}",
            "9:32",
            "the intrinsic function Fn::Transform is not supported",
        ),
        (
            "{Fn::ForEach::X: [a, b, c]}",
            "9:32",
            "the intrinsic function Fn::ForEach::X is not supported",
        ),
        (
            "!Subb x",
            "9:32",
            "the intrinsic function Fn::Subb is not supported",
        ),
        (
            "{Fn::Sub: x, Other: y}",
            "9:33",
            "Template error: Fn::Sub must be the only key of its map",
        ),
        ("~", "9:32", "'null' values are not allowed in templates"),
    ]);
}

#[test]
fn what_a_type_refuses_has_a_place() {
    // The place is that of the resource, whether something refers to it or not.
    for refers in ["", "\n  B: {Type: T, Properties: {P: !Ref A}}"] {
        let template = format!("Resources:\n  A: {{Type: Test::Nameless}}{refers}");
        assert_eq!(
            refused(&template, &[]),
            "t.yaml:2:3: Resources.A: Test::Nameless has no value for Ref"
        );
    }
    let template = "Resources:\n  A: {Type: T}\n  B: {Type: T, Properties: {P: !GetAtt A.Missing}}";
    assert_eq!(
        refused(template, &[]),
        "t.yaml:3:32: Resources.B.Properties.P: T has no attribute Missing"
    );
}

#[test]
fn a_typed_view_has_file_and_path() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "PascalCase")]
    struct Bucket {
        #[serde(rename = "BucketName")]
        _name: String,
    }
    let stack = resolve(
        "Resources:\n  B:\n    Type: T\n    Properties:\n      Foo: 1",
        &[],
    )
    .unwrap();
    assert_eq!(
        stack.resources[0]
            .deserialize::<Bucket>()
            .err()
            .unwrap()
            .to_string(),
        "t.yaml:5:7: Resources.B.Properties.Foo: unknown field `Foo`, expected `BucketName`"
    );
}

#[test]
fn sections_refuse() {
    let thing = "Resources: {R: {Type: T}}";
    for (text, refusal) in [
        (
            "[a]",
            "1:1: Template format error: the template must be a map",
        ),
        (
            "a: *b",
            "1:4: a: YAML not well-formed: while parsing node, found unknown anchor",
        ),
        (
            "Resources: {}",
            "1:1: Template format error: At least one Resources member must be defined.",
        ),
        (
            "Parameters: {}",
            "1:1: Template format error: At least one Resources member must be defined.",
        ),
        (
            "Resources: []",
            "1:12: Template format error: Resources must be a map",
        ),
        (
            "Resources:\n  R: []",
            "2:6: Resources.R: Template format error: Every Resources member must be an object.",
        ),
        (
            "Resources:\n  R:",
            "2:4: Resources.R: 'null' values are not allowed in templates",
        ),
        (
            &format!("{thing}\nResource: {{}}"),
            "2:1: Invalid template property or properties [Resource]",
        ),
        (
            &format!("{thing}\nTransform: x"),
            "2:1: the section Transform is not supported",
        ),
        (
            &format!("{thing}\nHooks: {{}}"),
            "2:1: the section Hooks is not supported",
        ),
        (
            &format!("AWSTemplateFormatVersion: 2010-09-10\n{thing}"),
            "1:27: Template format error: unsupported value for AWSTemplateFormatVersion.",
        ),
        (
            &format!("Description: []\n{thing}"),
            "1:14: Template format error: Description must be a string",
        ),
        (
            "Resources: {R-1: {Type: T}}",
            "1:13: Template format error: Resource name R-1 is non alphanumeric.",
        ),
        (
            &format!("Parameters: {{P_: {{Type: String}}}}\n{thing}"),
            "1:14: Template format error: Parameter name P_ is non alphanumeric.",
        ),
        (
            &format!("Parameters: {{R: {{Type: String}}}}\n{thing}"),
            "2:13: R is declared twice, as a parameter and as a resource",
        ),
        (
            &format!("Mappings: {{M: {{a: b}}}}\n{thing}"),
            "1:19: Mappings.M.a: Template format error: a mapping is a map of maps of strings or lists of strings",
        ),
        (
            &format!("Mappings: {{M: {{a: {{b: !Ref AWS::Region}}}}}}\n{thing}"),
            "1:23: Mappings.M.a.b: Template format error: a mapping is a map of maps of strings or lists of strings",
        ),
    ] {
        assert_eq!(refused(text, &[]), format!("t.yaml:{refusal}"), "{text}");
    }
}

#[test]
fn resources_refuse() {
    for (resource, refusal) in [
        (
            "Properties: {}",
            "2:6: Resources.R: Template format error: [/Resources/R] Every Resources object must contain a Type member.",
        ),
        (
            "Type: !Ref T",
            "2:13: Resources.R: Template format error: [/Resources/R] Every Type member must be a string.",
        ),
        (
            "Type: T, Typo: x",
            "2:16: Resources.R.Typo: Invalid template resource property 'Typo'",
        ),
        (
            "Type: T, Properties: []",
            "2:28: Resources.R.Properties: Template format error: Properties must be a map",
        ),
        (
            "Type: T, Condition: [C]",
            "2:27: Resources.R.Condition: Template format error: Every Condition member must be a string.",
        ),
        (
            "Type: T, Condition: C",
            "2:27: Resources.R.Condition: Template format error: Unresolved condition dependency C in the Resources \
             block of the template",
        ),
        (
            "Type: T, DependsOn: [S]",
            "2:28: Resources.R.DependsOn: Template format error: Unresolved resource dependencies [S] in the Resources \
             block of the template",
        ),
        (
            "Type: T, DependsOn: {a: b}",
            "2:27: Resources.R.DependsOn: Template format error: DependsOn must be a string or a list of strings.",
        ),
        (
            "Type: T, DeletionPolicy: Keep",
            "2:32: Resources.R.DeletionPolicy: Template format error: DeletionPolicy must be one of Delete, Retain, \
             RetainExceptOnCreate, Snapshot",
        ),
        (
            "Type: T, UpdateReplacePolicy: RetainExceptOnCreate",
            "2:37: Resources.R.UpdateReplacePolicy: Template format error: UpdateReplacePolicy must be one of Delete, \
             Retain, Snapshot",
        ),
    ] {
        let template = format!("Resources:\n  R: {{{resource}}}");
        assert_eq!(
            refused(&template, &[]),
            format!("t.yaml:{refusal}"),
            "{resource}"
        );
    }
}

#[test]
fn cycles_are_named() {
    for (resources, refusal) in [
        (
            "A: {Type: T, DependsOn: A}",
            "2:27: Resources: Circular dependency between resources: [A] (A -> A)",
        ),
        (
            "A: {Type: T, Properties: {P: !Ref B}}\n  B: {Type: T, DependsOn: [A]}",
            "3:28: Resources: Circular dependency between resources: [A, B] (A -> B -> A)",
        ),
        (
            "Z: {Type: T, DependsOn: A}\n  A: {Type: T, Properties: {P: !Sub '${B.Arn}'}}\n  B: {Type: T, \
             Properties: {P: !GetAtt C.Arn}}\n  C: {Type: T, Metadata: {P: !Join ['', [!Ref A]]}}",
            "5:42: Resources: Circular dependency between resources: [A, B, C] (A -> B -> C -> A)",
        ),
    ] {
        let template = format!("Resources:\n  {resources}");
        assert_eq!(
            refused(&template, &[]),
            format!("t.yaml:{refusal}"),
            "{resources}"
        );
    }
}

#[test]
fn conditions_refuse() {
    for (conditions, refusal) in [
        (
            "A: !Equals [!Ref R, x]",
            "2:15: Conditions.A: Template format error: Unresolved dependencies [R]. Cannot reference resources in the \
             Conditions block of the template",
        ),
        (
            "A: !Equals [!GetAtt R.Arn, x]",
            "2:15: Conditions.A: Template format error: Unresolved dependencies [R]. Cannot reference resources in the \
             Conditions block of the template",
        ),
        (
            "A: !Equals [!Ref AWS::NoValue, x]",
            "2:15: Conditions.A: Template format error: Unresolved dependencies [AWS::NoValue]. Cannot reference \
             resources in the Conditions block of the template",
        ),
        (
            "A: !Equals [x]",
            "2:6: Conditions.A: Template error: every Fn::Equals object requires a list of 2 string parameters.",
        ),
        (
            "A: !Equals [x, [y]]",
            "2:18: Conditions.A: Template error: Fn::Equals needs a string here",
        ),
        (
            "A: !Not []",
            "2:6: Conditions.A: Template error: every Fn::Not object requires one boolean parameter.",
        ),
        (
            "A: !And [!Equals [a, b]]",
            "2:6: Conditions.A: Template error: every Fn::And object requires a list of at least 2 and at most 10 \
             boolean parameters.",
        ),
        (
            "A: !Condition B",
            "2:6: Conditions.A: Template format error: Unresolved condition dependency B in the Conditions block of the \
             template",
        ),
        (
            "A: !Condition A",
            "2:6: Conditions: circular dependency: A -> A",
        ),
        (
            "A: !Not [!Condition B]\n  B: !Or [!Equals [a, a], !Condition A]",
            "3:27: Conditions: circular dependency: A -> B -> A",
        ),
        (
            "A: true",
            "2:6: Conditions.A: Template format error: Every Condition member must be a single function",
        ),
        (
            "A: !Ref AWS::Region",
            "2:6: Conditions.A: Ref is neither true nor false",
        ),
        (
            "A: !Sub x",
            "2:6: Conditions.A: the intrinsic function Fn::Sub is not supported",
        ),
        (
            "A: !Equals [!If [A, a, b], a]",
            "2:15: Conditions.A: Fn::If can't be used in Conditions or Rules",
        ),
        (
            "A: !Contains [[a], a]",
            "2:6: Conditions.A: the intrinsic function Fn::Contains is not supported",
        ),
        // An unused condition is decided, too.
        (
            "A: !Equals [!Select [5, [a]], a]",
            "2:15: Conditions.A: Template error: Fn::Select cannot select nonexistent value at index 5",
        ),
    ] {
        let template = format!("Conditions:\n  {conditions}\nResources: {{R: {{Type: T}}}}");
        assert_eq!(
            refused(&template, &[]),
            format!("t.yaml:{refusal}"),
            "{conditions}"
        );
    }
}

#[test]
fn outputs_refuse() {
    for (output, refusal) in [
        (
            "{Description: x}",
            "6:6: Outputs.O: Template format error: Every Outputs member must contain a Value object",
        ),
        (
            "{Value: [x]}",
            "6:14: Outputs.O: Template format error: The Value field of every Outputs member must evaluate to a String.",
        ),
        (
            "{Value: !Ref Nope}",
            "6:14: Outputs.O.Value: Template format error: Unresolved resource dependencies [Nope] in the Outputs block \
             of the template",
        ),
        (
            "{Value: !Ref Absent}",
            "6:14: Outputs.O.Value: Template format error: Unresolved resource dependencies [Absent] in the Outputs \
             block of the template",
        ),
        (
            "{Value: x, Exports: y}",
            "6:17: Outputs.O.Exports: unknown field `Exports`, expected one of `Value`, `Condition`, `Description`, \
             `Export`",
        ),
    ] {
        let template = format!(
            "Conditions: {{Fails: !Equals [a, b]}}\nResources:\n  R: {{Type: T}}\n  Absent: {{Type: T, Condition: Fails}}\n\
             Outputs:\n  O: {output}"
        );
        assert_eq!(
            refused(&template, &[]),
            format!("t.yaml:{refusal}"),
            "{output}"
        );
    }
}

#[test]
fn rules_hold_or_not() {
    let template = |rule: &str| {
        format!(
            "Parameters:\n  P: {{Type: String, Default: a}}\n  L: {{Type: CommaDelimitedList, Default: 'a,a'}}\n\
             Rules:\n  X: {rule}\nResources: {{R: {{Type: T}}}}"
        )
    };
    for (rule, expected) in [
        ("{Assertions: [{Assert: !Equals [!Ref P, a]}]}", "accepted"),
        (
            "{Assertions: [{Assert: {Fn::Contains: [[a, b], !Ref P]}}]}",
            "accepted",
        ),
        (
            "{Assertions: [{Assert: {Fn::EachMemberIn: [!Ref L, [a, b]]}}]}",
            "accepted",
        ),
        (
            "{Assertions: [{Assert: {Fn::EachMemberEquals: [!Ref L, a]}}]}",
            "accepted",
        ),
        (
            "{RuleCondition: !Equals [!Ref P, b], Assertions: [{Assert: !Equals [a, b]}]}",
            "accepted",
        ),
        (
            "{Assertions: [{Assert: {Fn::Contains: [[b, c], !Ref P]}, AssertDescription: P must be b or c}]}",
            "t.yaml:5:20: Rules.X: P must be b or c",
        ),
        (
            "{Assertions: [{Assert: !Not [{Fn::EachMemberEquals: [!Ref L, a]}]}]}",
            "t.yaml:5:20: Rules.X: the assertion is false",
        ),
        (
            "{Assertions: [{Assert: {Fn::RefAll: x}}]}",
            "t.yaml:5:29: Rules.X.Assertions[0].Assert: the intrinsic function Fn::RefAll is not supported",
        ),
        (
            "{Assertions: [{Assert: !Condition C}]}",
            "t.yaml:5:29: Rules.X.Assertions[0].Assert: Condition is neither true nor false",
        ),
        (
            "{Assertion: []}",
            "t.yaml:5:7: Rules.X.Assertion: unknown field `Assertion`, expected `RuleCondition` or `Assertions`",
        ),
    ] {
        assert_eq!(refused(&template(rule), &[]), expected, "{rule}");
    }
}
