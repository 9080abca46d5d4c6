//! What CloudFormation needs to create, read, update and delete the resources of `infra/infra.yaml`: the permissions of
//! the handlers in AWS's resource schemas (`aws/handlers.json`, made by `.ci/update-handlers`), except for those of
//! properties that the template does not use.

use std::collections::BTreeSet;
use std::fs;

use cfn::Template;
use iam::Policy;
use serde_json::Value;

use crate::policies::{Environment, allows, root};

/// One permission that deploying the template needs.
pub struct Need {
    pub kind: String,
    pub action: String,
    pub resource: String,
    /// Whether a read handler needs it, which drift detection also calls.
    pub reads: bool,
    context: Vec<(&'static str, String)>,
}

impl Need {
    pub fn is_allowed(&self, policies: &[Policy]) -> bool {
        let context: Vec<(&str, &str)> = self
            .context
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        allows(policies, &self.action, &self.resource, &context)
    }
}

/// Actions of handlers that are never called for this template's resources: type and action, each with `*` at the end for
/// any, and the property that would need them.
const UNUSED: &[(&str, &str, &str)] = &[
    ("*", "kms:*", "keys of one's own"),
    (
        "AWS::ApiGateway::RestApi",
        "apigateway:UpdateRestApiPolicy",
        "Policy",
    ),
    (
        "AWS::ApiGateway::RestApi",
        "iam:PassRole",
        "BodyS3Location; the definition's own credentials are Lambda's case",
    ),
    (
        "AWS::ApiGateway::RestApi",
        "s3:GetObject*",
        "BodyS3Location",
    ),
    ("AWS::DynamoDB::Table", "dynamodb:*Item", "replicas"),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:BatchWriteItem",
        "replicas",
    ),
    ("AWS::DynamoDB::Table", "dynamodb:Query", "replicas"),
    ("AWS::DynamoDB::Table", "dynamodb:Scan", "replicas"),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:AssociateTableReplica",
        "replicas",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:CreateTableReplica",
        "replicas",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:ImportTable",
        "ImportSourceSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:DeleteResourcePolicy",
        "ResourcePolicy",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:PutResourcePolicy",
        "ResourcePolicy",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:DisableKinesisStreamingDestination",
        "KinesisStreamSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:EnableKinesisStreamingDestination",
        "KinesisStreamSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:UpdateKinesisStreamingDestination",
        "KinesisStreamSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "dynamodb:UpdateContributorInsights",
        "ContributorInsightsSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "iam:CreateServiceLinkedRole",
        "replicas",
    ),
    (
        "AWS::DynamoDB::Table",
        "kinesis:*",
        "KinesisStreamSpecification",
    ),
    (
        "AWS::DynamoDB::Table",
        "logs:*",
        "ImportSourceSpecification",
    ),
    ("AWS::DynamoDB::Table", "s3:*", "ImportSourceSpecification"),
    (
        "AWS::IAM::Role",
        "iam:AttachRolePolicy",
        "ManagedPolicyArns",
    ),
    (
        "AWS::IAM::Role",
        "iam:DetachRolePolicy",
        "ManagedPolicyArns",
    ),
    (
        "AWS::IAM::Role",
        "iam:DeleteRolePermissionsBoundary",
        "never: a role keeps its boundary",
    ),
    ("AWS::Lambda::Function", "ec2:*", "VpcConfig"),
    (
        "AWS::Lambda::Function",
        "elasticfilesystem:*",
        "FileSystemConfigs",
    ),
    ("AWS::Lambda::Function", "s3files:*", "FileSystemConfigs"),
    (
        "AWS::Lambda::Function",
        "lambda:GetCodeSigningConfig",
        "CodeSigningConfigArn",
    ),
    (
        "AWS::Lambda::Function",
        "lambda:DeleteFunctionCodeSigningConfig",
        "CodeSigningConfigArn",
    ),
    (
        "AWS::Lambda::Function",
        "lambda:PutFunctionCodeSigningConfig",
        "CodeSigningConfigArn",
    ),
    ("AWS::Lambda::Function", "lambda:GetLayerVersion", "Layers"),
    (
        "AWS::Lambda::Function",
        "lambda:PassCapacityProvider",
        "CapacityProviderConfig",
    ),
    (
        "AWS::Lambda::Function",
        "lambda:PutFunctionScalingConfig",
        "FunctionScalingConfig",
    ),
    (
        "AWS::Lambda::Function",
        "lambda:PublishVersion",
        "PublishToLatestPublished",
    ),
    (
        "AWS::Lambda::Function",
        "lambda:PutRuntimeManagementConfig",
        "RuntimeManagementConfig",
    ),
    ("AWS::Logs::LogGroup", "firehose:*", "delivery to Firehose"),
    (
        "AWS::Logs::LogGroup",
        "logs:*DataProtectionPolicy",
        "DataProtectionPolicy",
    ),
    ("AWS::Logs::LogGroup", "logs:AssociateKmsKey", "KmsKeyId"),
    ("AWS::Logs::LogGroup", "logs:DisassociateKmsKey", "KmsKeyId"),
    (
        "AWS::Logs::LogGroup",
        "logs:CreateLogDelivery",
        "delivery to S3",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:DeleteIndexPolicy",
        "FieldIndexPolicies",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:PutIndexPolicy",
        "FieldIndexPolicies",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:DeleteResourcePolicy",
        "ResourcePolicyDocument",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:PutResourcePolicy",
        "ResourcePolicyDocument",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:PutBearerTokenAuthentication",
        "BearerTokenAuthenticationEnabled",
    ),
    (
        "AWS::Logs::LogGroup",
        "logs:PutLogGroupDeletionProtection",
        "DeletionProtectionEnabled",
    ),
    ("AWS::Logs::LogGroup", "s3:*", "delivery to S3"),
    (
        "AWS::S3::Bucket",
        "iam:PassRole",
        "ReplicationConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:CreateBucketMetadataTableConfiguration",
        "MetadataTableConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucket*Configuration",
        "analytics, metrics and metadata tables",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucketCors",
        "CorsConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucketEncryption",
        "no action of IAM: s3:PutEncryptionConfiguration allows it",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucketLifecycle",
        "no action of IAM: s3:PutLifecycleConfiguration allows it",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucketReplication",
        "ReplicationConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteBucketWebsite",
        "WebsiteConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:DeleteObject",
        "MetadataTableConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutAccelerateConfiguration",
        "AccelerateConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutAnalyticsConfiguration",
        "AnalyticsConfigurations",
    ),
    ("AWS::S3::Bucket", "s3:PutBucketAbac", "AbacStatus"),
    ("AWS::S3::Bucket", "s3:PutBucketAcl", "AccessControl"),
    ("AWS::S3::Bucket", "s3:PutBucketCORS", "CorsConfiguration"),
    (
        "AWS::S3::Bucket",
        "s3:PutBucketLogging",
        "LoggingConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutBucketObjectLockConfiguration",
        "ObjectLockConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutBucketReplication",
        "ReplicationConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutBucketWebsite",
        "WebsiteConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutIntelligentTieringConfiguration",
        "IntelligentTieringConfigurations",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutInventoryConfiguration",
        "InventoryConfigurations",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutMetricsConfiguration",
        "MetricsConfigurations",
    ),
    ("AWS::S3::Bucket", "s3:PutObjectAcl", "AccessControl"),
    (
        "AWS::S3::Bucket",
        "s3:PutObjectLockConfiguration",
        "ObjectLockConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:PutReplicationConfiguration",
        "ReplicationConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3:UpdateBucketMetadata*",
        "MetadataTableConfiguration",
    ),
    (
        "AWS::S3::Bucket",
        "s3tables:*",
        "MetadataTableConfiguration",
    ),
    (
        "AWS::SNS::*",
        "iam:*",
        "DeliveryStatusLogging and SubscriptionRoleArn",
    ),
    (
        "AWS::SNS::Topic",
        "sns:PutDataProtectionPolicy",
        "DataProtectionPolicy",
    ),
];

/// Judged by the action's name.
pub fn only_reads(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["Describe", "Get", "List"]
        .iter()
        .any(|verb| name.starts_with(verb))
        || action == "apigateway:GET"
}

/// Whether a pattern with one `*` matches.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Everything that the types of the template need, for an environment's resources.
pub fn needs(environment: &Environment) -> Vec<Need> {
    let text = fs::read_to_string(root().join("infra/infra.yaml")).unwrap();
    let template = Template::parse("infra.yaml", &text).unwrap();
    let types: BTreeSet<&str> = template.resource_types().map(|(_, kind, _)| kind).collect();
    let schemas =
        fs::read_to_string(root().join("crates/tools/pipeline/aws/handlers.json")).unwrap();
    let schemas: Value = serde_json::from_str(&schemas).unwrap();
    let mut all = Vec::new();
    for kind in types {
        let handlers = schemas["handlers"][kind].as_object();
        let handlers = handlers.unwrap_or_else(|| panic!("{kind}: run .ci/update-handlers"));
        let actions = |of: &dyn Fn(&str) -> bool| -> BTreeSet<&str> {
            let handlers = handlers.iter().filter(|(name, _)| of(name));
            let actions = handlers.flat_map(|(_, actions)| actions.as_array().unwrap());
            actions.map(|action| action.as_str().unwrap()).collect()
        };
        let reads = actions(&|name| name == "read");
        for action in actions(&|_| true) {
            let unused = UNUSED
                .iter()
                .any(|(of, pattern, _)| fits(of, kind) && fits(pattern, action));
            // A property is read whether it is set or not; a key only if there is one.
            if !unused || reads.contains(action) && !action.starts_with("kms:") {
                all.push(Need {
                    kind: kind.to_owned(),
                    // A service's name may be in capitals.
                    action: action.replace("S3:", "s3:"),
                    resource: environment.resource_of(kind, action),
                    reads: reads.contains(action),
                    context: environment.context_of(action),
                });
            }
        }
    }
    all
}

/// A line that matches no handler is out of date.
#[test]
fn every_unused_action_is_of_a_handler() {
    let schemas =
        fs::read_to_string(root().join("crates/tools/pipeline/aws/handlers.json")).unwrap();
    let schemas: Value = serde_json::from_str(&schemas).unwrap();
    for (kind, pattern, reason) in UNUSED {
        let handlers = schemas["handlers"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| fits(kind, name));
        let mut actions = handlers.flat_map(|(_, handlers)| handlers.as_object().unwrap().values());
        let found = actions.any(|actions| {
            let mut actions = actions.as_array().unwrap().iter().filter_map(Value::as_str);
            actions.any(|action| fits(pattern, action))
        });
        assert!(found, "{kind}: no handler needs {pattern} ({reason})");
    }
}
