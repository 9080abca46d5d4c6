//! What the template declares runs, or is refused by name and line.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::path::PathBuf;

use local_stack::Stack;
use local_stack::command_line::Options;

/// A temporary template file.
struct Template(PathBuf);

impl Template {
    fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{}.yaml", uuid::Uuid::new_v4().simple()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    async fn start(&self, parameters: &[(&str, &str)]) -> anyhow::Result<Stack> {
        Stack::start(&Options {
            template: Some(self.0.clone()),
            ..shipped::ephemeral(parameters)
        })
        .await
    }

    /// The error of a stack that doesn't start, with the temporary file's name replaced.
    async fn refusal(&self, parameters: &[(&str, &str)]) -> String {
        let error = self
            .start(parameters)
            .await
            .err()
            .expect("the stack started");
        let file = self.0.file_name().unwrap().to_str().unwrap();
        format!("{error:#}").replace(file, "infra.yaml")
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The shipped template with one place changed.
fn changed(from: &str, to: &str) -> Template {
    let text = shipped::text();
    assert!(text.contains(from), "the template has no {from:?} any more");
    Template::new(&text.replacen(from, to, 1))
}

fn line_of(needle: &str) -> usize {
    1 + shipped::text()
        .lines()
        .position(|line| line.contains(needle))
        .unwrap()
}

#[tokio::test]
async fn the_shipped_template_runs_under_every_authorization() {
    let template = Template::new(&shipped::text());
    for (authorization, signature, key) in [
        ("AWS_IAM", true, false),
        ("API_KEY", false, true),
        ("NONE", false, false),
    ] {
        let parameters = [("ApiAuthorization", authorization)];
        let stack = template.start(&parameters).await.unwrap();
        assert_eq!(stack.asks_signature, signature, "{authorization}");
        assert_eq!(stack.api_key.is_some(), key, "{authorization}");
        assert_eq!(
            stack.outputs.contains_key("ApiKeyId"),
            key,
            "{authorization}"
        );
    }
}

#[tokio::test]
async fn an_unknown_property_is_refused_by_name_and_line() {
    let template = changed("      MemorySize: 1769", "      MemorySice: 1769");
    let line = line_of("      MemorySize: 1769");
    let refusal = template.refusal(&[]).await;
    assert!(
        refusal.starts_with(&format!(
            "infra.yaml:{line}:7: Resources.CreateThumbnailFunction.Properties.MemorySice: unknown field `MemorySice`"
        )),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_unknown_type_is_refused_by_name_and_line() {
    let template = changed(
        "Type: AWS::CloudWatch::Dashboard\n",
        "Type: AWS::CloudWatch::Dashbord\n",
    );
    let refusal = template.refusal(&[]).await;
    let line = line_of("Type: AWS::CloudWatch::Dashboard") - 1;
    assert!(
        refusal.starts_with(&format!("infra.yaml:{line}:")),
        "{refusal}"
    );
    assert!(
        refusal
            .contains("resource type AWS::CloudWatch::Dashbord is not one that this machine runs"),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_unknown_field_of_an_integration_is_refused_by_line() {
    let template = changed("passthroughBehavior: never", "passthroughBehaviour: never");
    let refusal = template.refusal(&[]).await;
    let line = line_of("passthroughBehavior: never");
    assert!(
        refusal.starts_with(&format!("infra.yaml:{line}:")),
        "{refusal}"
    );
    assert!(refusal.contains("passthroughBehaviour"), "{refusal}");
}

#[tokio::test]
async fn parameters_are_refused_as_cloudformation_refuses_them() {
    let template = Template::new(&shipped::text());
    for (name, value, part) in [
        ("MaxLabels", "50", "MaxLabels"),
        ("ApiAuthorization", "none", "ApiAuthorization"),
        (
            "ThumbnailSizes",
            "256,,1024",
            "must be one to ten whole numbers",
        ),
        (
            "NoSuchParameter",
            "1",
            "Parameters: [NoSuchParameter] do not exist in the template",
        ),
    ] {
        let refusal = template.refusal(&[(name, value)]).await;
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[tokio::test]
async fn s3_refuses_a_topic_that_it_may_not_publish_to() {
    let template = changed("Action: sns:Publish", "Action: sns:GetTopicAttributes");
    let refusal = template.refusal(&[]).await;
    assert!(
        refusal.contains("Unable to validate the following destination configurations"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_role_that_lambda_may_not_assume_is_refused() {
    let template = changed(
        "Service: lambda.amazonaws.com",
        "Service: ec2.amazonaws.com",
    );
    let refusal = template.refusal(&[]).await;
    assert!(
        refusal.contains("lambda.amazonaws.com cannot assume"),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_event_source_mapping_is_refused_as_lambda_refuses_it() {
    for (from, to, part) in [
        (
            "Action: [sqs:ReceiveMessage, ",
            "Action: [",
            "Resources.CreateThumbnailEventSource: The provided execution role does not have permissions to call \
             ReceiveMessage on SQS",
        ),
        (
            "VisibilityTimeout: 360",
            "VisibilityTimeout: 59",
            "Queue visibility timeout: 59 seconds is less than Function timeout: 60 seconds",
        ),
        ("BatchSize: 1", "BatchSize: 10", "BatchSize must be 1"),
        (
            "deadLetterTargetArn: !GetAtt CreateThumbnailDeadLetterQueue.Arn\n        maxReceiveCount",
            "deadLetterTargetArn: arn:aws:sqs:us-east-1:000000000000:none\n        maxReceiveCount",
            "Dead letter target does not exist",
        ),
    ] {
        let refusal = changed(from, to).refusal(&[]).await;
        assert!(refusal.contains(part), "{refusal}");
    }
}
