//! A walk through a bucket, with the real SDK, an S3, a `DynamoDB` and a queue that records its messages.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use events::{ObjectEvent, decode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_s3::{Access, AccessDeniedError, AccessRequest, Account, Change, Observer};
use reprocess::{Checkpoint, Clients, Progress, Walk};
use serde_json::{Value, json};
use test_world::Tables;

struct Open;

#[async_trait]
impl Access for Open {
    fn secret_key(&self, _access_key: &str) -> Option<String> {
        Some("secret".into())
    }

    async fn check(&self, _request: &AccessRequest<'_>) -> Result<(), AccessDeniedError> {
        Ok(())
    }
}

struct Ignore;

#[async_trait]
impl Observer for Ignore {
    async fn changed(&self, _change: Change) {}
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The messages that the queue received, and its behaviour for the next calls.
#[derive(Default)]
struct Queue {
    bodies: Vec<String>,
    /// How many more batches are only partly accepted.
    partial: usize,
    /// Whether it accepts nothing.
    fails: bool,
    /// The numbers of waiting messages that it reports next.
    waiting: Vec<u64>,
}

impl Queue {
    fn call(&mut self, target: &str, input: &Value) -> (u16, Value) {
        if target.ends_with("GetQueueAttributes") {
            let waiting = self.waiting.pop().unwrap_or_default().to_string();
            return (
                200,
                json!({"Attributes": {"ApproximateNumberOfMessages": waiting}}),
            );
        }
        if self.fails {
            return (
                400,
                json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist"}),
            );
        }
        let entries = input["Entries"].as_array().unwrap();
        assert!(entries.len() <= 10);
        let taken = if self.partial > 0 {
            entries.len() / 2
        } else {
            entries.len()
        };
        self.partial = self.partial.saturating_sub(1);
        let result = |entry: &Value| {
            json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d",
                   "Code": "Throttled", "SenderFault": false})
        };
        for entry in &entries[..taken] {
            self.bodies
                .push(entry["MessageBody"].as_str().unwrap().to_owned());
        }
        let successful: Vec<Value> = entries[..taken].iter().map(result).collect();
        let failed: Vec<Value> = entries[taken..].iter().map(result).collect();
        (200, json!({"Successful": successful, "Failed": failed}))
    }
}

struct World {
    clients: Clients,
    queue: Arc<Mutex<Queue>>,
    walk: Walk,
    folder: Folder,
}

async fn s3(folder: &Path) -> String {
    let store = Arc::new(local_s3::Store::open(folder).unwrap());
    store.create_bucket("raw").unwrap();
    let account = Account {
        id: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    let service = local_s3::service(account, store, Arc::new(Open), Arc::new(Ignore));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let respond = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.call(request).await) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), respond));
        }
    });
    endpoint
}

async fn sqs(queue: Arc<Mutex<Queue>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let queue = queue.clone();
            let respond = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let queue = queue.clone();
                async move {
                    let target = request.headers()["x-amz-target"]
                        .to_str()
                        .unwrap()
                        .to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let input = serde_json::from_slice(&body).unwrap();
                    let (status, output) = queue.lock().unwrap().call(&target, &input);
                    let response = http::Response::builder()
                        .status(status)
                        .header("content-type", "application/x-amz-json-1.0")
                        .body(Full::new(Bytes::from(output.to_string())));
                    Ok::<_, Infallible>(response.unwrap())
                }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), respond));
        }
    });
    endpoint
}

impl World {
    async fn new() -> Self {
        let name = format!("reprocess-{}", uuid::Uuid::new_v4().simple());
        let folder = Folder(std::env::temp_dir().join(name));
        let data = folder.0.join("s3");
        std::fs::create_dir_all(&data).unwrap();
        let queue = Arc::<Mutex<Queue>>::default();
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let http = || aws_smithy_http_client::Builder::new().build_http();
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(credentials.clone())
            .endpoint_url(s3(&data).await)
            .force_path_style(true)
            .http_client(http());
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(credentials)
            .endpoint_url(sqs(queue.clone()).await)
            .retry_config(RetryConfig::disabled())
            .http_client(http());
        let clients = Clients {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            dynamodb: Tables::create().await.client(),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
        };
        let walk = Walk {
            bucket: "raw".into(),
            table: "images".into(),
            queue_url: "https://sqs.eu-central-1.amazonaws.com/123456789012/queue".into(),
            prefix: String::new(),
            max_waiting: 100,
            page: 25,
            checkpoint: folder.0.join("checkpoint.json"),
        };
        Self {
            clients,
            queue,
            walk,
            folder,
        }
    }

    async fn upload(&self, key: &str) {
        let put = self.clients.s3.put_object().bucket("raw").key(key);
        put.body(ByteStream::from_static(b"image"))
            .send()
            .await
            .unwrap();
    }

    async fn record(&self, key: &str, attributes: &[(&str, &str)]) {
        let mut put = self.clients.dynamodb.put_item().table_name("images");
        for (name, value) in [("Id", key)].iter().chain(attributes) {
            put = put.item(*name, AttributeValue::S((*value).into()));
        }
        put.send().await.unwrap();
    }

    async fn run(&self) -> anyhow::Result<(Checkpoint, Vec<Progress>)> {
        let mut progress = vec![];
        let done = self
            .walk
            .run(&self.clients, |step| progress.push(step))
            .await;
        Ok((done?, progress))
    }

    /// The events that were sent, decoded as by the functions.
    fn sent(&self) -> Vec<ObjectEvent> {
        let bodies = std::mem::take(&mut self.queue.lock().unwrap().bodies);
        let message = |body: &String| {
            json!({
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
                "messageId": "id",
                "receiptHandle": "handle",
                "body": body,
            })
        };
        let messages: Vec<Value> = bodies.iter().map(message).collect();
        let messages = decode(&json!({"Records": messages}));
        let events = messages.into_iter().flat_map(|message| message.events);
        events.map(Result::unwrap).collect()
    }

    fn sent_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.sent().into_iter().map(|event| event.key).collect();
        keys.sort();
        keys
    }
}

#[tokio::test]
async fn every_object_has_an_event_that_is_ordered_with_its_record() {
    let world = World::new().await;
    for key in ["a b+c é", "deleted", "newer", "none", "recorded"] {
        world.upload(key).await;
    }
    let seq = ("Seq", "0A000000000000000000000000000000");
    let soon = ("UploadedAt", "2999-01-01T00:00:00.000Z");
    world.record("recorded", &[seq, soon]).await;
    world.record("deleted", &[seq]).await;
    world
        .record("newer", &[seq, ("UploadedAt", "2001-01-01T00:00:00.000Z")])
        .await;
    let (done, _) = world.run().await.unwrap();
    assert_eq!((done.sent, done.skipped), (3, 2));
    let mut seen: Vec<(String, String)> = world
        .sent()
        .into_iter()
        .map(|event| {
            assert!(event.reprocess);
            (event.key, event.sequencer.as_str()[..2].to_owned())
        })
        .collect();
    seen.sort();
    let expected = [("a b+c é", "00"), ("none", "00"), ("recorded", "0A")];
    assert_eq!(
        seen,
        expected.map(|(key, seq)| (key.to_owned(), seq.to_owned()))
    );
    assert!(
        !world.walk.checkpoint.exists(),
        "a complete run leaves none"
    );
}

#[tokio::test]
async fn an_interrupted_walk_goes_on_where_it_was() {
    let world = World::new().await;
    let keys: Vec<String> = (0..60).map(|n| format!("{n:02}")).collect();
    for key in &keys {
        world.upload(key).await;
    }
    // The second page can't be sent.
    let mut pages = 0;
    let queue = world.queue.clone();
    let failed = world
        .walk
        .run(&world.clients, |_| {
            pages += 1;
            queue.lock().unwrap().fails = true;
        })
        .await;
    let message = format!("{:#}", failed.unwrap_err());
    assert!(message.contains("events cannot be sent"), "{message}");
    assert_eq!(pages, 1);
    assert_eq!(world.sent_keys(), keys[..25]);

    world.queue.lock().unwrap().fails = false;
    let (done, progress) = world.run().await.unwrap();
    assert_eq!(progress[0], Progress::Resumed("24".into()));
    assert_eq!(done.sent, 60);
    assert_eq!(world.sent_keys(), keys[25..]);

    // Another run starts from the beginning.
    done.save(&world.walk.checkpoint).unwrap();
    let mut other = world.walk.clone();
    other.prefix = "5".into();
    other.run(&world.clients, |_| ()).await.unwrap();
    assert_eq!(world.sent_keys(), keys[50..]);
    drop(world.folder);
}

#[tokio::test]
async fn refused_messages_are_sent_again_and_a_full_queue_is_waited_for() {
    let world = World::new().await;
    let keys: Vec<String> = (0..12).map(|n| format!("{n:02}")).collect();
    for key in &keys {
        world.upload(key).await;
    }
    {
        let mut queue = world.queue.lock().unwrap();
        queue.partial = 2;
        queue.waiting = vec![99, 100];
    }
    let (done, progress) = world.run().await.unwrap();
    assert_eq!(progress[0], Progress::Full(100));
    assert_eq!(done.sent, 12);
    assert_eq!(world.sent_keys(), keys);
}
