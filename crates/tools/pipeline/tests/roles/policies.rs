//! `infra/environment.yaml` and `infra/bootstrap.yaml` with their references replaced by values, and IAM's decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cfn::{Node, Value};
use iam::{Decision, Policy, Principal, Request, evaluate};
use regex::{Captures, Regex};

const ACCOUNT: &str = "123456789012";

/// An environment, by the name of its stack, and whether that may have API keys. Its roles are those of a stack
/// `contact-sheet-roles-…`.
pub struct Environment(pub &'static str, pub bool);

pub const STAGING: Environment = Environment("contact-sheet-staging", true);

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

pub fn infra(file: &str) -> Node {
    Node::parse(&fs::read_to_string(root().join("infra").join(file)).unwrap()).unwrap()
}

pub fn resource<'a>(template: &'a Node, id: &str) -> &'a Node {
    template.get("Resources").unwrap().get(id).unwrap()
}

fn property<'a>(template: &'a Node, id: &str, name: &str) -> &'a Node {
    resource(template, id)
        .get("Properties")
        .unwrap()
        .get(name)
        .unwrap()
}

impl Environment {
    fn roles_stack(&self) -> String {
        format!(
            "contact-sheet-roles-{}",
            self.0
                .trim_start_matches("contact-sheet-")
                .replace("roles", "staging")
        )
    }

    /// The ARN of a role or policy of `environment.yaml`.
    pub fn arn(&self, id: &str) -> String {
        let kind = if id == "PermissionsBoundary" {
            "policy"
        } else {
            "role"
        };
        format!(
            "arn:aws:iam::{ACCOUNT}:{kind}/{}-{id}-x",
            self.roles_stack()
        )
    }

    fn value(&self, name: &str) -> String {
        match name {
            "AWS::NoValue" => name.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => "us-east-1".to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::StackName" => self.roles_stack(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{}/x",
                self.roles_stack()
            ),
            "StackName" => self.0.to_owned(),
            "ApiId" => "a1b2c3d4e5".to_owned(),
            "ArtifactsBucket" | "ArtifactsBucketName" => "contact-sheet-artifacts".to_owned(),
            "ArtifactsBucket.Arn" => "arn:aws:s3:::contact-sheet-artifacts".to_owned(),
            "AzureDevOpsProviderArn" => {
                format!("arn:aws:iam::{ACCOUNT}:oidc-provider/vstoken.dev.azure.com/1")
            }
            "CloudFormationRole.Arn" => self.arn("CloudFormationRole"),
            "PermissionsBoundary" => self.arn("PermissionsBoundary"),
            other => panic!("{other} has no value here"),
        }
    }

    /// A part of a template as JSON, with its references replaced by values.
    fn resolved(&self, node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Map(entries) => match entries.as_slice() {
                [(name, _, of)] if name == "Ref" => self.value(of.as_str().unwrap()).into(),
                [(name, _, of)] if name == "Fn::GetAtt" => match of.as_list() {
                    None => self.value(of.as_str().unwrap()).into(),
                    Some(path) => {
                        let path: Vec<_> = path.iter().filter_map(Node::as_str).collect();
                        self.value(&path.join(".")).into()
                    }
                },
                [(name, _, of)] if name == "Fn::If" => {
                    let [condition, then, otherwise] = of.as_list().unwrap() else {
                        panic!("Fn::If takes three")
                    };
                    assert_eq!(condition.as_str(), Some("UsesApiKeys"));
                    self.resolved(if self.1 { then } else { otherwise })
                }
                [(name, _, of)] if name == "Fn::Sub" => {
                    substituted(of.as_str().unwrap(), &|name| self.value(name)).into()
                }
                _ => entries
                    .iter()
                    .map(|(key, _, of)| (key.clone(), self.resolved(of)))
                    .collect(),
            },
            Value::List(entries) => {
                let entries = entries.iter().map(|entry| self.resolved(entry));
                entries.filter(|entry| entry != "AWS::NoValue").collect()
            }
            _ => node.to_json(),
        }
    }

    /// The policies of a role: its own first, then the one that two of them share.
    pub fn role(&self, role: &str) -> Vec<Policy> {
        let mut documents = policy_documents(self, role);
        if role != "ProofRole" {
            documents.push(self.managed("ReadPolicy"));
        }
        documents
            .iter()
            .map(|document| Policy::identity_based(document).unwrap())
            .collect()
    }

    pub fn managed(&self, id: &str) -> serde_json::Value {
        self.resolved(property(&infra("environment.yaml"), id, "PolicyDocument"))
    }

    pub fn boundary(&self) -> Policy {
        Policy::identity_based(&self.managed("PermissionsBoundary")).unwrap()
    }

    /// Whom a role of the pipeline trusts; its subject is `value of` the parameter.
    pub fn trust(&self, role: &str) -> serde_json::Value {
        let template = infra("environment.yaml");
        let trust = property(&template, role, "AssumeRolePolicyDocument")
            .get("Fn::Sub")
            .unwrap();
        let [text, variables] = trust.as_list().unwrap() else {
            panic!("{role}: no variables")
        };
        // The part after `oidc-provider/` in the provider's ARN.
        let issuer = variables.get("Issuer").unwrap().to_json();
        assert_eq!(issuer["Fn::Select"][0], 1);
        assert_eq!(issuer["Fn::Select"][1]["Fn::Split"][0], "oidc-provider/");
        let text = substituted(text.as_str().unwrap(), &|name| match name {
            "Issuer" => "vstoken.dev.azure.com/1".to_owned(),
            "DeploySubject" | "ProofSubject" => format!("value of {name}"),
            other => self.value(other),
        });
        serde_json::from_str(&text).unwrap()
    }

    /// The resource of an action of a type's handler.
    pub fn resource_of(&self, kind: &str, action: &str) -> String {
        let stack = self.0;
        let named =
            |service: &str, name: &str| format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{name}");
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{stack}-ApiUploadRole-x");
        if action == "iam:PassRole" {
            return role;
        }
        if action.starts_with("s3:GetObject") {
            return "arn:aws:s3:::contact-sheet-artifacts/create-thumbnail-1.zip".to_owned();
        }
        match kind {
            "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" => {
                format!("arn:aws:s3:::{stack}-raw-{ACCOUNT}-us-east-1")
            }
            "AWS::SNS::Topic" | "AWS::SNS::TopicPolicy" | "AWS::SNS::Subscription" => {
                named("sns", &format!("{stack}-ImageUploadTopic-x"))
            }
            "AWS::SQS::Queue" | "AWS::SQS::QueuePolicy" => {
                named("sqs", &format!("{stack}-AnalyzeImageQueue-x"))
            }
            "AWS::Lambda::Function" => named(
                "lambda",
                &format!("function:{stack}-AnalyzeImageFunction-x"),
            ),
            "AWS::Lambda::EventSourceMapping" => named("lambda", "event-source-mapping:6d9b5a60"),
            "AWS::IAM::Role" => role,
            "AWS::DynamoDB::Table" => named("dynamodb", &format!("table/{stack}-ImageTable-x")),
            "AWS::Logs::LogGroup" => named("logs", &format!("log-group:{stack}-AccessLogGroup-x")),
            "AWS::CloudWatch::Alarm" => {
                named("cloudwatch", &format!("alarm:{stack}-ApiFailureAlarm-x"))
            }
            "AWS::CloudWatch::Dashboard" => {
                format!("arn:aws:cloudwatch::{ACCOUNT}:dashboard/Dashboard-x")
            }
            "AWS::ApiGateway::RestApi" => {
                "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5".to_owned()
            }
            "AWS::ApiGateway::Deployment" => {
                "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/deployments/x".to_owned()
            }
            "AWS::ApiGateway::Stage" => {
                "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/v1".to_owned()
            }
            "AWS::ApiGateway::ApiKey" => "arn:aws:apigateway:us-east-1::/apikeys/x".to_owned(),
            "AWS::ApiGateway::UsagePlan" => {
                "arn:aws:apigateway:us-east-1::/usageplans/x".to_owned()
            }
            "AWS::ApiGateway::UsagePlanKey" => {
                "arn:aws:apigateway:us-east-1::/usageplans/x/keys/y".to_owned()
            }
            other => panic!("{other}: give an example of its ARN"),
        }
    }

    /// The condition keys that a service sends with an action.
    pub fn context_of(&self, action: &str) -> Vec<(&'static str, String)> {
        match action {
            "iam:PassRole" => vec![("iam:PassedToService", "lambda.amazonaws.com".to_owned())],
            _ if action.starts_with("iam:") => {
                vec![("iam:PermissionsBoundary", self.arn("PermissionsBoundary"))]
            }
            _ if action.ends_with("EventSourceMapping") => {
                let function = format!(
                    "arn:aws:lambda:us-east-1:{ACCOUNT}:function:{}-AnalyzeImageFunction-x",
                    self.0
                );
                vec![("lambda:FunctionArn", function)]
            }
            _ => Vec::new(),
        }
    }
}

fn substituted(text: &str, value: &dyn Fn(&str) -> String) -> String {
    let reference = Regex::new(r"\$\{([\w:.]+)\}").unwrap();
    let text = reference.replace_all(text, |found: &Captures<'_>| value(&found[1]));
    text.into_owned()
}

/// The inline policies of a role.
pub fn policy_documents(environment: &Environment, role: &str) -> Vec<serde_json::Value> {
    let template = infra("environment.yaml");
    let own = property(&template, role, "Policies").as_list().unwrap();
    own.iter()
        .map(|policy| environment.resolved(policy.get("PolicyDocument").unwrap()))
        .collect()
}

/// The policy of the artifacts bucket.
pub fn bucket_policy() -> serde_json::Value {
    STAGING.resolved(property(
        &infra("bootstrap.yaml"),
        "ArtifactsBucketPolicy",
        "PolicyDocument",
    ))
}

/// The actions that a template's roles allow.
pub fn actions_of_roles(template: &Node) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for (_, _, resource) in template.get("Resources").unwrap().as_map().unwrap() {
        if resource.get("Type").and_then(Node::as_str) != Some("AWS::IAM::Role") {
            continue;
        }
        let policies = resource.get("Properties").unwrap().to_json();
        collect(&policies["Policies"], &mut actions);
    }
    actions
}

fn collect(value: &serde_json::Value, actions: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    serde_json::Value::String(action) if key == "Action" => {
                        actions.insert(action.clone());
                    }
                    serde_json::Value::Array(list) if key == "Action" => {
                        actions.extend(
                            list.iter()
                                .map(|action| action.as_str().unwrap().to_owned()),
                        );
                    }
                    other => collect(other, actions),
                }
            }
        }
        serde_json::Value::Array(entries) => {
            for entry in entries {
                collect(entry, actions);
            }
        }
        _ => {}
    }
}

pub fn allows(policies: &[Policy], action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    decides(policies, &[], action, resource, context)
}

/// Whether identity-based and resource-based policies allow an action.
pub fn decides(
    identity: &[Policy],
    resource_policies: &[Policy],
    action: &str,
    resource: &str,
    context: &[(&str, &str)],
) -> bool {
    let context: BTreeMap<String, Vec<String>> = context
        .iter()
        .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
        .collect();
    let principal = Principal::Aws {
        arn: "arn:aws:sts::123456789012:assumed-role/x/y",
        account: ACCOUNT,
    };
    let request = Request {
        principal,
        action,
        resource,
        context: &context,
    };
    evaluate(identity, resource_policies, &request) == Decision::Allow
}
