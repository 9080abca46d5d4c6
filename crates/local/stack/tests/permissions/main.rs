//! Every role may do what its policy lists, and every other call is refused.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod calls;
mod gone;
mod machine;
mod same_content;
#[path = "../shipped/mod.rs"]
mod shipped;

use std::collections::BTreeSet;

use cfn::ResourceTypes as _;
use machine::Machine;
use serde_json::Value;
use shipped::{names, resolved};

/// What a role's policy lists: an action, and `RawBucket`, `RawBucket/*`, `ImageTable/index/Newest` or `*`.
type Grants = BTreeSet<(String, String)>;

/// Reads the policies of a role literally: they have no wildcard, condition or denial that could hide anything.
fn grants(logical_id: &str) -> Grants {
    let (stack, resources) = resolved(&[]);
    let arns: Vec<(String, &str)> = stack
        .resources
        .iter()
        .filter_map(|resource| {
            let arn = names().attribute(resource, "Arn").ok()?.scalar_text()?;
            Some((arn, resource.logical_id.as_str()))
        })
        .chain([(
            format!(
                "arn:aws:s3:::{}",
                artifacts_bucket(shipped::ACCOUNT, "eu-central-1")
            ),
            "ArtifactsBucket",
        )])
        .collect();
    let role = resources
        .roles
        .iter()
        .find(|role| role.logical_id == logical_id)
        .unwrap();
    let mut grants = Grants::new();
    for policy in &role.properties.policies {
        for statement in policy.policy_document["Statement"].as_array().unwrap() {
            assert_eq!(statement["Effect"], "Allow", "{statement}");
            let elements: Vec<&String> = statement.as_object().unwrap().keys().collect();
            assert_eq!(
                elements,
                ["Action", "Effect", "Resource", "Sid"],
                "{statement}"
            );
            for resource in texts(&statement["Resource"]) {
                // Objects are all those of a bucket, or those below a prefix.
                let object = resource.strip_prefix("arn:aws:s3:::").and_then(|path| {
                    let bucket = path.find('/')?;
                    Some("arn:aws:s3:::".len() + bucket)
                });
                let (arn, below) = object
                    .or_else(|| resource.find("/index/"))
                    .map_or((resource, ""), |end| resource.split_at(end));
                let named = arns.iter().find(|(known, _)| known == arn);
                let name = named.map_or("*", |(_, logical_id)| logical_id);
                assert!(
                    name != "*" || resource == "*",
                    "{resource} is not a resource of the template"
                );
                for action in texts(&statement["Action"]) {
                    assert!(!action.contains('*'), "{action}");
                    grants.insert((action.to_owned(), format!("{name}{below}")));
                }
            }
        }
    }
    grants
}

/// The bucket that holds the gallery page, which `infra/bootstrap.yaml` makes.
fn artifacts_bucket(account: &str, region: &str) -> String {
    format!("contact-sheet-artifacts-{account}-{region}")
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap()],
    }
}

#[tokio::test]
async fn a_role_is_refused_what_it_is_not_granted() {
    let machine = Machine::start().await;
    let mut granted = 0;
    for (role, credentials) in &machine.stack.roles {
        let grants = grants(role);
        for call in calls::all() {
            let missing = call.needs.iter().find(|(action, resource)| {
                !grants.contains(&((*action).to_owned(), resource.clone()))
            });
            let response = machine.send(credentials, &call).await;
            if let Some((action, resource)) = missing {
                response.assert_refused(role, action, &machine.arn(resource));
            } else {
                response.assert_let_in(role);
                granted += 1;
            }
        }
    }
    // Everything would be refused if the roles had no permissions.
    assert!(granted >= machine.stack.roles.len(), "{granted}");
}

/// The mapping templates return the stored `Analysis` and `Thumbnails` unchanged, so only the functions may write to the
/// tables.
#[test]
fn only_the_functions_write_to_the_tables() {
    let (_, resources) = resolved(&[]);
    let writers = resources.roles.iter().filter(|role| {
        grants(&role.logical_id).iter().any(|(action, _)| {
            let reads = ["GetItem", "Query", "Scan"].map(|read| format!("dynamodb:{read}"));
            action.starts_with("dynamodb:") && !reads.contains(action)
        })
    });
    let writers: Vec<&str> = writers.map(|role| role.logical_id.as_str()).collect();
    assert_eq!(writers, ["CreateThumbnailRole", "AnalyzeImageRole"]);
}

#[tokio::test]
async fn the_administrator_may_do_everything() {
    let machine = Machine::start().await;
    for call in calls::all() {
        let response = machine.send(&machine.stack.credentials, &call).await;
        response.assert_let_in("the administrator");
    }
}

#[tokio::test]
async fn rekognition_reads_what_its_caller_may_read() {
    let machine = Machine::start().await;
    let analysis = &machine.stack.roles["AnalyzeImageRole"];
    for (bucket, error) in [
        // The object exists, and is not an image.
        ("RawBucket", "InvalidImageFormatException"),
        ("ThumbnailBucket", "InvalidS3ObjectException"),
    ] {
        let response = machine.send(analysis, &calls::detect_labels(bucket)).await;
        assert_eq!(response.json()["__type"], error, "{bucket}");
    }
}
