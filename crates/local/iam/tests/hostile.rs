//! Wildcards compared with a naive matcher, and hostile input.

use std::collections::BTreeMap;

use iam::{Decision, Policy, Principal, Request, evaluate};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Whether `text` matches with `StringLike`.
fn like(pattern: &str, text: &str) -> bool {
    let document = json!({"Version": "2008-10-17", "Statement": {
        "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"s3:prefix": pattern}},
    }});
    let policies: Vec<_> = Policy::parse(&document).into_iter().collect();
    assert_eq!(policies.len(), 1, "{document} is read");
    let context = BTreeMap::from([("s3:prefix".to_owned(), vec![text.to_owned()])]);
    let principal = Principal::Aws {
        arn: "arn:aws:iam::111122223333:user/jo",
        account: "111122223333",
    };
    let request = Request {
        principal,
        action: "s3:ListBucket",
        resource: "arn:aws:s3:::b",
        context: &context,
    };
    evaluate(&policies, &[], &request) == Decision::Allow
}

/// The definition implemented literally; slow with many stars.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
        (['?', rest @ ..], [_, after @ ..]) => naive(rest, after),
        ([expected, rest @ ..], [char, after @ ..]) if expected == char => naive(rest, after),
        _ => false,
    }
}

/// With backtracking this would never end.
#[test]
fn many_wildcards_take_no_longer() {
    let pattern = format!("{}b", "a*".repeat(200));
    assert!(!like(&pattern, &"a".repeat(2_000)));
    assert!(like(&pattern, &format!("{}b", "a".repeat(2_000))));
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("Statement"),
        Just("Effect"),
        Just("Allow"),
        Just("Action"),
        Just("s3:Get*"),
        Just("Resource"),
        Just("arn:aws:s3:::${aws:username}*"),
        Just("Principal"),
        Just("AWS"),
        Just("*"),
        Just("Condition"),
        Just("StringLike"),
        Just("aws:PrincipalArn"),
        Just("Null"),
        Just("${"),
        Just("2012-10-17"),
        Just("Version"),
    ];
    let leaf = prop_oneof![
        words.clone().prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(words.clone(), inner, 0..5).prop_map(|map| {
                map.into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

proptest! {
    // Failures become separate tests.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wildcards_mean_what_they_say(pattern in "[ab*?:é]{0,8}", text in "[ab:é]{0,8}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(like(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn any_document_is_read_or_refused(document in any_json(), statement in any_json()) {
        let _ = Policy::parse(&document);
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let _ = Policy::parse(&document);
    }

    #[test]
    fn only_the_role_named_is_allowed(arn in "arn:aws:(iam|sts)::(111122223333|[0-9]{0,12}):(role/|assumed-role/|user/)?[r/:]{0,5}", resource in "arn:aws:(s3|sns):[:/a-z*]{0,12}") {
        let document = json!({"Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "arn:*:s?:*", "Principal": {"AWS": "arn:aws:iam::111122223333:role/r"},
        }});
        let policy = Policy::resource_based(&document)?;
        let principal = Principal::Aws { arn: &arn, account: "111122223333" };
        let request = Request { principal, action: "s3:GetObject", resource: &resource, context: &BTreeMap::new() };
        if evaluate(&[], &[policy], &request) == Decision::Allow {
            let named = arn == "arn:aws:iam::111122223333:role/r"
                || arn.starts_with("arn:aws:sts::111122223333:assumed-role/r/");
            prop_assert!(named && resource.starts_with("arn:"));
        }
    }
}
