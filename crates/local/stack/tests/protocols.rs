//! Every service of the AWS port responds in the protocol of the client, errors included.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::{REGION, Stack, signature};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

struct Port {
    stack: Stack,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Port {
    async fn start() -> Self {
        Self {
            stack: Stack::start(&shipped::ephemeral(&[])).await.unwrap(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Sends a request signed by the administrator for `service`.
    async fn send(
        &self,
        service: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> (StatusCode, String, String) {
        let mut request = Request::post(format!("{}/", self.stack.aws_url))
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let host = self.stack.aws_url.strip_prefix("http://").unwrap();
        let map = request.headers_mut();
        map.insert("host", HeaderValue::from_str(host).unwrap());
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        signature::sign(
            &self.stack.credentials,
            REGION,
            service,
            &Method::POST,
            ("/", ""),
            map,
            body.as_bytes(),
        );
        let response = self.client.request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let content_type = head.headers["content-type"].to_str().unwrap().to_owned();
        let body = body.collect().await.unwrap().to_bytes();
        (
            head.status,
            content_type,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    async fn form(&self, service: &str, form: &str) -> (StatusCode, String) {
        let (status, content_type, body) =
            self.send(service, &[("content-type", FORM)], form).await;
        assert_eq!(content_type, "text/xml", "{body}");
        (status, body)
    }
}

#[track_caller]
fn assert_contains(body: &str, expected: &[&str]) {
    for part in expected {
        assert!(body.contains(part), "no {part} in {body}");
    }
}

#[tokio::test]
async fn services_of_the_query_protocol_respond_in_xml() {
    let port = Port::start().await;
    let (status, body) = port
        .form("sts", "Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_contains(
        &body,
        &[
            "<Arn>arn:aws:iam::000000000000:user/administrator</Arn>",
            "<Account>000000000000</Account>",
        ],
    );

    let (status, body) = port.form("cloudformation", "Action=DescribeStacks").await;
    assert_eq!(status, StatusCode::OK);
    assert_contains(
        &body,
        &[
            "<StackName>contact-sheet</StackName>",
            "<OutputKey>RawBucketName</OutputKey>",
            "<ParameterKey>StageName</ParameterKey><ParameterValue>v1</ParameterValue>",
        ],
    );
    let (_, body) = port
        .form(
            "cloudformation",
            "Action=DescribeStackResources&StackName=contact-sheet&LogicalResourceId=ImageTable",
        )
        .await;
    assert_contains(
        &body,
        &[
            "<PhysicalResourceId>contact-sheet-ImageTable-",
            "<ResourceType>AWS::DynamoDB::Table</ResourceType>",
        ],
    );
    let (status, body) = port
        .form("cloudformation", "Action=DescribeStacks&StackName=another")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_contains(
        &body,
        &[
            "<Code>ValidationError</Code>",
            "<Message>Stack with id another does not exist</Message>",
        ],
    );
}

#[tokio::test]
async fn topics_are_listed_and_published_to() {
    let port = Port::start().await;
    let (_, body) = port.form("sns", "Action=ListTopics").await;
    let (_, topic) = body.split_once("<TopicArn>").unwrap();
    let (topic, _) = topic.split_once("</TopicArn>").unwrap();
    assert!(topic.contains("ImageUploadTopic"), "{topic}");
    let (_, body) = port
        .form(
            "sns",
            &format!("Action=ListSubscriptionsByTopic&TopicArn={topic}"),
        )
        .await;
    assert_eq!(body.matches("<SubscriptionArn>").count(), 2, "{body}");

    // S3's test message, which the functions acknowledge.
    let publish = format!(
        "Action=Publish&TopicArn={topic}&Message=%7B%22Service%22%3A%22Amazon+S3%22%2C%22Event%22%3A%22s3%3ATestEvent%22%7D"
    );
    let (status, body) = port.form("sns", &publish).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_contains(&body, &["<PublishResult><MessageId>"]);
    let (status, body) = port
        .form(
            "sns",
            "Action=Publish&TopicArn=arn:aws:sns:us-east-1:000000000000:none&Message=a",
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_contains(&body, &["<Code>NotFound</Code>"]);
}

#[tokio::test]
async fn what_is_not_here_is_refused_in_the_protocol_of_the_client() {
    let port = Port::start().await;
    for (service, action) in [
        ("sts", "AssumeRole"),
        ("sns", "CreateTopic"),
        ("cloudformation", "CreateStack"),
        ("iam", "ListRoles"),
        ("ec2", "DescribeInstances"),
        ("sqs", "ListQueues"),
    ] {
        let (status, body) = port.form(service, &format!("Action={action}")).await;
        assert_eq!(status, StatusCode::NOT_IMPLEMENTED, "{service}");
        assert_contains(&body, &["<Code>NotImplemented</Code>", action]);
    }
    for (service, target) in [
        ("rekognition", "RekognitionService.DetectFaces"),
        ("sqs", "AmazonSQS.CreateQueue"),
        ("logs", "Logs_20140328.DescribeLogGroups"),
    ] {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ];
        let (status, content_type, body) = port
            .send(service, &headers, r#"{"QueueUrl": "https://sqs/none"}"#)
            .await;
        assert!(
            status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED,
            "{target}: {status}"
        );
        assert_eq!(content_type, "application/x-amz-json-1.1");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(
            body["__type"].is_string() && body["message"].is_string(),
            "{body}"
        );
    }
    let (status, content_type, body) = port.send("lambda", &[], "{}").await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(content_type, "application/json");
    assert_contains(
        &body,
        &["POST /", "lambda is not a service of this machine"],
    );
}
