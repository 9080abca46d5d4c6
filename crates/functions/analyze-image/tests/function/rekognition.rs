//! Requests to Rekognition over the wire, and how its responses are read.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use analyze_image::{DetectLabels, Detection, Refusal, Rekognition, labels};
use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::config::retry::RetryConfig;
use aws_sdk_rekognition::config::{BehaviorVersion, Credentials, Region};
use records::Decimal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The requests that a Rekognition received.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<Value>>>);

impl Requests {
    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().expect("no request panics"))
    }
}

/// A Rekognition with these responses, each a status and a body; the last one is repeated.
async fn rekognition(responses: Vec<(u16, Value)>) -> (Rekognition, Requests) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Requests::default();
    let received = requests.clone();
    tokio::spawn(async move {
        for n in 0.. {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut request = Vec::new();
            let request_body = loop {
                let mut chunk = [0; 4096];
                let length = stream.read(&mut chunk).await.expect("a request");
                request.extend_from_slice(&chunk[..length]);
                let request = String::from_utf8_lossy(&request);
                let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                if let Ok(parsed) = serde_json::from_str(body) {
                    break parsed;
                }
            };
            received
                .0
                .lock()
                .expect("no request panics")
                .push(request_body);
            let (status, body) = responses.get(n).or(responses.last()).expect("a response");
            let body = body.to_string();
            let response = format!(
                "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream
                .write_all(response.as_bytes())
                .await
                .expect("a response");
        }
    });
    let config = aws_sdk_rekognition::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            None,
            None,
            "test",
        ))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(
            aws_sdk_rekognition::config::timeout::TimeoutConfig::builder()
                .operation_timeout(Duration::from_mins(1))
                .build(),
        );
    (
        Rekognition::new(Client::from_conf(config.build()), 20, 55.0),
        requests,
    )
}

fn error(name: &str) -> Value {
    json!({"__type": name, "Message": "no"})
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

#[tokio::test]
async fn an_object_is_named_and_its_labels_come_back() {
    let body = json!({"LabelModelVersion": "3.0", "Labels": [
        {"Name": "Animal", "Confidence": 98.706_32, "Parents": [], "Instances": [], "Categories": [{"Name": "Animals"}]},
        {"Name": "Cat", "Confidence": 98.706_32, "Parents": [{"Name": "Mammal"}, {"Name": "Animal"}], "Instances": [
            {"Confidence": 55.123_456, "BoundingBox": {"Left": 0.5, "Top": 0.5, "Width": 0.25, "Height": 0.25}},
            {"Confidence": 97.2, "BoundingBox": {"Left": 0.123_456, "Top": -0.01, "Width": 0.5, "Height": 1.0}},
        ]},
        {"Name": "Cat", "Confidence": 12.0},
        {"Name": "", "Confidence": 99.0},
    ]});
    let (rekognition, requests) = rekognition(vec![(200, body)]).await;
    let detection = rekognition
        .of_object("raw", "pets/cät.jpg", soon())
        .await
        .unwrap();
    assert_eq!(
        requests.take()[0],
        json!({"Image": {"S3Object": {"Bucket": "raw", "Name": "pets/cät.jpg"}}, "MaxLabels": 20, "MinConfidence": 55.0})
    );
    let Detection::Labels(detected) = detection else {
        panic!("{detection:?}")
    };
    let labels = labels(detected, 49);
    assert_eq!(
        serde_json::to_value(&labels).unwrap(),
        json!([
            {"name": "Animal", "confidence": 98.7063, "parents": [], "instances": []},
            {"name": "Cat", "confidence": 98.7063, "parents": ["Mammal", "Animal"], "instances": [
                {"confidence": 97.2, "box": {"left": 0.1235, "top": -0.01, "width": 0.5, "height": 1}},
                {"confidence": 55.1235, "box": {"left": 0.5, "top": 0.5, "width": 0.25, "height": 0.25}},
            ]},
        ])
    );
}

#[tokio::test]
async fn bytes_are_sent_as_base64() {
    let (rekognition, requests) = rekognition(vec![(200, json!({"Labels": []}))]).await;
    assert_eq!(
        rekognition.of_jpeg(b"JPEG".to_vec(), soon()).await.unwrap(),
        Detection::Labels(vec![])
    );
    assert_eq!(requests.take()[0]["Image"], json!({"Bytes": "SlBFRw=="}));
}

#[tokio::test]
async fn refusals_are_not_failures() {
    for (name, expected) in [
        (
            "InvalidImageFormatException",
            Detection::Refused(Refusal::Format),
        ),
        (
            "ImageTooLargeException",
            Detection::Refused(Refusal::TooLarge),
        ),
        (
            "InvalidParameterException",
            Detection::Refused(Refusal::Parameter),
        ),
        ("InvalidS3ObjectException", Detection::NoObject),
    ] {
        let (rekognition, _) = rekognition(vec![(400, error(name))]).await;
        assert_eq!(
            rekognition.of_object("raw", "k", soon()).await.unwrap(),
            expected,
            "{name}"
        );
    }
    for (status, name) in [
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "AccessDeniedException"),
        (400, "LimitExceededException"),
        (500, "InternalServerError"),
        (400, "SomethingNewException"),
    ] {
        let (rekognition, requests) = rekognition(vec![(status, error(name))]).await;
        // There is no time left to wait.
        let error = rekognition
            .of_jpeg(vec![], Instant::now())
            .await
            .unwrap_err();
        assert_eq!(requests.take().len(), 1);
        let message = events::chain(&error);
        assert!(
            message.starts_with("labels cannot be detected: ") && message.contains(name),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_throttled_call_waits_for_its_turn() {
    let throttled = [
        (400, error("ThrottlingException")),
        (400, error("ProvisionedThroughputExceededException")),
    ];
    let mut responses = [throttled.clone(), throttled].concat();
    responses.push((200, json!({"Labels": []})));
    let (rekognition, requests) = rekognition(responses).await;
    let detection = rekognition.of_object("raw", "k", soon()).await.unwrap();
    assert_eq!(detection, Detection::Labels(vec![]));
    assert_eq!(requests.take().len(), 5);
}

#[tokio::test]
async fn a_call_that_failed_is_made_three_times() {
    let failed = (500, error("InternalServerError"));
    let labels = (200, json!({"Labels": []}));
    for (responses, calls, succeeds) in [
        (
            vec![failed.clone(), failed.clone(), labels.clone()],
            3,
            true,
        ),
        (vec![failed], 3, false),
        (
            vec![(400, error("AccessDeniedException")), labels],
            1,
            false,
        ),
    ] {
        let (rekognition, requests) = rekognition(responses).await;
        let detection = rekognition.of_object("raw", "k", soon()).await;
        assert_eq!(detection.is_ok(), succeeds);
        assert_eq!(requests.take().len(), calls);
    }
}

#[test]
fn the_instances_of_a_label_are_limited() {
    use aws_sdk_rekognition::types::{BoundingBox, Instance, Label};
    let instance = |n: u8| {
        let bounds = BoundingBox::builder().left(0.1).build();
        Instance::builder()
            .confidence(f32::from(n))
            .bounding_box(bounds)
            .build()
    };
    let crowd = Label::builder().name("Person").confidence(f32::NAN);
    let crowd = (0..100)
        .fold(crowd, |crowd, n| crowd.instances(instance(n)))
        .build();
    let labels = labels(vec![crowd], 1);
    assert_eq!(labels[0].confidence, Decimal::default());
    assert_eq!(labels[0].instances.len(), 50);
    assert_eq!(labels[0].instances[0].confidence, Decimal::new(99.0));
}
