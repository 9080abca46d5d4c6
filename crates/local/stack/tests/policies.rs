//! What the template's resource and trust policies refuse, evaluated directly: on one machine there are no requests
//! without TLS, from another account or on behalf of another topic.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::collections::BTreeMap;

use iam::{Decision, Policy, PolicyType, Principal, Request, evaluate};
use local_stack::resources::Resources;
use shipped::{ACCOUNT, names};

const OTHER_ACCOUNT: &str = "444455556666";

fn resources() -> Resources {
    shipped::resolved(&[]).1
}

fn context(keys: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    keys.iter()
        .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
        .collect()
}

fn policies<'a>(documents: impl Iterator<Item = &'a serde_json::Value>) -> Vec<Policy> {
    documents
        .map(|document| Policy::resource_based(document).unwrap())
        .collect()
}

/// The decisions for a caller who may do everything, with and without TLS.
fn administrator(policies: &[Policy], action: &str, resource: &str) -> (Decision, Decision) {
    let everything = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    });
    let identity = [Policy::identity_based(&everything).unwrap()];
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/administrator");
    let answer = |tls| {
        let request = Request {
            principal: Principal::Aws {
                arn: &arn,
                account: ACCOUNT,
            },
            action,
            resource,
            context: &context(&[("aws:SecureTransport", tls)]),
        };
        evaluate(&identity, policies, &request)
    };
    (answer("true"), answer("false"))
}

const ONLY_OVER_TLS: (Decision, Decision) = (
    Decision::Allow,
    Decision::ExplicitDeny(PolicyType::ResourceBased),
);

#[test]
fn nothing_is_reached_without_tls() {
    let all = resources();
    for bucket in &all.buckets {
        let own = all
            .bucket_policies
            .iter()
            .filter(|policy| policy.properties.bucket == bucket.physical_id);
        let own = policies(own.map(|policy| &policy.properties.policy_document));
        let arn = format!("arn:aws:s3:::{}", bucket.physical_id);
        let object = format!("{arn}/cat.jpg");
        for (action, resource) in [
            ("s3:GetObject", &object),
            ("s3:PutObject", &object),
            ("s3:ListBucket", &arn),
        ] {
            assert_eq!(
                administrator(&own, action, resource),
                ONLY_OVER_TLS,
                "{action} {}",
                bucket.logical_id
            );
        }
    }
    for topic in &all.topics {
        let own = all
            .topic_policies
            .iter()
            .filter(|policy| policy.properties.topics.contains(&topic.physical_id));
        let own = policies(own.map(|policy| &policy.properties.policy_document));
        assert_eq!(
            administrator(&own, "sns:Publish", &topic.physical_id),
            ONLY_OVER_TLS,
            "{}",
            topic.logical_id
        );
    }
    for queue in &all.queues {
        let own = all
            .queue_policies
            .iter()
            .filter(|policy| policy.properties.queues.contains(&queue.physical_id));
        let own = policies(own.map(|policy| &policy.properties.policy_document));
        let arn = names().arn("sqs", queue.physical_id.rsplit('/').next().unwrap());
        for action in ["sqs:SendMessage", "sqs:ReceiveMessage"] {
            assert_eq!(
                administrator(&own, action, &arn),
                ONLY_OVER_TLS,
                "{action} {}",
                queue.logical_id
            );
        }
    }
}

/// The decision for a service that acts on behalf of a resource of an account.
fn service(
    policies: &[Policy],
    (name, action, resource): (&str, &str, &str),
    source_arn: &str,
    source_account: &str,
) -> Decision {
    let request = Request {
        principal: Principal::Service(name),
        action,
        resource,
        context: &context(&[
            ("aws:SecureTransport", "true"),
            ("aws:SourceArn", source_arn),
            ("aws:SourceAccount", source_account),
        ]),
    };
    evaluate(&[], policies, &request)
}

#[test]
fn s3_publishes_for_the_raw_bucket_of_this_account_only() {
    let all = resources();
    let topic = &all.topics[0].physical_id;
    let policy = policies(
        all.topic_policies
            .iter()
            .map(|policy| &policy.properties.policy_document),
    );
    let bucket = all
        .buckets
        .iter()
        .find(|bucket| bucket.logical_id == "RawBucket")
        .unwrap();
    let bucket = format!("arn:aws:s3:::{}", bucket.physical_id);
    let publish = ("s3.amazonaws.com", "sns:Publish", topic.as_str());
    assert_eq!(service(&policy, publish, &bucket, ACCOUNT), Decision::Allow);
    for (bucket, account) in [
        (bucket.as_str(), OTHER_ACCOUNT),
        ("arn:aws:s3:::another-bucket", ACCOUNT),
    ] {
        assert_eq!(
            service(&policy, publish, bucket, account),
            Decision::ImplicitDeny,
            "{bucket} of {account}"
        );
    }
}

#[test]
fn sns_sends_to_the_queues_for_its_own_topic_only() {
    let all = resources();
    let topic = all.topics[0].physical_id.as_str();
    let policy = policies(
        all.queue_policies
            .iter()
            .map(|policy| &policy.properties.policy_document),
    );
    for queue in &all.queues {
        let queue = names().arn("sqs", queue.physical_id.rsplit('/').next().unwrap());
        let send = ("sns.amazonaws.com", "sqs:SendMessage", queue.as_str());
        assert_eq!(service(&policy, send, topic, ACCOUNT), Decision::Allow);
        let other = names().arn("sns", "another-topic");
        assert_eq!(
            service(&policy, send, &other, ACCOUNT),
            Decision::ImplicitDeny
        );
        let receive = ("sns.amazonaws.com", "sqs:ReceiveMessage", queue.as_str());
        assert_eq!(
            service(&policy, receive, topic, ACCOUNT),
            Decision::ImplicitDeny
        );
    }
}

#[test]
fn lambda_assumes_a_function_role_for_this_account_only() {
    let all = resources();
    for function in &all.functions {
        let role = all
            .roles
            .iter()
            .find(|role| names().role_arn(&role.physical_id) == function.properties.role)
            .unwrap();
        let trust = policies(std::iter::once(
            &role.properties.assume_role_policy_document,
        ));
        let take = (
            "lambda.amazonaws.com",
            "sts:AssumeRole",
            function.properties.role.as_str(),
        );
        // The function itself, and its queue's poller, whichever ARN that presents.
        for source in [
            format!("function:{}", function.physical_id),
            "event-source-mapping:0f1e2d3c".to_owned(),
        ] {
            let source = names().arn("lambda", &source);
            assert_eq!(service(&trust, take, &source, ACCOUNT), Decision::Allow);
            assert_eq!(
                service(&trust, take, &source, OTHER_ACCOUNT),
                Decision::ImplicitDeny,
                "{}: {source}",
                role.logical_id
            );
        }
    }
}

#[test]
fn each_role_is_assumed_by_one_service_only() {
    let all = resources();
    for role in &all.roles {
        let trust = policies(std::iter::once(
            &role.properties.assume_role_policy_document,
        ));
        let arn = names().role_arn(&role.physical_id);
        let source = names().arn("lambda", "function:any");
        let takers = [
            "lambda.amazonaws.com",
            "apigateway.amazonaws.com",
            "rekognition.amazonaws.com",
            "s3.amazonaws.com",
            "sns.amazonaws.com",
        ];
        let taken = takers.iter().filter(|taker| {
            let take = (**taker, "sts:AssumeRole", arn.as_str());
            service(&trust, take, &source, ACCOUNT) == Decision::Allow
        });
        assert_eq!(taken.count(), 1, "{}", role.logical_id);
    }
}

/// SQS was reported to refuse a statement that lists resources (`remind101/stacker_blueprints`, pull request 71); AWS's own
/// example of one policy for two queues says `*` (SNS guide, "Using an AWS CloudFormation template").
#[test]
fn no_statement_of_a_queues_policy_lists_resources() {
    let policies = resources().queue_policies;
    assert_eq!(policies.len(), 1);
    for statement in policies[0].properties.policy_document["Statement"]
        .as_array()
        .unwrap()
    {
        assert_eq!(statement["Resource"], "*", "{statement}");
    }
}

/// S3 refuses `NewerNoncurrentVersions` in a rule without a filter: "can only be used in Lifecycle V2"
/// (terraform-provider-aws#23228). A size is a filter, whatever CloudFormation makes of rules without one.
#[test]
fn a_rule_that_keeps_versions_has_a_filter() {
    let text = shipped::text();
    let rule = text
        .split("          - Id: ")
        .find(|rule| rule.contains("NewerNoncurrentVersions"));
    assert!(rule.unwrap().contains("ObjectSizeGreaterThan: \"0\""));
}
