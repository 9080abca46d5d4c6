//! The evaluation logic of the user guide, as tables.

use std::collections::BTreeMap;

use iam::{Decision, Policy, PolicyType, Principal, Request, denial_message, evaluate};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const USER: Principal<'_> = Principal::Aws {
    arn: "arn:aws:iam::111122223333:user/jo",
    account: ACCOUNT,
};
const SESSION: Principal<'_> = Principal::Aws {
    arn: "arn:aws:sts::111122223333:assumed-role/Worker/session",
    account: ACCOUNT,
};
const ROOT: Principal<'_> = Principal::Aws {
    arn: "arn:aws:iam::111122223333:root",
    account: ACCOUNT,
};
const OTHER: Principal<'_> = Principal::Aws {
    arn: "arn:aws:iam::444455556666:user/al",
    account: "444455556666",
};
const S3: Principal<'_> = Principal::Service("s3.amazonaws.com");
const OBJECT: &str = "arn:aws:s3:::b/k";

const IDENTITY_DENY: Decision = Decision::ExplicitDeny(PolicyType::IdentityBased);
const RESOURCE_DENY: Decision = Decision::ExplicitDeny(PolicyType::ResourceBased);

fn policies(statements: &Value) -> Vec<Policy> {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let policies: Vec<_> = Policy::parse(&document).into_iter().collect();
    assert_eq!(policies.len(), 1, "{document} is read");
    policies
}

fn decide(
    identity: &Value,
    resource: &Value,
    principal: Principal<'_>,
    action: &str,
    on: &str,
) -> Decision {
    let request = Request {
        principal,
        action,
        resource: on,
        context: &BTreeMap::new(),
    };
    evaluate(&policies(identity), &policies(resource), &request)
}

fn identity(effect: &str) -> Value {
    json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

fn resource(effect: &str, principal: &Value) -> Value {
    json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Principal": principal})
}

#[test]
fn identity_and_resource_policies_add_up_and_a_deny_wins() {
    use Decision::{Allow, ImplicitDeny};
    let none = json!([]);
    let allows = identity("Allow");
    let denies = identity("Deny");
    let jo = json!({"AWS": "arn:aws:iam::111122223333:user/jo"});
    let bucket_allows = resource("Allow", &jo);
    let bucket_denies = resource("Deny", &jo);
    for (identity, resource, expected) in [
        (&none, &none, ImplicitDeny),
        (&allows, &none, Allow),
        (&none, &bucket_allows, Allow),
        (&allows, &bucket_allows, Allow),
        (&denies, &none, IDENTITY_DENY),
        (&denies, &bucket_allows, IDENTITY_DENY),
        (&none, &bucket_denies, RESOURCE_DENY),
        (&allows, &bucket_denies, RESOURCE_DENY),
        (&json!([allows, denies]), &none, IDENTITY_DENY),
        (&json!([denies, allows]), &none, IDENTITY_DENY),
        (&none, &json!([bucket_allows, bucket_denies]), RESOURCE_DENY),
    ] {
        let decision = decide(identity, resource, USER, "s3:GetObject", OBJECT);
        assert_eq!(decision, expected, "{identity} {resource}");
    }
}

#[test]
fn a_resource_policy_names_who_may() {
    use Decision::{Allow, ImplicitDeny};
    let session = "arn:aws:sts::111122223333:assumed-role/Worker/session";
    for (named, principal, expected) in [
        (json!("*"), USER, Allow),
        (json!("*"), S3, Allow),
        (json!("*"), Principal::Anonymous, Allow),
        (json!({"AWS": "*"}), Principal::Anonymous, Allow),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/jo"}),
            USER,
            Allow,
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/jo"}),
            Principal::Anonymous,
            ImplicitDeny,
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/JO"}),
            USER,
            ImplicitDeny,
        ),
        (
            json!({"AWS": ["arn:aws:iam::111122223333:user/x", "arn:aws:iam::111122223333:user/jo"]}),
            USER,
            Allow,
        ),
        // A role's sessions are named by the role, with its path, or individually.
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/Worker"}),
            SESSION,
            Allow,
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/a/b/Worker"}),
            SESSION,
            Allow,
        ),
        (json!({"AWS": session}), SESSION, Allow),
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/NotWorker"}),
            SESSION,
            ImplicitDeny,
        ),
        (
            json!({"AWS": "arn:aws:iam::444455556666:role/Worker"}),
            SESSION,
            ImplicitDeny,
        ),
        // Naming the account leaves the decision to its policies, and there are none.
        (json!({"AWS": "111122223333"}), USER, ImplicitDeny),
        (
            json!({"AWS": "arn:aws:iam::111122223333:root"}),
            USER,
            ImplicitDeny,
        ),
        (json!({"AWS": "111122223333"}), ROOT, Allow),
        (json!({"Service": "s3.amazonaws.com"}), S3, Allow),
        (
            json!({"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}),
            S3,
            Allow,
        ),
        (json!({"Service": "sns.amazonaws.com"}), S3, ImplicitDeny),
        (json!({"Service": "s3.amazonaws.com"}), USER, ImplicitDeny),
        (
            json!({"AWS": "111122223333", "Service": "s3.amazonaws.com"}),
            S3,
            Allow,
        ),
    ] {
        let policy = resource("Allow", &named);
        let decision = decide(&json!([]), &policy, principal, "s3:GetObject", OBJECT);
        assert_eq!(decision, expected, "{named} {principal:?}");
    }
}

#[test]
fn a_deny_of_the_account_is_for_all_in_it() {
    let policy = resource("Deny", &json!({"AWS": "111122223333"}));
    assert_eq!(
        decide(&identity("Allow"), &policy, SESSION, "s3:GetObject", OBJECT),
        RESOURCE_DENY
    );
    assert_eq!(
        decide(&identity("Allow"), &policy, OTHER, "s3:GetObject", OBJECT),
        Decision::Allow
    );
}

#[test]
fn not_principal_spares_whom_it_names_in_every_respect() {
    let policy = |named: Value| json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "NotPrincipal": named});
    let user = "arn:aws:iam::111122223333:user/jo";
    let role = "arn:aws:iam::111122223333:role/Worker";
    let session = "arn:aws:sts::111122223333:assumed-role/Worker/session";
    for (named, principal, expected) in [
        (json!({"AWS": [user, ACCOUNT]}), USER, Decision::Allow),
        (json!({"AWS": [user]}), USER, RESOURCE_DENY),
        (json!({"AWS": [ACCOUNT]}), USER, RESOURCE_DENY),
        (
            json!({"AWS": [session, role, ACCOUNT]}),
            SESSION,
            Decision::Allow,
        ),
        (json!({"AWS": [role, ACCOUNT]}), SESSION, RESOURCE_DENY),
        (json!({"AWS": [session, ACCOUNT]}), SESSION, RESOURCE_DENY),
        (json!({"AWS": [user, ACCOUNT]}), OTHER, RESOURCE_DENY),
        (json!({"AWS": [ACCOUNT]}), ROOT, Decision::Allow),
    ] {
        let decision = decide(
            &identity("Allow"),
            &policy(named.clone()),
            principal,
            "s3:GetObject",
            OBJECT,
        );
        assert_eq!(decision, expected, "{named} {principal:?}");
    }
    let spares_s3 = json!([
        policy(json!({"Service": "s3.amazonaws.com"})),
        resource("Allow", &json!("*")),
    ]);
    assert_eq!(
        decide(&json!([]), &spares_s3, S3, "s3:GetObject", OBJECT),
        Decision::Allow
    );
    assert_eq!(
        decide(
            &json!([]),
            &spares_s3,
            Principal::Anonymous,
            "s3:GetObject",
            OBJECT
        ),
        RESOURCE_DENY
    );
}

#[test]
fn only_a_resource_policy_counts_for_services_and_the_anonymous() {
    for principal in [S3, Principal::Anonymous] {
        let decision = decide(
            &identity("Allow"),
            &json!([]),
            principal,
            "s3:GetObject",
            OBJECT,
        );
        assert_eq!(decision, Decision::ImplicitDeny);
        let decision = decide(
            &identity("Deny"),
            &resource("Allow", &json!("*")),
            principal,
            "s3:GetObject",
            OBJECT,
        );
        assert_eq!(decision, Decision::Allow);
    }
}

#[test]
fn a_statement_in_the_wrong_type_of_policy_does_not_apply() {
    let decision = decide(
        &resource("Allow", &json!("*")),
        &identity("Allow"),
        USER,
        "s3:GetObject",
        OBJECT,
    );
    assert_eq!(decision, Decision::ImplicitDeny);
}

#[test]
fn actions_and_resources_match() {
    for (element, action, on, expected) in [
        (
            json!({"Action": "*", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "s3:*", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "S3:getobject", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "s3:Get*", "Resource": "*"}),
            "s3:PutObject",
            OBJECT,
            false,
        ),
        (
            json!({"Action": "s3:?etObject", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "s3:?GetObject", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            false,
        ),
        (
            json!({"Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "s3:GetObject", "Resource": "*"}),
            "s3:GetObjectAcl",
            OBJECT,
            false,
        ),
        (
            json!({"NotAction": "s3:Put*", "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"NotAction": ["s3:Put*", "s3:Get*"], "Resource": "*"}),
            "s3:GetObject",
            OBJECT,
            false,
        ),
        (
            json!({"NotAction": "s3:*", "Resource": "*"}),
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            true,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s3:::b/*"}),
            "s3:GetObject",
            "arn:aws:s3:::b/a/b:c",
            true,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s3:::b/*"}),
            "s3:ListBucket",
            "arn:aws:s3:::b",
            false,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s3:::B/*"}),
            "s3:GetObject",
            OBJECT,
            false,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s3:::b/?"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "*", "NotResource": "arn:aws:s3:::a/*"}),
            "s3:GetObject",
            OBJECT,
            true,
        ),
        (
            json!({"Action": "*", "NotResource": "arn:aws:s3:::b/*"}),
            "s3:GetObject",
            OBJECT,
            false,
        ),
        // A wildcard doesn't match a colon, except at the end of a part.
        (
            json!({"Action": "*", "Resource": "arn:aws:sns:*:1:t"}),
            "sns:Publish",
            "arn:aws:sns:eu-west-1:1:t",
            true,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:sns:*"}),
            "sns:Publish",
            "arn:aws:sns:eu-west-1:1:t",
            true,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s*s:r:1:t"}),
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            true,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:s*1:t"}),
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            false,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:sns?r:1:t"}),
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            false,
        ),
        (
            json!({"Action": "*", "Resource": "arn:aws:logs:*:*:log-group:/a*z:*"}),
            "logs:PutLogEvents",
            "arn:aws:logs:r:1:log-group:/a:z:x",
            true,
        ),
    ] {
        let mut statement = element.clone();
        statement["Effect"] = "Allow".into();
        let expected = if expected {
            Decision::Allow
        } else {
            Decision::ImplicitDeny
        };
        assert_eq!(
            decide(&statement, &json!([]), USER, action, on),
            expected,
            "{element} {action} {on}"
        );
    }
}

#[test]
fn a_trust_policy_says_who_may_assume_the_role() {
    let trust = json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
    });
    let role = "arn:aws:iam::111122223333:role/Worker";
    let lambda = Principal::Service("lambda.amazonaws.com");
    assert_eq!(
        decide(&json!([]), &trust, lambda, "sts:AssumeRole", role),
        Decision::Allow
    );
    assert_eq!(
        decide(&json!([]), &trust, S3, "sts:AssumeRole", role),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(&json!([]), &trust, lambda, "sts:TagSession", role),
        Decision::ImplicitDeny
    );
}

#[test]
fn variables_are_filled_in() {
    let context = BTreeMap::from([
        ("aws:username".to_owned(), vec!["jo".to_owned()]),
        ("s3:prefix".to_owned(), vec!["*".to_owned()]),
        ("sns:Many".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
    ]);
    for (version, resource, on, expected) in [
        (
            "2012-10-17",
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:s3:::b/jo/k",
            true,
        ),
        (
            "2012-10-17",
            "arn:aws:s3:::b/${AWS:UserName}/*",
            "arn:aws:s3:::b/al/k",
            false,
        ),
        (
            "2012-10-17",
            "arn:aws:s3:::b/${aws:PrincipalAccount}",
            "arn:aws:s3:::b/111122223333",
            true,
        ),
        (
            "2012-10-17",
            "${aws:PrincipalArn}",
            "arn:aws:iam::111122223333:role/Worker",
            true,
        ),
        // Wildcards in a value, or written as variables, are literal.
        (
            "2012-10-17",
            "arn:aws:s3:::b/${s3:prefix}",
            "arn:aws:s3:::b/*",
            true,
        ),
        (
            "2012-10-17",
            "arn:aws:s3:::b/${s3:prefix}",
            "arn:aws:s3:::b/k",
            false,
        ),
        (
            "2012-10-17",
            "arn:aws:s3:::b/${*}${?}${$}",
            "arn:aws:s3:::b/*?$",
            true,
        ),
        // A variable without exactly one value matches nothing.
        (
            "2012-10-17",
            "arn:aws:s3:::b/${aws:userid}*",
            "arn:aws:s3:::b/k",
            false,
        ),
        (
            "2012-10-17",
            "arn:aws:s3:::b/${sns:Many}",
            "arn:aws:s3:::b/a",
            false,
        ),
        (
            "2008-10-17",
            "arn:aws:s3:::b/${aws:username}",
            "arn:aws:s3:::b/jo",
            false,
        ),
        (
            "2008-10-17",
            "arn:aws:s3:::b/${aws:username}",
            "arn:aws:s3:::b/${aws:username}",
            true,
        ),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
        let policy = Policy::parse(&json!({"Version": version, "Statement": [statement]})).unwrap();
        let request = Request {
            principal: SESSION,
            action: "s3:GetObject",
            resource: on,
            context: &context,
        };
        let allowed = evaluate(&[policy], &[], &request) == Decision::Allow;
        assert_eq!(allowed, expected, "{version} {resource} {on}");
    }
}

/// S3's message is recorded in terraform-aws-bedrock issue 41, `DynamoDB`'s in intellij-dynamodb issue 29, those of
/// explicit denials in "Troubleshoot access denied error messages".
#[test]
fn a_denial_is_worded_as_aws_does() {
    let session = "arn:aws:sts::111122223333:assumed-role/Worker/session";
    for (principal, action, resource, decision, expected) in [
        (
            session,
            "s3:GetObject",
            OBJECT,
            Decision::ImplicitDeny,
            "User: arn:aws:sts::111122223333:assumed-role/Worker/session is not authorized to perform: s3:GetObject on \
             resource: \"arn:aws:s3:::b/k\" because no identity-based policy allows the s3:GetObject action",
        ),
        (
            session,
            "dynamodb:Query",
            "arn:aws:dynamodb:us-east-1:111122223333:table/t",
            Decision::ImplicitDeny,
            "User: arn:aws:sts::111122223333:assumed-role/Worker/session is not authorized to perform: dynamodb:Query on \
             resource: arn:aws:dynamodb:us-east-1:111122223333:table/t because no identity-based policy allows the \
             dynamodb:Query action",
        ),
        (
            session,
            "s3:GetObject",
            OBJECT,
            RESOURCE_DENY,
            "User: arn:aws:sts::111122223333:assumed-role/Worker/session is not authorized to perform: s3:GetObject on \
             resource: \"arn:aws:s3:::b/k\" with an explicit deny in a resource-based policy",
        ),
        (
            session,
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            IDENTITY_DENY,
            "User: arn:aws:sts::111122223333:assumed-role/Worker/session is not authorized to perform: sns:Publish on \
             resource: arn:aws:sns:r:1:t with an explicit deny in an identity-based policy",
        ),
        (
            "s3.amazonaws.com",
            "sns:Publish",
            "arn:aws:sns:r:1:t",
            Decision::ImplicitDeny,
            "User: s3.amazonaws.com is not authorized to perform: sns:Publish on resource: arn:aws:sns:r:1:t because no \
             resource-based policy allows the sns:Publish action",
        ),
    ] {
        assert_eq!(
            denial_message(principal, action, resource, decision),
            expected
        );
    }
}
