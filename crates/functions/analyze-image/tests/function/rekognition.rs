//! What goes over the wire to Rekognition, and what is made of its answers.

use std::time::Duration;

use analyze_image::{Answer, Recogniser, Refusal, Rekognition, labels};
use aws_sdk_rekognition::Client;
use aws_sdk_rekognition::config::retry::RetryConfig;
use aws_sdk_rekognition::config::{BehaviorVersion, Credentials, Region};
use records::Decimal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

/// A Rekognition that answers one request with this, and tells what it was asked.
async fn rekognition(status: u16, body: Value) -> (Rekognition, oneshot::Receiver<Value>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a request");
        let mut request = Vec::new();
        let asked = loop {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).await.expect("a request");
            request.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&request);
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            if let Ok(asked) = serde_json::from_str(body) {
                break asked;
            }
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream
            .write_all(answer.as_bytes())
            .await
            .expect("an answer");
        let _ = tell.send(asked);
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
        told,
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
    let (rekognition, told) = rekognition(200, body).await;
    let answer = rekognition
        .look_at_object("raw", "pets/cät.jpg")
        .await
        .unwrap();
    assert_eq!(
        told.await.unwrap(),
        json!({"Image": {"S3Object": {"Bucket": "raw", "Name": "pets/cät.jpg"}}, "MaxLabels": 20, "MinConfidence": 55.0})
    );
    let Answer::Labels(detected) = answer else {
        panic!("{answer:?}")
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
    let (rekognition, told) = rekognition(200, json!({"Labels": []})).await;
    assert_eq!(
        rekognition.look_at(b"JPEG".to_vec()).await.unwrap(),
        Answer::Labels(vec![])
    );
    assert_eq!(told.await.unwrap()["Image"], json!({"Bytes": "SlBFRw=="}));
}

#[tokio::test]
async fn refusals_are_told_from_failures() {
    for (name, expected) in [
        (
            "InvalidImageFormatException",
            Answer::Refused(Refusal::Format),
        ),
        ("ImageTooLargeException", Answer::Refused(Refusal::TooLarge)),
        (
            "InvalidParameterException",
            Answer::Refused(Refusal::Parameter),
        ),
        ("InvalidS3ObjectException", Answer::NoObject),
    ] {
        let (rekognition, _told) = rekognition(400, json!({"__type": name, "Message": "no"})).await;
        assert_eq!(
            rekognition.look_at_object("raw", "k").await.unwrap(),
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
        let (rekognition, _told) =
            rekognition(status, json!({"__type": name, "Message": "no"})).await;
        let error = rekognition.look_at(vec![]).await.unwrap_err();
        let said = events::chain(&error);
        assert!(
            said.starts_with("labels cannot be detected: ") && said.contains(name),
            "{said}"
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
