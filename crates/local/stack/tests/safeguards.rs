//! What the template asks of AWS and no machine but AWS's can do: kept data, encryption, nothing public, retries.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use cfn::Stack;
use serde_json::{Value, json};

fn stack() -> Stack {
    shipped::resolved(&[("AccessLogs", "true")]).0
}

/// Logical id and properties of the resources of a type.
fn properties<'a>(stack: &'a Stack, kind: &'a str) -> impl Iterator<Item = (&'a str, Value)> {
    let resources = stack.resources.iter();
    resources
        .filter(move |resource| resource.kind == kind)
        .map(|resource| (resource.logical_id.as_str(), resource.properties.to_json()))
}

#[test]
fn what_holds_data_outlives_the_stack_and_no_failed_create() {
    let stack = stack();
    let mut kept = 0;
    for resource in &stack.resources {
        let policy = match resource.kind.as_str() {
            "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" | "AWS::DynamoDB::Table" => {
                kept += 1;
                ["RetainExceptOnCreate", "Retain"]
            }
            "AWS::Logs::LogGroup" => ["Delete", "Delete"],
            _ => continue,
        };
        assert_eq!(
            [
                resource.deletion_policy.as_deref(),
                resource.update_replace_policy.as_deref()
            ],
            policy.map(Some),
            "{}",
            resource.logical_id
        );
    }
    assert_eq!(kept, 6);
}

#[test]
fn buckets_are_encrypted_owned_and_closed() {
    let stack = stack();
    for (id, bucket) in properties(&stack, "AWS::S3::Bucket") {
        let block = bucket["PublicAccessBlockConfiguration"]
            .as_object()
            .unwrap();
        assert_eq!(block.len(), 4, "{id}");
        assert!(block.values().all(|value| *value == true), "{id}");
        assert_eq!(
            bucket["OwnershipControls"]["Rules"],
            json!([{"ObjectOwnership": "BucketOwnerEnforced"}]),
            "{id}"
        );
        let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        assert_eq!(
            encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256",
            "{id}"
        );
        let rules = bucket["LifecycleConfiguration"]["Rules"]
            .as_array()
            .unwrap();
        assert!(rules.iter().all(|rule| rule["Status"] == "Enabled"), "{id}");
        let days =
            |rule: &Value| rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7;
        assert!(rules.iter().any(days), "{id}");
        // Old versions, where there are any, go.
        assert_eq!(
            bucket["VersioningConfiguration"]["Status"] == "Enabled",
            rules.iter().any(|rule| {
                rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
                    && rule["ExpiredObjectDeleteMarker"] == true
            }),
            "{id}"
        );
    }
    assert_eq!(
        stack.resource("RawBucket").unwrap().properties.to_json()["VersioningConfiguration"],
        json!({"Status": "Enabled"})
    );
}

#[test]
fn tables_can_be_restored_and_cost_what_is_used() {
    let stack = stack();
    for (id, table) in properties(&stack, "AWS::DynamoDB::Table") {
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
        let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        assert_eq!(*recovery, true, "{id}");
    }
    let images = stack.resource("ImageTable").unwrap().properties.to_json();
    assert_eq!(
        images["TimeToLiveSpecification"],
        json!({"AttributeName": "ExpiresAt", "Enabled": true})
    );
}

#[test]
fn failures_are_kept_for_two_weeks_after_every_try() {
    let (stack, resources) = shipped::resolved(&[]);
    for (id, queue) in properties(&stack, "AWS::SQS::Queue") {
        assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 60 * 60, "{id}");
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
    }
    for function in &resources.functions {
        let id = &function.logical_id;
        let config = resources
            .invoke_configs
            .iter()
            .find(|config| config.properties.function_name == function.physical_id)
            .unwrap();
        assert_eq!(config.properties.maximum_retry_attempts, 2, "{id}");
        assert_eq!(
            config.properties.maximum_event_age_in_seconds,
            6 * 60 * 60,
            "{id}"
        );
        assert!(
            config.properties.destination_config.on_failure.is_some(),
            "{id}"
        );
    }
    for subscription in &resources.subscriptions {
        assert!(
            subscription.properties.redrive_policy.is_some(),
            "{}",
            subscription.logical_id
        );
    }
}

#[test]
fn functions_are_traced_and_log_json() {
    let stack = stack();
    for (id, function) in properties(&stack, "AWS::Lambda::Function") {
        assert_eq!(function["TracingConfig"]["Mode"], "Active", "{id}");
        assert_eq!(function["LoggingConfig"]["LogFormat"], "JSON", "{id}");
    }
}

#[test]
fn concurrency_is_reserved_only_when_it_is_asked_for() {
    for (parameters, reserved) in [(vec![], None), (vec![("AnalyzeConcurrency", "5")], Some(5))] {
        let (_, resources) = shipped::resolved(&parameters);
        for function in &resources.functions {
            let expected = reserved.filter(|_| function.logical_id == "AnalyzeImageFunction");
            assert_eq!(
                function.properties.reserved_concurrent_executions, expected,
                "{}",
                function.logical_id
            );
        }
    }
}

#[test]
fn the_stage_is_throttled_and_logs_no_data() {
    for (access_logs, level) in [("true", "ERROR"), ("false", "OFF")] {
        let (stack, resources) = shipped::resolved(&[("AccessLogs", access_logs)]);
        let id = &resources.stages[0].logical_id;
        let stage = stack.resource(id).unwrap().properties.to_json();
        assert_eq!(stage["TracingEnabled"], true);
        let [settings] = stage["MethodSettings"].as_array().unwrap().as_slice() else {
            panic!("one for all methods")
        };
        assert_eq!(settings["ResourcePath"], "/*");
        assert_eq!(settings["HttpMethod"], "*");
        assert_eq!(settings["DataTraceEnabled"], false);
        assert_eq!(settings["MetricsEnabled"], true);
        assert_eq!(settings["LoggingLevel"], level);
        assert!(settings["ThrottlingRateLimit"].as_u64().unwrap() > 0);
        assert!(settings["ThrottlingBurstLimit"].as_u64().unwrap() > 0);
        let format = stage["AccessLogSetting"]["Format"].as_str();
        assert_eq!(format.is_some(), access_logs == "true");
        if let Some(format) = format {
            assert!(!format.contains('\n'));
            let line: Value = serde_json::from_str(format).unwrap();
            let values = line.as_object().unwrap().values();
            assert!(
                values
                    .into_iter()
                    .all(|value| { value.as_str().unwrap().starts_with("$context.") })
            );
        }
    }
}
