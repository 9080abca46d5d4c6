//! Settings of the template that only take effect on AWS: retained data, encryption, no public access, retries.

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
fn data_outlives_the_stack_but_not_a_failed_creation() {
    let stack = stack();
    let mut kept = 0;
    for resource in &stack.resources {
        let policy = match resource.kind.as_str() {
            // Its pointers are useless without the images that they point to, and are made again.
            "AWS::DynamoDB::Table" if resource.logical_id == "ContentTable" => ["Delete", "Delete"],
            "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" | "AWS::DynamoDB::Table" => {
                kept += 1;
                ["RetainExceptOnCreate", "Retain"]
            }
            "AWS::Logs::LogGroup" | "AWS::SQS::Queue" => ["Delete", "Delete"],
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
        // Old versions expire.
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

const DAY: u64 = 24 * 60 * 60;

#[test]
fn events_are_tried_for_days_and_dead_letters_kept_for_two_weeks() {
    let (stack, resources) = shipped::resolved(&[]);
    for (id, queue) in properties(&stack, "AWS::SQS::Queue") {
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
    }
    for queue in &resources.queues {
        let id = &queue.logical_id;
        let properties = &queue.properties;
        let Some(redrive) = &properties.redrive_policy else {
            assert_eq!(properties.message_retention_period, 14 * DAY, "{id}");
            continue;
        };
        assert_eq!(properties.message_retention_period, 4 * DAY, "{id}");
        assert_eq!(redrive.max_receive_count, 100, "{id}");
        let dead = id.replace("Queue", "DeadLetterQueue");
        assert!(
            redrive.dead_letter_target_arn.contains(&dead),
            "{id}: {}",
            redrive.dead_letter_target_arn
        );
    }
    for subscription in &resources.subscriptions {
        let id = &subscription.logical_id;
        let properties = &subscription.properties;
        assert!(properties.raw_message_delivery, "{id}");
        let name = id.strip_suffix("Subscription").unwrap();
        assert!(
            properties.endpoint.contains(&format!("{name}Queue")),
            "{id}"
        );
        let redrive = properties.redrive_policy.as_ref().unwrap();
        assert!(
            redrive
                .dead_letter_target_arn
                .contains(&format!("{name}DeadLetterQueue")),
            "{id}"
        );
    }
}

#[test]
fn a_function_gets_one_event_at_a_time_and_six_tries_fit_into_its_visibility_timeout() {
    let parameters = [("ThumbnailConcurrency", "7"), ("AnalyzeConcurrency", "9")];
    let (_, resources) = shipped::resolved(&parameters);
    assert_eq!(
        resources.event_source_mappings.len(),
        resources.functions.len()
    );
    for mapping in &resources.event_source_mappings {
        let id = &mapping.logical_id;
        let properties = &mapping.properties;
        assert_eq!(properties.batch_size, 1, "{id}");
        assert!(properties.enabled, "{id}");
        let concurrency = if id.starts_with("CreateThumbnail") {
            7
        } else {
            9
        };
        let scaling = properties.scaling_config.as_ref().unwrap();
        assert_eq!(scaling.maximum_concurrency, concurrency, "{id}");

        let function = resources
            .functions
            .iter()
            .find(|function| function.physical_id == properties.function_name)
            .unwrap();
        let name = function.logical_id.strip_suffix("Function").unwrap();
        let queue = resources
            .queues
            .iter()
            .find(|queue| queue.logical_id == format!("{name}Queue"))
            .unwrap();
        let queue_name = queue.physical_id.rsplit('/').next().unwrap();
        assert_eq!(
            properties.event_source_arn,
            shipped::names().arn("sqs", queue_name),
            "{id}"
        );
        assert_eq!(
            queue.properties.visibility_timeout,
            6 * function.properties.timeout,
            "{id}"
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

/// Import reads each operation's `security`, not the document's (API Gateway guide, "important notes").
#[test]
fn every_method_but_the_page_and_preflights_demands_credentials() {
    for (authorization, demanded) in [
        ("AWS_IAM", json!([{"sigv4": []}])),
        ("API_KEY", json!([{"apiKey": []}])),
        ("NONE", json!([])),
    ] {
        let (stack, _) = shipped::resolved(&[("ApiAuthorization", authorization)]);
        let api = stack.resource("ApiGatewayRest").unwrap();
        let document = api.properties.get("Body").unwrap().to_json();
        let mut methods = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let open = method == "options" || path == "/";
                if !open {
                    methods += 1;
                    let place = format!("{authorization}: {method} {path}");
                    assert_eq!(operation["security"], demanded, "{place}");
                }
            }
        }
        assert_eq!(methods, 14, "{authorization}");
    }
}

/// With APIs of the same name, two stacks of an account would trigger each other's alarms. Import may name the API after
/// its title (terraform-provider-aws#7161). And a warning of the parser, which two of four versions give for `{key+}`,
/// must not fail the import.
#[test]
fn the_api_has_the_name_of_its_stack_and_survives_warnings() {
    for (parameters, name) in [
        (&[][..], "pictures"),
        (&[("ApiGatewayName", "images")][..], "images"),
    ] {
        let (stack, _) = shipped::resolved(parameters);
        let api = stack.resource("ApiGatewayRest").unwrap();
        let api = api.properties.to_json();
        assert_eq!(api["Name"], name);
        assert_eq!(api["Body"]["info"]["title"], name);
        assert!(api["FailOnWarnings"].is_null());
        let mut alarms = 0;
        for (id, alarm) in properties(&stack, "AWS::CloudWatch::Alarm") {
            if alarm["Namespace"] == "AWS/ApiGateway" {
                alarms += 1;
                let dimension = &alarm["Dimensions"][0];
                assert_eq!(
                    *dimension,
                    json!({"Name": "ApiName", "Value": name}),
                    "{id}"
                );
            }
        }
        assert_eq!(alarms, 3);
    }
}

/// A log group's `Arn` ends in `:*`, which API Gateway drops, so the stage would always be reported as drifted
/// (aws/aws-cdk#38796).
#[test]
fn the_access_logs_destination_is_the_arn_that_api_gateway_returns() {
    let stack = stack();
    let (_, stage) = properties(&stack, "AWS::ApiGateway::Stage").next().unwrap();
    let arn = stage["AccessLogSetting"]["DestinationArn"]
        .as_str()
        .unwrap();
    assert!(arn.contains(":log-group:") && !arn.ends_with('*'), "{arn}");
}
