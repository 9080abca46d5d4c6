//! Values of parameters: which are accepted, and the messages for others.

mod stack;

use stack::{refused, resolve};

fn with(declaration: &str) -> String {
    format!(
        "Parameters:\n  P: {{{declaration}}}\nResources: {{R: {{Type: T, Properties: {{A: !Ref P}}}}}}"
    )
}

#[test]
fn a_value_is_given_or_the_default() {
    let template = with("Type: String, Default: d");
    assert_eq!(resolve(&template, &[]).unwrap().parameters["P"], "d");
    assert_eq!(
        resolve(&template, &[("P", "g")]).unwrap().parameters["P"],
        "g"
    );
    assert_eq!(
        resolve(&template, &[("P", "")]).unwrap().parameters["P"],
        ""
    );
    let template = with("Type: Number, Default: 5, MinValue: '1', MaxValue: 9.5");
    assert_eq!(resolve(&template, &[]).unwrap().parameters["P"], "5");
}

/// Declaration, an accepted value, a refused one, and the message.
type Case = (&'static str, &'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (declaration, good, bad, refusal) in cases {
        let template = with(declaration);
        assert!(
            resolve(&template, &[("P", good)]).is_ok(),
            "{declaration} {good}"
        );
        let refusal = format!("t.yaml:2:3: {refusal}");
        assert_eq!(
            refused(&template, &[("P", bad)]),
            refusal,
            "{declaration} {bad}"
        );
    }
}

#[test]
fn bounds_hold_or_not() {
    check(&[
        (
            "Type: Number",
            "-1.5e3",
            "five",
            "Parameter 'P' must be a number",
        ),
        (
            "Type: Number",
            " 5 ",
            "inf",
            "Parameter 'P' must be a number",
        ),
        (
            "Type: Number, MinValue: 1",
            "1",
            "0",
            "Parameter 'P' must be a number not less than 1",
        ),
        (
            "Type: Number, MaxValue: 1.5",
            "1.5",
            "2",
            "Parameter 'P' must be a number not greater than 1.5",
        ),
        (
            "Type: List<Number>, MinValue: 1",
            "1, 2",
            "1,0",
            "Parameter 'P' must be a number not less than 1",
        ),
        (
            "Type: String, MinLength: 2",
            "éé",
            "é",
            "Parameter 'P' must contain at least 2 characters",
        ),
        (
            "Type: String, MaxLength: 2",
            "éé",
            "ééé",
            "Parameter 'P' must contain at most 2 characters",
        ),
    ]);
}

#[test]
fn values_are_allowed_or_not() {
    const REFUSAL: &str = "Parameter 'P' must be one of AllowedValues";
    check(&[
        ("Type: Number, AllowedValues: [1, 2]", "2", "3", REFUSAL),
        (
            "Type: String, AllowedValues: [a, true]",
            "true",
            "A",
            REFUSAL,
        ),
        (
            "Type: CommaDelimitedList, AllowedValues: [a, b]",
            "b, a",
            "a,c",
            REFUSAL,
        ),
    ]);
}

#[test]
fn patterns_match_or_not() {
    check(&[
        // The whole value must match, with or without anchors.
        (
            "Type: String, AllowedPattern: 'a|ab'",
            "ab",
            "abc",
            "Parameter 'P' must match pattern a|ab",
        ),
        (
            "Type: String, AllowedPattern: '^a+$'",
            "aa",
            "a\n",
            "Parameter 'P' must match pattern ^a+$",
        ),
        (
            "Type: CommaDelimitedList, AllowedPattern: '[a-c]'",
            "a,b",
            "a,d",
            "Parameter 'P' must match pattern [a-c]",
        ),
        // Java's \d, \w and \s are ASCII, inside and outside classes.
        (
            r"Type: String, AllowedPattern: '\d[\d\w][^\s]\D'",
            "1_xx",
            "١_xx",
            r"Parameter 'P' must match pattern \d[\d\w][^\s]\D",
        ),
        (
            r"Type: String, AllowedPattern: '[\\]\.\W\S'",
            r"\.-x",
            r"\.ax",
            r"Parameter 'P' must match pattern [\\]\.\W\S",
        ),
        (
            "Type: String, AllowedPattern: '[0-9]*', ConstraintDescription: must be digits",
            "",
            "x",
            "Parameter P failed to satisfy constraint: must be digits",
        ),
    ]);
}

#[test]
fn a_default_is_held_to_the_constraints() {
    let template = with("Type: String, Default: long, MaxLength: 3");
    assert_eq!(
        refused(&template, &[]),
        "t.yaml:2:3: Parameter 'P' must contain at most 3 characters"
    );
}

#[test]
fn missing_and_unknown_ones_are_named() {
    let template =
        "Parameters:\n  B: {Type: String}\n  A: {Type: String}\nResources: {R: {Type: T}}";
    assert_eq!(
        refused(template, &[]),
        "t.yaml:2:3: Parameters: [B, A] must have values"
    );
    assert_eq!(
        refused(template, &[("A", "x"), ("Y", "x"), ("X", "x")]),
        "t.yaml: Parameters: [X, Y] do not exist in the template"
    );
}

#[test]
fn declarations_are_refused() {
    for (declaration, refusal) in [
        (
            "Default: x",
            "2:6: Parameters.P: Template format error: Every Parameters object must contain a Type member.",
        ),
        (
            "Type: Text",
            "2:13: Parameters.P.Type: Template format error: Unrecognized parameter type: Text",
        ),
        (
            "Type: AWS::SSM::Parameter::Value<String>",
            "2:13: Parameters.P.Type: the parameter type AWS::SSM::Parameter::Value<String> is looked up in an account \
             and not supported",
        ),
        (
            "Type: List<AWS::EC2::Subnet::Id>",
            "2:13: Parameters.P.Type: the parameter type List<AWS::EC2::Subnet::Id> is looked up in an account and not \
             supported",
        ),
        (
            "Type: String, Defalt: x",
            "2:21: Parameters.P.Defalt: unknown field `Defalt`, expected one of `Type`, `Default`, `Description`, \
             `NoEcho`, `AllowedValues`, `AllowedPattern`, `ConstraintDescription`, `MinLength`, `MaxLength`, \
             `MinValue`, `MaxValue`",
        ),
        (
            "Type: String, MinValue: 1",
            "2:6: Parameters.P: MinValue does not apply to a parameter of this type",
        ),
        (
            "Type: Number, AllowedPattern: x",
            "2:6: Parameters.P: AllowedPattern does not apply to a parameter of this type",
        ),
        (
            "Type: String, AllowedPattern: '(?=a)a'",
            "2:37: Parameters.P.AllowedPattern: the pattern (?=a)a is not supported: the regex crate can't read it",
        ),
        (
            "Type: String, AllowedPattern: 'a++'",
            "2:37: Parameters.P.AllowedPattern: the pattern a++ is not supported: possessive quantifiers are not \
             supported",
        ),
        (
            "Type: String, Default: !Ref AWS::Region",
            "2:30: Parameters.P.Default: invalid type: map, expected a string",
        ),
    ] {
        assert_eq!(
            refused(&with(declaration), &[]),
            format!("t.yaml:{refusal}"),
            "{declaration}"
        );
    }
}
