//! What is in the template is what runs, or is refused by name and line.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::path::PathBuf;

use local_stack::command_line::{Data, Options};
use local_stack::{REGION, Stack, signature};

/// A template of the test's own, gone when it ends.
struct Template(PathBuf);

impl Template {
    fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{}.yaml", uuid::Uuid::new_v4().simple()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    async fn start(&self, parameters: &[(&str, &str)]) -> anyhow::Result<Stack> {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Stack::start(&Options {
            api_port: 0,
            aws_port: 0,
            data: Data::Ephemeral,
            template: Some(self.0.clone()),
            artifacts: std::env::var_os("STACK_ARTIFACTS").map(PathBuf::from),
            parameters: parameters.collect(),
            ..Options::default()
        })
        .await
    }

    /// Why it doesn't start, without the file's name, which is the test's own.
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
async fn a_role_that_lambda_may_not_take_is_refused() {
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

/// Each function, and a variable that it does not start without.
const FUNCTIONS: [(&str, &str); 2] = [
    (
        "CreateThumbnail",
        "          THUMBNAIL_BUCKET: !Ref ThumbnailBucket\n",
    ),
    ("AnalyzeImage", "          LABEL_TABLE: !Ref LabelTable\n"),
];

#[tokio::test]
async fn what_a_function_cannot_handle_waits_in_its_failure_queue() {
    let mut text = shipped::text().replace("MaximumRetryAttempts: 2", "MaximumRetryAttempts: 0");
    for (_, variable) in FUNCTIONS {
        assert!(text.contains(variable), "{variable}");
        text = text.replacen(variable, "", 1);
    }
    let stack = Template::new(&text).start(&[]).await.unwrap();
    for (function, variable) in FUNCTIONS {
        // The s3:TestEvent of the start is enough to start the function.
        let message = received(&stack, &format!("{function}FailureQueue")).await;
        assert_eq!(message["requestContext"]["condition"], "RetriesExhausted");
        assert_eq!(message["requestContext"]["approximateInvokeCount"], 1);
        let arn = message["requestContext"]["functionArn"].as_str().unwrap();
        assert!(arn.contains(function), "{arn}");
        assert!(
            message["requestPayload"]["Records"][0]["Sns"]["Message"]
                .as_str()
                .unwrap()
                .contains("s3:TestEvent")
        );
        let error = message["responsePayload"].to_string();
        let log = stack.logs.join(format!("{function}Function.log"));
        let log = std::fs::read_to_string(log).unwrap();
        let (name, _) = variable.trim().split_once(':').unwrap();
        assert!(
            error.contains(name) || log.contains(name),
            "{name}: {error} {log}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_delivered_waits_in_the_dead_letter_queue() {
    let action = "Action: lambda:InvokeFunction";
    let text = shipped::text();
    assert_eq!(text.matches(action).count(), FUNCTIONS.len());
    let text = text.replace(action, "Action: lambda:GetFunction");
    let stack = Template::new(&text).start(&[]).await.unwrap();
    for (function, _) in FUNCTIONS {
        let message = received(&stack, &format!("{function}DeadLetterQueue")).await;
        assert_eq!(message["Type"], "Notification");
        assert!(
            message["Message"]
                .as_str()
                .unwrap()
                .contains("s3:TestEvent")
        );
    }
}

/// The first message of a queue, read over the AWS port.
async fn received(stack: &Stack, queue: &str) -> serde_json::Value {
    let queues = sqs(stack, "ListQueues", &serde_json::json!({})).await;
    let urls = queues["QueueUrls"].as_array().unwrap();
    let url = urls
        .iter()
        .find(|url| url.as_str().unwrap().contains(queue))
        .unwrap();
    let request = serde_json::json!({"QueueUrl": url, "WaitTimeSeconds": 20});
    let answer = sqs(stack, "ReceiveMessage", &request).await;
    let body = answer["Messages"][0]["Body"]
        .as_str()
        .expect("no message came within 20 seconds");
    serde_json::from_str(body).unwrap()
}

async fn sqs(stack: &Stack, action: &str, body: &serde_json::Value) -> serde_json::Value {
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let body = bytes::Bytes::from(body.to_string());
    let uri: http::Uri = stack.aws_url.parse().unwrap();
    let mut request = http::Request::post(format!("{uri}"))
        .header("host", uri.authority().unwrap().as_str())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{action}"))
        .body(Full::new(body.clone()))
        .unwrap();
    let method = request.method().clone();
    signature::sign(
        &stack.credentials,
        REGION,
        "sqs",
        &method,
        ("/", ""),
        request.headers_mut(),
        &body,
    );
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}
