//! `infra/bootstrap.yaml`'s roles allow what deploying `infra/infra.yaml` needs, and nothing to change besides.
//!
//! What a type needs is from the `handlers` of its published resource schema, as far as the template uses its
//! properties. Only AWS could show that nothing is missing there.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cfn::{Node, Template, Value};
use iam::{Decision, Policy, Principal, Request, evaluate};

const ACCOUNT: &str = "123456789012";

/// A type, an example of its resources, what making, changing and deleting it calls, and what reading it calls.
const NEEDS: [(&str, &str, &str, &str); 21] = [
    (
        "AWS::S3::Bucket",
        "arn:aws:s3:::contact-sheet-raw-6d9b5a60",
        "s3:CreateBucket s3:DeleteBucket s3:PutBucketNotification s3:PutBucketOwnershipControls \
         s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutBucketVersioning s3:PutEncryptionConfiguration \
         s3:PutLifecycleConfiguration",
        "s3:GetBucketNotification s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock s3:GetBucketTagging \
         s3:GetBucketVersioning s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration \
         s3:GetReplicationConfiguration s3:ListBucket",
    ),
    (
        "AWS::S3::BucketPolicy",
        "arn:aws:s3:::contact-sheet-thumbnails-6d9b5a60",
        "s3:PutBucketPolicy s3:DeleteBucketPolicy",
        "s3:GetBucketPolicy",
    ),
    (
        "AWS::SNS::Topic",
        "arn:aws:sns:us-east-1:123456789012:contact-sheet-staging-ImageUploadTopic-x",
        "sns:CreateTopic sns:DeleteTopic sns:SetTopicAttributes sns:TagResource sns:UntagResource",
        "sns:GetTopicAttributes sns:ListTagsForResource sns:ListSubscriptionsByTopic sns:GetDataProtectionPolicy",
    ),
    (
        "AWS::SNS::TopicPolicy",
        "arn:aws:sns:us-east-1:123456789012:contact-sheet-staging-ImageUploadTopic-x",
        "sns:SetTopicAttributes",
        "sns:GetTopicAttributes",
    ),
    (
        "AWS::SNS::Subscription",
        "arn:aws:sns:us-east-1:123456789012:contact-sheet-staging-ImageUploadTopic-x",
        "sns:Subscribe sns:Unsubscribe sns:SetSubscriptionAttributes",
        "sns:GetSubscriptionAttributes",
    ),
    (
        "AWS::SQS::Queue",
        "arn:aws:sqs:us-east-1:123456789012:contact-sheet-staging-AnalyzeImageFailureQueue-x",
        "sqs:CreateQueue sqs:DeleteQueue sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue",
        "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags",
    ),
    (
        "AWS::SQS::QueuePolicy",
        "arn:aws:sqs:us-east-1:123456789012:contact-sheet-staging-AnalyzeImageFailureQueue-x",
        "sqs:SetQueueAttributes",
        "sqs:GetQueueAttributes",
    ),
    (
        "AWS::Lambda::Function",
        "arn:aws:lambda:us-east-1:123456789012:function:contact-sheet-staging-AnalyzeImageFunction-x",
        "lambda:CreateFunction lambda:DeleteFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration \
         lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency lambda:TagResource lambda:UntagResource",
        "lambda:GetFunction lambda:GetFunctionConfiguration lambda:GetFunctionCodeSigningConfig \
         lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig lambda:ListTags",
    ),
    (
        "AWS::Lambda::EventInvokeConfig",
        "arn:aws:lambda:us-east-1:123456789012:function:contact-sheet-staging-AnalyzeImageFunction-x",
        "lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig \
         lambda:DeleteFunctionEventInvokeConfig",
        "lambda:GetFunctionEventInvokeConfig lambda:ListFunctionEventInvokeConfigs",
    ),
    (
        "AWS::Lambda::Permission",
        "arn:aws:lambda:us-east-1:123456789012:function:contact-sheet-staging-AnalyzeImageFunction-x",
        "lambda:AddPermission lambda:RemovePermission",
        "lambda:GetPolicy",
    ),
    (
        "AWS::IAM::Role",
        "arn:aws:iam::123456789012:role/contact-sheet-staging-ApiUploadRole-x",
        "iam:CreateRole iam:DeleteRole iam:PutRolePolicy iam:DeleteRolePolicy iam:UpdateAssumeRolePolicy iam:TagRole \
         iam:UntagRole",
        "iam:GetRole iam:GetRolePolicy iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListRoleTags",
    ),
    (
        "AWS::DynamoDB::Table",
        "arn:aws:dynamodb:us-east-1:123456789012:table/contact-sheet-staging-ImageTable-x",
        "dynamodb:CreateTable dynamodb:DeleteTable dynamodb:UpdateTable dynamodb:UpdateContinuousBackups \
         dynamodb:UpdateTimeToLive dynamodb:TagResource dynamodb:UntagResource",
        "dynamodb:DescribeTable dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights \
         dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy \
         dynamodb:ListTagsOfResource",
    ),
    (
        "AWS::Logs::LogGroup",
        "arn:aws:logs:us-east-1:123456789012:log-group:contact-sheet-staging-AccessLogGroup-x",
        "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource \
         logs:UntagResource",
        "logs:DescribeLogGroups logs:ListTagsForResource logs:GetDataProtectionPolicy",
    ),
    (
        "AWS::CloudWatch::Alarm",
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:contact-sheet-staging-ApiFailureAlarm-x",
        "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource cloudwatch:UntagResource",
        "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
    ),
    (
        "AWS::CloudWatch::Dashboard",
        "arn:aws:cloudwatch::123456789012:dashboard/Dashboard-x",
        "cloudwatch:PutDashboard cloudwatch:DeleteDashboards",
        "cloudwatch:GetDashboard",
    ),
    (
        "AWS::ApiGateway::RestApi",
        "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5",
        "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
        "apigateway:GET",
    ),
    (
        "AWS::ApiGateway::Deployment",
        "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/deployments/x",
        "apigateway:POST apigateway:PATCH apigateway:DELETE",
        "apigateway:GET",
    ),
    (
        "AWS::ApiGateway::Stage",
        "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/v1",
        "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
        "apigateway:GET",
    ),
    (
        "AWS::ApiGateway::ApiKey",
        "arn:aws:apigateway:us-east-1::/apikeys/x",
        "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
        "apigateway:GET",
    ),
    (
        "AWS::ApiGateway::UsagePlan",
        "arn:aws:apigateway:us-east-1::/usageplans/x",
        "apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
        "apigateway:GET",
    ),
    (
        "AWS::ApiGateway::UsagePlanKey",
        "arn:aws:apigateway:us-east-1::/usageplans/x/keys/y",
        "apigateway:POST apigateway:DELETE",
        "apigateway:GET",
    ),
];

fn infra(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../infra");
    fs::read_to_string(path.join(file)).unwrap()
}

/// A part of the template as JSON, its references in place of what they would give.
fn resolved(node: &Node) -> serde_json::Value {
    let given = |name: &str| match name {
        "AWS::Partition" => "aws".to_owned(),
        "AWS::Region" => "us-east-1".to_owned(),
        "AWS::AccountId" => ACCOUNT.to_owned(),
        "AWS::StackName" => "contact-sheet-bootstrap".to_owned(),
        "AWS::StackId" => {
            "arn:aws:cloudformation:us-east-1:123456789012:stack/contact-sheet-bootstrap/x"
                .to_owned()
        }
        "StackPrefix" => "contact-sheet".to_owned(),
        "ArtifactsBucket.Arn" => "arn:aws:s3:::contact-sheet-artifacts".to_owned(),
        "CloudFormationRole.Arn" => {
            "arn:aws:iam::123456789012:role/contact-sheet-bootstrap-CloudFormationRole-x".to_owned()
        }
        other => panic!("{other} is not known to this test"),
    };
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [(name, _, of)] if name == "Ref" => given(of.as_str().unwrap()).into(),
            [(name, _, of)] if name == "Fn::GetAtt" => match of.as_list() {
                None => given(of.as_str().unwrap()).into(),
                Some(path) => {
                    let path: Vec<_> = path.iter().filter_map(Node::as_str).collect();
                    given(&path.join(".")).into()
                }
            },
            [(name, _, of)] if name == "Fn::Sub" => {
                let reference = regex::Regex::new(r"\$\{([\w:.]+)\}").unwrap();
                let text = of.as_str().unwrap();
                let text =
                    reference.replace_all(text, |found: &regex::Captures<'_>| given(&found[1]));
                text.into_owned().into()
            }
            _ => entries
                .iter()
                .map(|(key, _, of)| (key.clone(), resolved(of)))
                .collect(),
        },
        Value::List(entries) => entries.iter().map(resolved).collect(),
        _ => node.to_json(),
    }
}

fn property<'a>(template: &'a Node, resource: &str, name: &str) -> &'a Node {
    let properties = template
        .get("Resources")
        .unwrap()
        .get(resource)
        .unwrap()
        .get("Properties");
    properties.unwrap().get(name).unwrap()
}

/// The policies of a role, with the one that both share.
fn policies(role: &str) -> Vec<Policy> {
    let template = Node::parse(&infra("bootstrap.yaml")).unwrap();
    let own = property(&template, role, "Policies").as_list().unwrap();
    let documents = own
        .iter()
        .map(|policy| policy.get("PolicyDocument").unwrap());
    let shared = property(&template, "ReadPolicy", "PolicyDocument");
    documents
        .chain([shared])
        .map(|document| Policy::identity_based(&resolved(document)).unwrap())
        .collect()
}

fn is_allowed(policies: &[Policy], action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    let context: BTreeMap<String, Vec<String>> = context
        .iter()
        .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
        .collect();
    let request = Request {
        principal: Principal::Aws {
            arn: "arn:aws:sts::123456789012:assumed-role/x/y",
            account: ACCOUNT,
        },
        action,
        resource,
        context: &context,
    };
    evaluate(policies, &[], &request) == Decision::Allow
}

#[test]
fn cloudformation_may_make_and_read_every_resource_of_the_template() {
    let template = Template::parse("infra.yaml", &infra("infra.yaml")).unwrap();
    let used: BTreeSet<&str> = template.resource_types().map(|(_, kind, _)| kind).collect();
    let known: BTreeSet<&str> = NEEDS.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(
        used, known,
        "what the template uses is what is looked at here"
    );
    let (cloudformation, deploy) = (policies("CloudFormationRole"), policies("DeployRole"));
    for (kind, resource, writes, reads) in NEEDS {
        for action in writes.split_whitespace() {
            assert!(
                is_allowed(&cloudformation, action, resource, &[]),
                "{kind}: {action}"
            );
            assert!(
                !is_allowed(&deploy, action, resource, &[]),
                "the pipeline itself: {action}"
            );
        }
        for action in reads.split_whitespace() {
            // Drift is looked for with the rights of whoever asks.
            assert!(
                is_allowed(&cloudformation, action, resource, &[]),
                "{kind}: {action}"
            );
            assert!(
                is_allowed(&deploy, action, resource, &[]),
                "drift of {kind}: {action}"
            );
        }
    }
}

#[test]
fn cloudformation_may_change_nothing_else() {
    let mut needed: BTreeSet<&str> = NEEDS
        .iter()
        .flat_map(|(_, _, writes, _)| writes.split_whitespace())
        .collect();
    // A function's zip, and the roles of functions and integrations.
    needed.extend(["s3:GetObject", "iam:PassRole"]);
    let policies = policies("CloudFormationRole");
    let allowed = policies[0]
        .statements()
        .iter()
        .filter(|statement| statement.effect() == iam::Effect::Allow);
    let allowed: BTreeSet<&str> = allowed
        .flat_map(iam::Statement::actions)
        .map(String::as_str)
        .collect();
    assert_eq!(allowed, needed);
    for (kind, resource, writes, _) in NEEDS {
        // What has a name has one that begins with the stack's.
        let other = resource.replace("contact-sheet-", "somebody-elses-");
        let unnamed = ["sns:Unsubscribe", "sns:SetSubscriptionAttributes"];
        for action in writes
            .split_whitespace()
            .filter(|action| !unnamed.contains(action))
        {
            let may = other != resource && is_allowed(&policies, action, &other, &[]);
            assert!(!may, "{kind}: {action} on {other}");
        }
    }
}

#[test]
fn nobody_changes_the_roles_of_the_bootstrap() {
    let own = "arn:aws:iam::123456789012:role/contact-sheet-bootstrap-DeployRole-x";
    for role in ["CloudFormationRole", "DeployRole"] {
        for action in [
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:DeleteRole",
        ] {
            assert!(
                !is_allowed(&policies(role), action, own, &[]),
                "{role}: {action}"
            );
        }
    }
    let to_lambda = [("iam:PassedToService", "lambda.amazonaws.com")];
    assert!(!is_allowed(
        &policies("CloudFormationRole"),
        "iam:PassRole",
        own,
        &to_lambda
    ));
}

#[test]
fn the_pipeline_changes_stacks_through_cloudformations_role_only() {
    let policies = policies("DeployRole");
    let role = "arn:aws:iam::123456789012:role/contact-sheet-bootstrap-CloudFormationRole-x";
    let stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/contact-sheet-staging/x";
    let bootstrap = "arn:aws:cloudformation:us-east-1:123456789012:stack/contact-sheet-bootstrap/x";
    let by_role = [("cloudformation:RoleArn", role)];
    let by_other = [(
        "cloudformation:RoleArn",
        "arn:aws:iam::123456789012:role/Admin",
    )];
    for action in [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteStack",
    ] {
        assert!(is_allowed(&policies, action, stack, &by_role), "{action}");
        assert!(!is_allowed(&policies, action, stack, &by_other), "{action}");
        assert!(!is_allowed(&policies, action, stack, &[]), "{action}");
        assert!(
            !is_allowed(&policies, action, bootstrap, &by_role),
            "{action}"
        );
    }
    assert!(is_allowed(
        &policies,
        "cloudformation:DescribeStacks",
        bootstrap,
        &[]
    ));
    assert!(is_allowed(
        &policies,
        "cloudformation:ExecuteChangeSet",
        stack,
        &[]
    ));
    assert!(!is_allowed(
        &policies,
        "cloudformation:ExecuteChangeSet",
        bootstrap,
        &[]
    ));
    let to_cloudformation = [("iam:PassedToService", "cloudformation.amazonaws.com")];
    assert!(is_allowed(
        &policies,
        "iam:PassRole",
        role,
        &to_cloudformation
    ));
    let to_lambda = [("iam:PassedToService", "lambda.amazonaws.com")];
    assert!(!is_allowed(&policies, "iam:PassRole", role, &to_lambda));
    let zip = "arn:aws:s3:::contact-sheet-artifacts/create-thumbnail-1.zip";
    for action in ["s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"] {
        assert!(is_allowed(&policies, action, zip, &[]), "{action}");
    }
    assert!(!is_allowed(&policies, "s3:DeleteObject", zip, &[]));
    let api = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/v1/PUT/images/x";
    assert!(is_allowed(&policies, "execute-api:Invoke", api, &[]));
}

/// The trust is written as text, where no linter looks.
#[test]
fn only_the_named_service_connections_are_the_pipeline() {
    let template = Node::parse(&infra("bootstrap.yaml")).unwrap();
    let trust = property(&template, "DeployRole", "AssumeRolePolicyDocument");
    let text = trust.get("Fn::Sub").unwrap().as_list().unwrap()[0]
        .as_str()
        .unwrap();
    let text = text
        .replace(
            "${Provider}",
            "arn:aws:iam::123456789012:oidc-provider/vstoken.dev.azure.com/1",
        )
        .replace("${AzureDevOpsIssuer}", "vstoken.dev.azure.com/1")
        .replace("${Subjects}", "sc://o/p/staging\", \"sc://o/p/production");
    assert!(!text.contains("${"), "{text}");
    let trust: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statement = &trust["Statement"][0];
    assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
    let condition = &statement["Condition"]["StringEquals"];
    assert_eq!(
        condition["vstoken.dev.azure.com/1:aud"],
        "api://AzureADTokenExchange"
    );
    let subjects = serde_json::json!(["sc://o/p/staging", "sc://o/p/production"]);
    assert_eq!(condition["vstoken.dev.azure.com/1:sub"], subjects);
    assert_eq!(trust["Statement"].as_array().unwrap().len(), 1);
}

/// What a deployment is watched by is in the template.
#[test]
fn every_alarm_that_a_deployment_watches_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let script = fs::read_to_string(root.join(".ci/before-deploy")).unwrap();
    let watched = script
        .lines()
        .find_map(|line| line.strip_prefix("watched=\""))
        .unwrap();
    let watched: Vec<&str> = watched.trim_end_matches('"').split(' ').collect();
    assert!(
        (1..=5).contains(&watched.len()),
        "CloudFormation watches five at most"
    );
    let template = Template::parse("infra.yaml", &infra("infra.yaml")).unwrap();
    let types: BTreeMap<&str, &str> = template
        .resource_types()
        .map(|(id, kind, _)| (id, kind))
        .collect();
    for alarm in watched {
        assert_eq!(types.get(alarm), Some(&"AWS::CloudWatch::Alarm"), "{alarm}");
    }
}
