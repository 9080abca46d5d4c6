//! Requests to Rekognition over the wire, and how its responses are read.

use std::time::Duration;

use analyze_image::{DetectLabels, Detection, Refusal, Rekognition, labels};
use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::config::retry::RetryConfig;
use aws_sdk_rekognition::config::{BehaviorVersion, Credentials, Region};
use records::Decimal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

/// A Rekognition that sends this response to one request, and the body of that request.
async fn rekognition(status: u16, body: Value) -> (Rekognition, oneshot::Receiver<Value>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, received) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a request");
        let mut request = Vec::new();
        let request_body = loop {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).await.expect("a request");
            request.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&request);
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            if let Ok(parsed) = serde_json::from_str(body) {
                break parsed;
            }
        };
        let body = body.to_string();
        let response = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream
            .write_all(response.as_bytes())
            .await
            .expect("a response");
        let _ = sender.send(request_body);
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
        received,
    )
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
    let (rekognition, received) = rekognition(200, body).await;
    let detection = rekognition.of_object("raw", "pets/cät.jpg").await.unwrap();
    assert_eq!(
        received.await.unwrap(),
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
    let (rekognition, received) = rekognition(200, json!({"Labels": []})).await;
    assert_eq!(
        rekognition.of_jpeg(b"JPEG".to_vec()).await.unwrap(),
        Detection::Labels(vec![])
    );
    assert_eq!(
        received.await.unwrap()["Image"],
        json!({"Bytes": "SlBFRw=="})
    );
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
        let (rekognition, _received) =
            rekognition(400, json!({"__type": name, "Message": "no"})).await;
        assert_eq!(
            rekognition.of_object("raw", "k").await.unwrap(),
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
        let (rekognition, _received) =
            rekognition(status, json!({"__type": name, "Message": "no"})).await;
        let error = rekognition.of_jpeg(vec![]).await.unwrap_err();
        let message = events::chain(&error);
        assert!(
            message.starts_with("labels cannot be detected: ") && message.contains(name),
            "{message}"
        );
    }
}

#[test]
fn a_crowd_is_kept_within_bounds() {
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
