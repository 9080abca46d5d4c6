//! Policy documents: what is accepted, what is refused by name, what can be removed.

use iam::{Effect, Policy};
use serde_json::{Value, json};

fn with(key: &str, value: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    statement[key] = value;
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn without(key: &str, also: &Value) -> Value {
    let mut document = with("Sid", json!("S"));
    if let Some(statement) = document["Statement"][0].as_object_mut() {
        statement.remove(key);
        statement.extend(also.as_object().cloned().unwrap_or_default());
    }
    document
}

fn refused(document: &Value) -> String {
    Policy::parse(document).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

#[test]
fn documents_are_refused_by_name() {
    for (document, expected) in [
        (json!([]), "a policy is a map"),
        (json!({"Statment": []}), "the element Statment is not known"),
        (json!({"Version": "2012-10-17"}), "it has no Statement"),
        (
            json!({"Version": "2020-01-01", "Statement": []}),
            "Version: it is 2012-10-17 or 2008-10-17",
        ),
        (
            json!({"Version": 2012, "Statement": []}),
            "Version: it is 2012-10-17 or 2008-10-17",
        ),
        (
            json!({"Statement": ["x"]}),
            "Statement[0]: a statement is a map",
        ),
        (
            with("Actions", json!("x")),
            "Statement[0]: the element Actions is not known",
        ),
        (with("Sid", json!(1)), "Statement[0].Sid: a Sid is a string"),
        (
            with("Effect", json!("allow")),
            "Statement[0].Effect: it is Allow or Deny",
        ),
        (
            without("Effect", &json!({})),
            "Statement[0].Effect: it is Allow or Deny",
        ),
        (
            without("Action", &json!({})),
            "Statement[0]: it has no Action",
        ),
        (
            with("NotAction", json!("s3:*")),
            "Statement[0]: it has both Action and NotAction",
        ),
        (
            with("NotResource", json!("*")),
            "Statement[0]: it has both Resource and NotResource",
        ),
        (
            with("Action", json!("GetObject")),
            "Statement[0].Action: GetObject is not an action",
        ),
        (
            with("Action", json!("s*:GetObject")),
            "Statement[0].Action: s*:GetObject is not an action",
        ),
        (
            with("Action", json!(["s3:GetObject", "s3:"])),
            "Statement[0].Action: s3: is not an action",
        ),
        (
            with("Action", json!([])),
            "Statement[0].Action: the list is empty",
        ),
        (
            with("Action", json!({"a": "b"})),
            "Statement[0].Action: it is a string or a list of strings",
        ),
        (
            with("Resource", json!("my-bucket")),
            "Statement[0].Resource: my-bucket is not an ARN",
        ),
        (
            with("Resource", json!("arn:aws:s3:::${aws:username, 'x'}")),
            "Statement[0].Resource: the policy variable ${aws:username, 'x'} is not supported",
        ),
        (
            with("Resource", json!("arn:aws:s3:::${aws:username")),
            "Statement[0].Resource: the policy variable in arn:aws:s3:::${aws:username has no end",
        ),
        (
            with("Principal", json!("x")),
            "Statement[0].Principal: a principal is \"*\" or a map of AWS or Service",
        ),
        (
            with("Principal", json!({"Federated": "x"})),
            "Statement[0].Principal: the principal type Federated is not supported",
        ),
        (
            with("Principal", json!({"AWS": "jo"})),
            "Statement[0].Principal.AWS: jo is not a principal",
        ),
        (
            with(
                "NotPrincipal",
                json!({"AWS": "arn:aws:iam::111122223333:role/*"}),
            ),
            "Statement[0].NotPrincipal.AWS: arn:aws:iam::111122223333:role/*: a principal is named without wildcards and \
             variables",
        ),
        (
            with("Principal", json!({"Service": "*.amazonaws.com"})),
            "Statement[0].Principal.Service: a service is named without wildcards",
        ),
        (
            with("Condition", json!("x")),
            "Statement[0].Condition: a condition is a map of operators to maps of keys to values",
        ),
        (
            with(
                "Condition",
                json!({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}),
            ),
            "Statement[0].Condition.DateLessThan.aws:CurrentTime: the condition operator DateLessThan is not supported",
        ),
        (
            with("Condition", json!({"StringEqual": {"aws:username": "x"}})),
            "Statement[0].Condition.StringEqual.aws:username: the condition operator StringEqual is not supported",
        ),
        (
            with("Condition", json!({"StringEquals": {"asw:SourceArn": "x"}})),
            "Statement[0].Condition.StringEquals.asw:SourceArn: the condition key family asw: is not known",
        ),
        (
            with("Condition", json!({"StringEquals": {"SourceArn": "x"}})),
            "Statement[0].Condition.StringEquals.SourceArn: SourceArn is not a condition key",
        ),
        (
            with(
                "Condition",
                json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*"}}),
            ),
            "Statement[0].Condition.ArnLike.aws:SourceArn: arn:aws:sns:* is not an ARN of six parts",
        ),
        (
            with("Condition", json!({"Bool": {"aws:SecureTransport": "yes"}})),
            "Statement[0].Condition.Bool.aws:SecureTransport: yes is neither true nor false",
        ),
        (
            with("Condition", json!({"NumericEquals": {"s3:max-keys": "x"}})),
            "Statement[0].Condition.NumericEquals.s3:max-keys: x is not a number",
        ),
        (
            with(
                "Condition",
                json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}),
            ),
            "Statement[0].Condition.IpAddress.aws:SourceIp: 10.0.0.0/33 is not an IP address or range",
        ),
        (
            with(
                "Condition",
                json!({"NullIfExists": {"aws:SourceIp": "true"}}),
            ),
            "Statement[0].Condition.NullIfExists.aws:SourceIp: Null takes neither IfExists nor a set operator",
        ),
        (
            json!({"Statement": [with("Sid", json!("A"))["Statement"][0], with("Sid", json!("A"))["Statement"][0]]}),
            "the Sid A is repeated",
        ),
    ] {
        assert_eq!(refused(&document), expected, "{document}");
    }
}

#[test]
fn each_type_of_policy_has_its_elements() {
    let refused = |policy: Result<Policy, iam::Error>| policy.err().map(|error| error.to_string());
    let identity = with("Sid", json!("S"));
    let resource = with("Principal", json!("*"));
    let trust = without(
        "Resource",
        &json!({"Principal": {"Service": "lambda.amazonaws.com"}}),
    );
    assert_eq!(refused(Policy::identity_based(&identity)), None);
    assert_eq!(refused(Policy::resource_based(&resource)), None);
    assert_eq!(refused(Policy::resource_based(&trust)), None);
    assert_eq!(
        refused(Policy::identity_based(&resource)).as_deref(),
        Some("Statement[0]: an identity-based policy names no Principal")
    );
    assert_eq!(
        refused(Policy::identity_based(&without("Resource", &json!({})))).as_deref(),
        Some("Statement[0]: it has no Resource")
    );
    assert_eq!(
        refused(Policy::resource_based(&identity)).as_deref(),
        Some("Statement[0]: it has no Principal")
    );
}

#[test]
fn statements_can_be_asked() {
    let policy = Policy::parse(&json!({"Version": "2012-10-17", "Id": "x", "Statement": {
        "Sid": "S", "Effect": "Deny", "NotAction": ["s3:Get*", "s3:Put*"], "NotResource": "arn:aws:s3:::b",
        "Condition": {"Bool": {"aws:SecureTransport": false}, "Null": {"s3:prefix": true}},
    }}))
    .unwrap();
    let [statement] = policy.statements() else {
        panic!("one statement")
    };
    assert_eq!(statement.sid(), Some("S"));
    assert_eq!(statement.effect(), Effect::Deny);
    assert_eq!(statement.actions(), ["s3:Get*", "s3:Put*"]);
    assert_eq!(statement.resources(), ["arn:aws:s3:::b"]);
    let keys: Vec<_> = statement.condition_keys().collect();
    assert_eq!(keys, ["aws:SecureTransport", "s3:prefix"]);
}

#[test]
fn parts_can_be_taken_away() {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
        {"Effect": "Allow", "NotAction": "sns:Publish", "Resource": "*"},
    ]});
    let policy = Policy::parse(&document).unwrap();
    assert_eq!(policy.to_json(), document);

    let less = policy.without_action(0, 0).unwrap();
    assert_eq!(
        less.to_json()["Statement"][0]["Action"],
        json!(["s3:PutObject"])
    );
    assert_eq!(less.statements()[0].actions(), ["s3:PutObject"]);
    // A statement is removed with its last action.
    let less = less.without_action(0, 0).unwrap();
    assert_eq!(less.statements().len(), 1);
    assert_eq!(
        less.to_json()["Statement"],
        json!([document["Statement"][1]])
    );
    let less = less.without_statement(0).unwrap();
    assert_eq!(less.statements().len(), 0);
    assert_eq!(less.to_json()["Statement"], json!([]));

    let single = Policy::parse(&json!({"Statement": document["Statement"][0]})).unwrap();
    assert_eq!(
        single.without_action(0, 1).unwrap().statements()[0].actions(),
        ["s3:GetObject"]
    );
    assert_eq!(
        single.without_statement(0).unwrap().to_json()["Statement"],
        json!([])
    );

    assert!(policy.without_action(0, 2).is_none());
    assert!(policy.without_action(2, 0).is_none());
    assert!(policy.without_statement(2).is_none());
}
