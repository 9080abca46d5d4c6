//! A deployment is a snapshot of the API, and a new snapshot needs a new deployment: whatever changes the API must
//! change the logical id of the deployment that the stage serves.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cfn::Node;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Rewrites the ids in the template instead of checking them.
const UPDATE: &str = "UPDATE_TEMPLATE";

#[test]
fn ids_carry_the_hash_of_the_api() {
    let mut text = shipped::text();
    let template = Node::parse(&text).unwrap().to_json();
    let hash = hash_of_api(&template);
    let deployments = template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::ApiGateway::Deployment");
    let mut stale = Vec::new();
    for (id, _) in deployments {
        let (what, _) = id.split_once("Deployment").unwrap();
        let wanted = format!("{what}Deployment{hash}");
        if *id != wanted {
            text = text.replace(id, &wanted);
            stale.push(id);
        }
    }
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(shipped::path(), text).unwrap();
    } else {
        assert!(
            stale.is_empty(),
            "the API is another than that of {stale:?}; {UPDATE}=1 cargo test -p local-stack --test deployment ids renames them"
        );
    }
}

/// A hash of the API's definition, of the conditions and mappings that it uses, and of the identity of the resources that
/// it refers to: a table with another key is another table, with another name in the mapping templates.
fn hash_of_api(template: &Value) -> String {
    let resources = template["Resources"].as_object().unwrap();
    let api = resources
        .values()
        .find(|resource| resource["Type"] == "AWS::ApiGateway::RestApi")
        .unwrap();
    let mut names = Names::default();
    names.collect(&api["Properties"]);
    let mut conditions = Map::new();
    while let Some(name) = names.conditions.pop_first() {
        let condition = &template["Conditions"][&name];
        names.collect(condition);
        conditions.insert(name, condition.clone());
        names
            .conditions
            .retain(|name| !conditions.contains_key(name));
    }
    let mappings: Map<String, Value> = names
        .mappings
        .iter()
        .map(|name| (name.clone(), template["Mappings"][name].clone()))
        .collect();
    let mut referenced = Map::new();
    for name in &names.references {
        let Some(resource) = resources.get(name) else {
            continue;
        };
        let identity: &[&str] = match resource["Type"].as_str().unwrap() {
            "AWS::IAM::Role" => &["RoleName", "Path"],
            "AWS::DynamoDB::Table" => &["TableName", "KeySchema"],
            other => panic!("which properties of {other} make it another one?"),
        };
        let identity = identity
            .iter()
            .map(|property| &resource["Properties"][property]);
        referenced.insert(
            name.clone(),
            json!([resource["Type"], identity.collect::<Vec<_>>()]),
        );
    }
    let mut text = String::new();
    write_sorted(
        &json!([api["Properties"], conditions, mappings, referenced]),
        &mut text,
    );
    Sha256::digest(text)
        .iter()
        .take(5)
        .fold(String::new(), |mut hash, byte| {
            write!(hash, "{byte:02X}").unwrap();
            hash
        })
}

/// What intrinsic functions name.
#[derive(Default)]
struct Names {
    conditions: BTreeSet<String>,
    mappings: BTreeSet<String>,
    references: BTreeSet<String>,
}

impl Names {
    fn collect(&mut self, value: &Value) {
        match value {
            Value::Array(entries) => entries.iter().for_each(|entry| self.collect(entry)),
            Value::Object(entries) => {
                for (key, argument) in entries {
                    self.function(key, argument);
                    self.collect(argument);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, name: &str, argument: &Value) {
        let first = argument.get(0).unwrap_or(argument).as_str();
        match (name, first) {
            ("Condition" | "Fn::If", Some(condition)) => {
                self.conditions.insert(condition.to_owned());
            }
            ("Fn::FindInMap", Some(mapping)) => {
                self.mappings.insert(mapping.to_owned());
            }
            ("Ref", Some(id)) => {
                self.references.insert(id.to_owned());
            }
            ("Fn::GetAtt", Some(id)) => {
                self.references
                    .extend(id.split('.').next().map(str::to_owned));
            }
            ("Fn::Sub", Some(text)) => {
                let names = text.split("${").skip(1);
                let names = names.filter_map(|rest| rest.split(['}', '.']).next());
                self.references.extend(names.map(str::to_owned));
            }
            _ => {}
        }
    }
}

/// JSON with the keys of every map in order, whatever order this build keeps them in.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(entries) => {
            let sorted: std::collections::BTreeMap<_, _> = entries.iter().collect();
            for (key, value) in sorted {
                write!(text, "{{{key:?}:").unwrap();
                write_sorted(value, text);
                text.push('}');
            }
        }
        Value::Array(entries) => {
            text.push('[');
            for entry in entries {
                write_sorted(entry, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => write!(text, "{scalar}").unwrap(),
    }
}

#[test]
fn the_hash_covers_what_shapes_the_api_and_nothing_else() {
    let text = shipped::text();
    let hash = |text: &str| hash_of_api(&Node::parse(text).unwrap().to_json());
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "the template has no {from:?} any more");
        hash(&text.replacen(from, to, 1))
    };
    for (from, to) in [
        ("\"ScanIndexForward\": false", "\"ScanIndexForward\": true"),
        (
            "UsesIam: !Equals [!Ref ApiAuthorization, AWS_IAM]",
            "UsesIam: !Equals [!Ref ApiAuthorization, NONE]",
        ),
        (
            "{AttributeName: Rank, KeyType: RANGE}",
            "{AttributeName: Order, KeyType: RANGE}",
        ),
        ("no such upload", "no upload"),
    ] {
        assert_ne!(hash(&text), changed(from, to), "{from}");
    }
    for (from, to) in [
        ("ThrottlingRateLimit: 200", "ThrottlingRateLimit: 100"),
        ("dynamodb:GetItem", "dynamodb:Query"),
        (
            "HasAlarmTopic: !Not [!Equals [!Ref AlarmTopicArn, \"\"]]",
            "HasAlarmTopic: !Equals [!Ref AlarmTopicArn, \"\"]",
        ),
    ] {
        assert_eq!(hash(&text), changed(from, to), "{from}");
    }
}

/// Other values for parameters that don't list theirs.
fn others(parameter: &str) -> &[&str] {
    match parameter {
        "CreateThumbnailLambdaVersionFile" | "AnalyzeImageLambdaVersionFile" => &["other.zip"],
        "GalleryVersionFile" => &["gallery-1.html"],
        "ArtifactsBucketName" | "RawBucketName" | "ThumbnailBucketName" => &["another-bucket"],
        "ApiGatewayName" => &["another"],
        "StageName" => &["v2"],
        "ThumbnailSizes" => &["64"],
        "MinConfidence" => &["90"],
        "MaxLabels" | "AnalyzeConcurrency" | "ThumbnailConcurrency" => &["5"],
        "ApiKeyMonthlyQuota" | "RequestAlarmThreshold" => &["1000"],
        "NoncurrentVersionsKept" => &["1"],
        "PermissionsBoundaryArn" => &["arn:aws:iam::111122223333:policy/boundary"],
        "AlarmTopicArn" => &["arn:aws:sns:eu-central-1:111122223333:alarms"],
        other => panic!("what else may {other} be?"),
    }
}

#[test]
fn a_changed_parameter_changes_the_deployment_or_leaves_the_api_alone() {
    let template = Node::parse(&shipped::text()).unwrap().to_json();
    let mut reached = BTreeSet::new();
    for (name, declaration) in template["Parameters"].as_object().unwrap() {
        let mut values = vec![None];
        match declaration["AllowedValues"].as_array() {
            Some(allowed) => values.extend(allowed.iter().map(|value| Some(scalar(value)))),
            None => values.extend(others(name).iter().map(|value| Some((*value).to_owned()))),
        }
        let states: Vec<_> = values
            .into_iter()
            .map(|value| served(value.as_deref().map(|value| (name.as_str(), value))))
            .collect();
        for (index, (api, deployment)) in states.iter().enumerate() {
            reached.insert(deployment.clone());
            for (other_api, other_deployment) in &states[..index] {
                assert!(
                    api == other_api || deployment != other_deployment,
                    "{name} changes the API of {deployment}"
                );
            }
        }
    }
    // One for each value of ApiAuthorization.
    assert_eq!(reached.len(), 3);
}

fn scalar(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The API's definition without its title, which names the API, and the logical id of the deployment that the stage
/// serves.
fn served(parameter: Option<(&str, &str)>) -> (Value, String) {
    let parameters: Vec<_> = parameter.into_iter().collect();
    let (stack, resources) = shipped::resolved(&parameters);
    let api = &resources.rest_apis[0].logical_id;
    let body = stack.resource(api).unwrap().properties.get("Body").unwrap();
    let served = &resources.stages[0].properties.deployment_id;
    let deployment = resources
        .deployments
        .iter()
        .find(|deployment| deployment.physical_id == *served)
        .unwrap();
    let mut definition = body.to_json();
    definition["info"]["title"].take();
    (definition, deployment.logical_id.clone())
}
