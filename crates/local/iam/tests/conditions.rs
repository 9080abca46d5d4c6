//! Condition operators, and keys that are absent.

use std::collections::BTreeMap;

use iam::{Decision, Policy, Principal, Request, evaluate};
use serde_json::{Value, json};

const WORKER: Principal<'_> = Principal::Aws {
    arn: "arn:aws:sts::111122223333:assumed-role/Worker/session",
    account: "111122223333",
};

fn holds(condition: &Value, values: &[&str], principal: Principal<'_>) -> bool {
    let document = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*", "Condition": condition,
    }});
    let policies: Vec<_> = Policy::resource_based(&document).into_iter().collect();
    assert_eq!(policies.len(), 1, "{condition} is read");
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let context = BTreeMap::from([
        ("S3:Key".to_owned(), values),
        ("aws:username".to_owned(), vec!["jo".to_owned()]),
    ]);
    let request = Request {
        principal,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b",
        context: &context,
    };
    evaluate(&[], &policies, &request) == Decision::Allow
}

fn check(cases: &[(&str, Value, &[&str], bool)]) {
    for (operator, operand, values, expected) in cases {
        let condition = json!({*operator: {"s3:KEY": operand}});
        assert_eq!(
            holds(&condition, values, WORKER),
            *expected,
            "{condition} {values:?}"
        );
    }
}

#[test]
fn strings() {
    check(&[
        ("StringEquals", json!("a"), &["a"], true),
        ("StringEquals", json!("a"), &["A"], false),
        ("StringEquals", json!(["a", "b"]), &["b"], true),
        ("StringEquals", json!("a*"), &["ab"], false),
        ("StringEquals", json!(["${aws:username}"]), &["jo"], true),
        ("StringEquals", json!(5), &["5"], true),
        ("StringEquals", json!([]), &["a"], false),
        ("StringNotEquals", json!("a"), &["b"], true),
        ("StringNotEquals", json!(["a", "b"]), &["b"], false),
        ("StringEqualsIgnoreCase", json!("aB"), &["Ab"], true),
        (
            "StringEqualsIgnoreCase",
            json!("${aws:username}"),
            &["JO"],
            true,
        ),
        ("StringNotEqualsIgnoreCase", json!("aB"), &["Ab"], false),
        ("StringLike", json!("a*c?"), &["abcd"], true),
        ("StringLike", json!("a*c?"), &["abc"], false),
        ("StringLike", json!("${aws:username}/*"), &["jo/x"], true),
        ("StringLike", json!("${aws:userid}*"), &["x"], false),
        ("StringNotLike", json!("a*"), &["b"], true),
        ("StringNotLike", json!(["b*", "a*"]), &["ab"], false),
    ]);
}

#[test]
fn arns() {
    for operator in ["ArnEquals", "ArnLike"] {
        check(&[
            (
                operator,
                json!("arn:aws:sns:r:1:t"),
                &["arn:aws:sns:r:1:t"],
                true,
            ),
            (
                operator,
                json!("arn:aws:sns:r:1:t"),
                &["arn:aws:sns:r:1:T"],
                false,
            ),
            (
                operator,
                json!("arn:aws:sns:*:*:t*"),
                &["arn:aws:sns:r:1:t:u"],
                true,
            ),
            (
                operator,
                json!("arn:*:*:*:*:*"),
                &["arn:aws:sns:r:1:t"],
                true,
            ),
            // A wildcard doesn't match a colon.
            (
                operator,
                json!("arn:aws:*:1:t:u"),
                &["arn:aws:sns:r:1:t:u"],
                false,
            ),
            (operator, json!("arn:*:*:*:*:*"), &["sns"], false),
        ]);
    }
    check(&[
        (
            "ArnNotEquals",
            json!("arn:aws:sns:r:1:t"),
            &["arn:aws:sns:r:1:t"],
            false,
        ),
        (
            "ArnNotLike",
            json!("arn:aws:sns:r:1:*"),
            &["arn:aws:sns:r:2:t"],
            true,
        ),
    ]);
}

#[test]
fn numbers_bools_and_addresses() {
    check(&[
        ("NumericEquals", json!("5"), &["5.0"], true),
        ("NumericEquals", json!(5), &["five"], false),
        ("NumericNotEquals", json!(5), &["6"], true),
        ("NumericLessThan", json!(5), &["5"], false),
        ("NumericLessThanEquals", json!(5), &["5"], true),
        ("NumericGreaterThan", json!("5"), &["5.1"], true),
        ("NumericGreaterThanEquals", json!(5), &["4"], false),
        ("Bool", json!("true"), &["true"], true),
        ("Bool", json!(true), &["True"], true),
        ("Bool", json!(false), &["true"], false),
        ("Bool", json!(false), &["x"], false),
        ("IpAddress", json!("10.1.0.0/16"), &["10.1.255.1"], true),
        ("IpAddress", json!("10.1.0.0/16"), &["10.2.0.1"], false),
        ("IpAddress", json!("10.1.2.3"), &["10.1.2.3"], true),
        (
            "IpAddress",
            json!(["0.0.0.0/0", "::/0"]),
            &["fe80::1"],
            true,
        ),
        ("IpAddress", json!("2001:db8::/32"), &["2001:db9::1"], false),
        ("IpAddress", json!("0.0.0.0/0"), &["::1"], false),
        ("NotIpAddress", json!("10.0.0.0/8"), &["11.0.0.1"], true),
        ("NotIpAddress", json!("10.0.0.0/8"), &["10.0.0.1"], false),
    ]);
}

/// "If the key that you specify in a policy condition is not present": positive operators don't match, negated ones do,
/// `IfExists` and `ForAllValues` do, `ForAnyValue` doesn't.
#[test]
fn a_key_that_is_absent() {
    check(&[
        ("StringEquals", json!("a"), &[], false),
        ("StringLike", json!("*"), &[], false),
        ("StringNotEquals", json!("a"), &[], true),
        ("StringNotLike", json!("*"), &[], true),
        ("ArnLike", json!("arn:*:*:*:*:*"), &[], false),
        ("ArnNotLike", json!("arn:*:*:*:*:*"), &[], true),
        ("Bool", json!("false"), &[], false),
        ("NumericLessThan", json!(5), &[], false),
        ("NumericNotEquals", json!(5), &[], true),
        ("IpAddress", json!("0.0.0.0/0"), &[], false),
        ("NotIpAddress", json!("0.0.0.0/0"), &[], true),
        ("StringEqualsIfExists", json!("a"), &[], true),
        ("StringEqualsIfExists", json!("a"), &["b"], false),
        ("StringNotEqualsIfExists", json!("a"), &["a"], false),
        ("BoolIfExists", json!("true"), &[], true),
        ("ForAllValues:StringEquals", json!("a"), &[], true),
        ("ForAnyValue:StringEquals", json!("a"), &[], false),
        ("ForAnyValue:StringNotEquals", json!("a"), &[], false),
        ("ForAnyValue:StringEqualsIfExists", json!("a"), &[], true),
        ("Null", json!("true"), &[], true),
        ("Null", json!("false"), &[], false),
        ("Null", json!(true), &["a"], false),
        ("Null", json!(false), &["a"], true),
    ]);
}

#[test]
fn a_key_with_several_values() {
    check(&[
        (
            "ForAllValues:StringEquals",
            json!(["a", "b"]),
            &["a", "b"],
            true,
        ),
        (
            "ForAllValues:StringEquals",
            json!(["a", "b"]),
            &["a", "c"],
            false,
        ),
        (
            "ForAnyValue:StringEquals",
            json!(["a", "b"]),
            &["c", "b"],
            true,
        ),
        (
            "ForAnyValue:StringEquals",
            json!(["a", "b"]),
            &["c", "d"],
            false,
        ),
        (
            "ForAllValues:StringNotEquals",
            json!(["a"]),
            &["b", "c"],
            true,
        ),
        (
            "ForAllValues:StringNotEquals",
            json!(["a"]),
            &["b", "a"],
            false,
        ),
        (
            "ForAnyValue:StringNotLike",
            json!(["a*"]),
            &["ab", "b"],
            true,
        ),
        (
            "ForAnyValue:StringNotLike",
            json!(["a*"]),
            &["ab", "ac"],
            false,
        ),
        ("StringEquals", json!("a"), &["b", "a"], true),
        ("StringNotEquals", json!("a"), &["b", "a"], false),
    ]);
}

#[test]
fn all_operators_and_keys_must_hold() {
    let both = |name: &str| json!({"StringEquals": {"s3:key": "a", "aws:username": name}, "StringLike": {"s3:key": "?"}});
    assert!(holds(&both("jo"), &["a"], WORKER));
    assert!(!holds(&both("al"), &["a"], WORKER));
    assert!(!holds(&both("jo"), &["b"], WORKER));
    assert!(holds(&json!({}), &[], WORKER));
}

#[test]
fn some_keys_follow_from_the_principal() {
    let s3 = Principal::Service("s3.amazonaws.com");
    for (condition, principal, expected) in [
        (
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Worker"}}),
            WORKER,
            true,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
            WORKER,
            true,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
            s3,
            false,
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            s3,
            true,
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            WORKER,
            false,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalServiceName": "s3.amazonaws.com"}}),
            s3,
            true,
        ),
        (
            json!({"Null": {"aws:PrincipalArn": true}}),
            Principal::Anonymous,
            true,
        ),
    ] {
        assert_eq!(
            holds(&condition, &[], principal),
            expected,
            "{condition} {principal:?}"
        );
    }
}
