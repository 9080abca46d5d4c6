//! Events that cannot be handled or delivered go to the dead-letter queues, and a message move returns them.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::command_line::Options;
use local_stack::function_calls::Faults;
use local_stack::{REGION, Stack, signature};
use serde_json::{Value, json};

/// Each function, and a variable without which it does not start.
const FUNCTIONS: [(&str, &str); 2] = [
    (
        "CreateThumbnail",
        "          THUMBNAIL_BUCKET: !Ref ThumbnailBucket\n",
    ),
    ("AnalyzeImage", "          LABEL_TABLE: !Ref LabelTable\n"),
];

struct Fixture {
    stack: Stack,
    template: PathBuf,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Fixture {
    async fn start(template: &str) -> Self {
        Self::with(template, shipped::ephemeral(&[])).await
    }

    async fn with(template: &str, options: Options) -> Self {
        let path = std::env::temp_dir().join(format!("{}.yaml", uuid::Uuid::new_v4().simple()));
        std::fs::write(&path, template).unwrap();
        let options = Options {
            template: Some(path.clone()),
            ..options
        };
        Self {
            stack: Stack::start(&options).await.unwrap(),
            template: path,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    fn url(&self, queue: &str) -> &str {
        &self.stack.outputs[&format!("{queue}Url")]
    }

    fn log(&self, function: &str) -> String {
        let log = self.stack.logs.join(format!("{function}Function.log"));
        std::fs::read_to_string(log).unwrap()
    }

    async fn sqs(&self, action: &str, request: &Value) -> Value {
        let body = Bytes::from(request.to_string());
        let uri: http::Uri = self.stack.aws_url.parse().unwrap();
        let mut request = http::Request::post(format!("{uri}"))
            .header("host", uri.authority().unwrap().as_str())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .body(Full::new(body.clone()))
            .unwrap();
        let method = request.method().clone();
        signature::sign(
            &self.stack.credentials,
            REGION,
            "sqs",
            &method,
            ("/", ""),
            request.headers_mut(),
            &body,
        );
        let response = self.client.request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{action}: {body:?}");
        serde_json::from_slice(&body).unwrap()
    }

    async fn api(&self, method: &str, key: &str, body: Bytes) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/images/{key}", self.stack.api_url))
            .body(Full::new(body))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn upload(&self, key: &str) {
        // The key follows the pixels: images with equal content would share one analysis.
        let bytes = [&bitmap(), key.as_bytes()].concat();
        let (status, body) = self.api("PUT", key, bytes.into()).await;
        assert_eq!(status, 201, "{key}: {body}");
    }

    /// An image's record, once both of its parts are final.
    async fn record(&self, key: &str) -> Value {
        loop {
            let (status, record) = self.api("GET", key, Bytes::new()).await;
            if status == 200 && !record.to_string().contains(r#""pending""#) {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lambda's reports of a function.
    fn reports(&self, function: &str) -> Vec<Value> {
        self.log(function)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["type"] == "platform.report")
            .map(|mut line| line["record"].take())
            .collect()
    }

    /// The first message of a queue, which is left visible.
    async fn first(&self, queue: &str) -> Value {
        let request = json!({
            "QueueUrl": self.url(queue),
            "WaitTimeSeconds": 20,
            "VisibilityTimeout": 0,
            "MessageSystemAttributeNames": ["All"],
        });
        let response = self.sqs("ReceiveMessage", &request).await;
        let message = &response["Messages"][0];
        assert!(message.is_object(), "{queue}: no message within 20 seconds");
        message.clone()
    }

    async fn arn(&self, queue: &str) -> String {
        let request = json!({"QueueUrl": self.url(queue), "AttributeNames": ["QueueArn"]});
        let response = self.sqs("GetQueueAttributes", &request).await;
        response["Attributes"]["QueueArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Messages of a queue, in flight or not.
    async fn count(&self, queue: &str) -> u32 {
        let request = json!({"QueueUrl": self.url(queue), "AttributeNames": ["All"]});
        let response = self.sqs("GetQueueAttributes", &request).await;
        let count = |name: &str| {
            let count = response["Attributes"][name].as_str().unwrap();
            count.parse::<u32>().unwrap()
        };
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }

    async fn until_empty(&self, queue: &str) {
        while self.count(queue).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Moves a dead-letter queue's messages, and returns the task once it has ended.
    async fn move_messages(&self, source: &str, destination: Option<&str>) -> Value {
        let mut request = json!({"SourceArn": self.arn(source).await});
        if let Some(queue) = destination {
            request["DestinationArn"] = json!(self.arn(queue).await);
        }
        self.sqs("StartMessageMoveTask", &request).await;
        loop {
            let tasks = self.sqs("ListMessageMoveTasks", &request).await;
            let task = &tasks["Results"][0];
            if task["Status"] != "RUNNING" {
                return task.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.template);
    }
}

/// 96 pixels square: large enough for Rekognition
/// (<https://learn.microsoft.com/windows/win32/gdi/bitmap-storage>).
fn bitmap() -> Bytes {
    const SIDE: u32 = 96;
    let mut file = Vec::from(*b"BM");
    for number in [54 + 3 * SIDE * SIDE, 0, 54, 40, SIDE, SIDE] {
        file.extend(number.to_le_bytes());
    }
    file.extend([1, 0, 24, 0]);
    file.resize(54, 0);
    let sides = 0..96_u8;
    file.extend(
        sides
            .clone()
            .flat_map(|y| sides.clone().flat_map(move |x| [x, y, 90])),
    );
    file.into()
}

/// The template with `count` occurrences of a text replaced.
fn replaced(template: &str, from: &str, to: &str, count: usize) -> String {
    assert_eq!(template.matches(from).count(), count, "{from}");
    template.replace(from, to)
}

/// The template with functions that may fail once and take two seconds.
fn impatient(template: &str) -> String {
    let template = replaced(template, "      Timeout: 60\n", "      Timeout: 2\n", 2);
    let template = replaced(
        &template,
        "VisibilityTimeout: 360",
        "VisibilityTimeout: 2",
        2,
    );
    replaced(&template, "maxReceiveCount: 100", "maxReceiveCount: 1", 2)
}

#[tokio::test]
async fn what_a_function_cannot_handle_waits_in_its_dead_letter_queue() {
    let mut template = impatient(&shipped::text());
    for (_, variable) in FUNCTIONS {
        template = replaced(&template, variable, "", 1);
    }
    let fixture = Fixture::start(&template).await;
    for (function, variable) in FUNCTIONS {
        // The s3:TestEvent of the start is enough to start the function.
        let message = fixture.first(&format!("{function}DeadLetterQueue")).await;
        assert!(
            message["Body"].as_str().unwrap().contains("s3:TestEvent"),
            "{message}"
        );
        let attributes = &message["Attributes"];
        assert_eq!(
            attributes["DeadLetterQueueSourceArn"],
            fixture.arn(&format!("{function}Queue")).await
        );
        // Once from the source queue, and once by this test.
        assert_eq!(attributes["ApproximateReceiveCount"], "2");
        let log = fixture.log(function);
        let (name, _) = variable.trim().split_once(':').unwrap();
        assert!(log.contains(name), "{name}: {log}");
        assert!(log.contains(r#""type":"platform.report""#), "{log}");
    }
}

#[tokio::test]
async fn what_outgrows_its_memory_is_killed_as_lambda_kills_it() {
    let template = replaced(
        &impatient(&shipped::text()),
        "      MemorySize: 1769\n",
        "      MemorySize: 2\n",
        1,
    );
    let fixture = Fixture::start(&template).await;
    fixture.first("CreateThumbnailDeadLetterQueue").await;
    let reports = fixture.reports("CreateThumbnail");
    assert!(!reports.is_empty(), "{}", fixture.log("CreateThumbnail"));
    for record in reports {
        assert_eq!(record["status"], "error", "{record}");
        assert_eq!(record["errorType"], "Runtime.OutOfMemory", "{record}");
        assert_eq!(record["metrics"]["maxMemoryUsedMB"], 2, "{record}");
    }
}

#[tokio::test]
async fn what_sns_cannot_deliver_is_replayed_to_the_queue_by_its_arn() {
    // Only the dead-letter queues keep a policy that allows SNS to send.
    let queues = "[!Ref CreateThumbnailQueue, !Ref AnalyzeImageQueue,";
    let fixture = Fixture::start(&replaced(&shipped::text(), queues, "[", 1)).await;
    for (function, _) in FUNCTIONS {
        let (queue, dead) = (
            format!("{function}Queue"),
            format!("{function}DeadLetterQueue"),
        );
        let message = fixture.first(&dead).await;
        assert!(message["Attributes"]["DeadLetterQueueSourceArn"].is_null());
        let waiting = fixture.count(&dead).await;

        let task = fixture.move_messages(&dead, None).await;
        assert_eq!(task["Status"], "FAILED", "{task}");
        assert_eq!(task["FailureReason"], "CouldNotDetermineMessageSource");
        assert_eq!(fixture.count(&dead).await, waiting);

        let task = fixture.move_messages(&dead, Some(&queue)).await;
        assert_eq!(task["Status"], "COMPLETED", "{task}");
        assert_eq!(task["ApproximateNumberOfMessagesMoved"], waiting);
        fixture.until_empty(&queue).await;
        assert_eq!(fixture.count(&dead).await, 0);
    }
}

#[tokio::test]
async fn a_burst_waits_in_its_queue_and_none_of_it_becomes_a_dead_letter() {
    const IMAGES: u64 = 20;
    const RATE: u32 = 5;
    let options = Options {
        rekognition_rate: NonZeroU32::new(RATE),
        ..shipped::ephemeral(&[])
    };
    let start = Instant::now();
    let fixture = Fixture::with(&shipped::text(), options).await;
    for number in 0..IMAGES {
        fixture.upload(&format!("{number}.bmp")).await;
    }
    for number in 0..IMAGES {
        let record = fixture.record(&format!("{number}.bmp")).await;
        assert_eq!(record["analysis"]["status"], "done", "{record}");
    }
    // The calls of one second at once, and then the rate.
    let least = (IMAGES - u64::from(RATE)) / u64::from(RATE);
    assert!(start.elapsed() >= Duration::from_secs(least));
    for (function, _) in FUNCTIONS {
        fixture.until_empty(&format!("{function}Queue")).await;
        assert_eq!(
            fixture.count(&format!("{function}DeadLetterQueue")).await,
            0
        );
    }
}

#[tokio::test]
async fn a_failed_event_is_retried_long_before_its_visibility_timeout() {
    for (function, service) in [("CreateThumbnail", "s3"), ("AnalyzeImage", "rekognition")] {
        let options = Options {
            faults: Some(Box::new(Faults {
                service: Some(service.to_owned()),
                percent: 100,
                seed: 1,
            })),
            ..shipped::ephemeral(&[])
        };
        let fixture = Fixture::with(&shipped::text(), options).await;
        fixture.upload("a.bmp").await;
        let failed = || {
            let reports = fixture.reports(function);
            let failed = reports
                .iter()
                .filter(|record| record["status"] == "failure");
            failed.count()
        };
        let start = Instant::now();
        while failed() < 2 {
            assert!(start.elapsed() < Duration::from_mins(3), "not tried again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(fixture.count(&format!("{function}Queue")).await, 1);
        assert_eq!(
            fixture.count(&format!("{function}DeadLetterQueue")).await,
            0
        );
    }
}

#[tokio::test]
async fn latency_is_added_to_every_call_of_a_function() {
    let latency = Duration::from_millis(200);
    let options = Options {
        latency,
        ..shipped::ephemeral(&[])
    };
    let fixture = Fixture::with(&shipped::text(), options).await;
    fixture.upload("a.bmp").await;
    fixture.record("a.bmp").await;
    for (function, _) in FUNCTIONS {
        fixture.until_empty(&format!("{function}Queue")).await;
        let reports = fixture.reports(function);
        let slowest = reports
            .iter()
            .filter_map(|record| record["metrics"]["durationMs"].as_f64())
            .fold(0.0, f64::max);
        // The object is read before the record is written.
        assert!(slowest >= 2.0 * 200.0, "{function}: {slowest}");
    }
}
