//! Two buckets in memory, whose every step can be held up, and an embedded `DynamoDB` table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use create_thumbnail::{CreateThumbnail, Thumbnails};
use records::Store;
use runtime::{Description, Failures, Function, ObjectError, Original, Originals, Portion};
use serde_json::{Value, json};
use thumbnail::{Limits, Thumbnail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub const RAW: &str = "raw";
pub const SIZES: [u32; 2] = [4, 16];
/// Bytes of the largest image that is handled.
const LIMIT: u64 = 10_000;

/// What is in the buckets for one key.
#[derive(Debug, Default)]
pub struct State {
    /// Entity tag and content of the upload.
    pub raw: Option<(String, Vec<u8>)>,
    /// Content of each thumbnail by size.
    pub thumbnails: BTreeMap<u32, Vec<u8>>,
    /// What was asked of the buckets, in order.
    pub calls: Vec<String>,
}

/// The buckets, for one invocation.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    pub state: Arc<Mutex<State>>,
    gate: Option<Arc<Gate>>,
}

/// Holds an invocation up before and after everything that it does to a bucket, so that every order of steps of
/// several invocations can be had.
#[derive(Debug)]
struct Gate {
    arrived: UnboundedSender<String>,
    pass: tokio::sync::Mutex<UnboundedReceiver<()>>,
}

/// A running invocation, held up at its gate.
#[derive(Debug)]
pub struct Invocation {
    /// Where it stands: `before get`, `after put 4`.
    pub at: String,
    arrivals: UnboundedReceiver<String>,
    pass: UnboundedSender<()>,
    task: JoinHandle<Result<(), Failures>>,
}

impl Invocation {
    /// Starts one, and lets it come to its first gate. What it says if it is over by then.
    pub async fn start(
        buckets: &Buckets,
        store: &Store,
        event: Value,
    ) -> Result<Self, Result<(), Failures>> {
        let (arrived, arrivals) = unbounded_channel();
        let (pass, passes) = unbounded_channel();
        let gate = Gate {
            arrived,
            pass: tokio::sync::Mutex::new(passes),
        };
        let buckets = Buckets {
            state: buckets.state.clone(),
            gate: Some(Arc::new(gate)),
        };
        let function = function(buckets, store.clone());
        let task = tokio::spawn(async move { function.handle(&event, &invocation()).await });
        Self {
            at: String::new(),
            arrivals,
            pass,
            task,
        }
        .arrive()
        .await
    }

    /// Lets it go on to its next gate. What it says if it comes to its end.
    pub async fn step(self) -> Result<Self, Result<(), Failures>> {
        self.pass.send(()).expect("it waits");
        self.arrive().await
    }

    async fn arrive(mut self) -> Result<Self, Result<(), Failures>> {
        match self.arrivals.recv().await {
            Some(at) => Ok(Self { at, ..self }),
            None => Err(self.task.await.expect("it does not panic")),
        }
    }

    /// Lets it go on until it stands there.
    pub async fn until(mut self, at: &str) -> Self {
        while self.at != at {
            self = self.step().await.expect("it comes there before its end");
        }
        self
    }

    /// Lets it go to its end.
    pub async fn finish(mut self) -> Result<(), Failures> {
        loop {
            match self.step().await {
                Ok(on) => self = on,
                Err(result) => return result,
            }
        }
    }

    /// Lets it die where it stands.
    pub async fn die(self) {
        self.task.abort();
        self.task.await.expect_err("it was aborted");
    }
}

impl Buckets {
    /// Uploads, and returns the entity tag.
    pub fn upload(&self, bytes: Vec<u8>) -> String {
        let e_tag = format!(
            "{:x}",
            bytes
                .iter()
                .fold(7_u64, |hash, byte| hash.wrapping_mul(31) ^ u64::from(*byte))
        );
        self.state().raw = Some((e_tag.clone(), bytes));
        e_tag
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no step panics")
    }

    async fn step<T>(&self, call: String, step: impl FnOnce(&mut State) -> T + Send) -> T {
        self.wait(format!("before {call}")).await;
        let after = format!("after {call}");
        let result = {
            let mut state = self.state();
            state.calls.push(call);
            step(&mut state)
        };
        self.wait(after).await;
        result
    }

    async fn wait(&self, at: String) {
        if let Some(gate) = &self.gate {
            gate.arrived.send(at).expect("the test is there");
            gate.pass
                .lock()
                .await
                .recv()
                .await
                .expect("the test is there");
        }
    }
}

impl Originals for Buckets {
    async fn get(
        &self,
        _key: &str,
        e_tag: Option<&str>,
        portion: Portion,
    ) -> Result<Original, ObjectError> {
        let found = self.step("get".into(), |state| match &state.raw {
            None => Original::Gone,
            Some((now, _)) if e_tag.is_some_and(|e_tag| e_tag != now) => Original::Changed,
            Some((now, content)) => {
                let bytes = content.len() as u64;
                let too_large = portion == Portion::AllUpTo(LIMIT) && bytes > LIMIT;
                Original::Found {
                    e_tag: now.clone(),
                    content: if too_large { vec![] } else { content.clone() },
                    bytes,
                }
            }
        });
        Ok(found.await)
    }

    async fn describe(&self, _key: &str) -> Result<Option<Description>, ObjectError> {
        let description = |(e_tag, bytes): &(String, Vec<u8>)| Description {
            e_tag: e_tag.clone(),
            bytes: bytes.len() as u64,
            uploaded_at: "2026-11-22T12:00:00Z".parse().expect("a time"),
        };
        Ok(self
            .step("head".into(), |state| state.raw.as_ref().map(description))
            .await)
    }
}

impl Thumbnails for Buckets {
    async fn put(&self, _key: &str, thumbnail: Thumbnail) -> Result<(), ObjectError> {
        let call = format!("put {}", thumbnail.size);
        self.step(call, |state| {
            state.thumbnails.insert(thumbnail.size, thumbnail.bytes)
        })
        .await;
        Ok(())
    }

    async fn delete(&self, _key: &str, size: u32) -> Result<(), ObjectError> {
        self.step(format!("delete {size}"), |state| {
            state.thumbnails.remove(&size)
        })
        .await;
        Ok(())
    }
}

pub fn function(buckets: Buckets, store: Store) -> Function<CreateThumbnail<Buckets, Buckets>> {
    let task = CreateThumbnail {
        originals: buckets.clone(),
        thumbnails: buckets,
        store,
        sizes: SIZES.into(),
        limits: Limits {
            bytes: LIMIT,
            ..Limits::default()
        },
    };
    Function {
        task,
        raw_bucket: RAW.into(),
    }
}

/// An invocation whose log goes nowhere.
pub fn invocation() -> runtime::Invocation {
    runtime::Invocation::new(soon(), "request", "create-thumbnail", |_| {})
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// A PNG of 8 x 6 pixels of one colour.
pub fn image(colour: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(vec![]);
    let pixels = image::RgbImage::from_pixel(8, 6, image::Rgb([colour, 80, 160]));
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a PNG");
    bytes.into_inner()
}

/// The thumbnails that belong to an upload, by size.
pub fn thumbnails_of(upload: Option<&[u8]>) -> BTreeMap<u32, Vec<u8>> {
    let made =
        upload.and_then(|bytes| thumbnail::thumbnails(bytes, &SIZES, &Limits::default()).ok());
    made.into_iter()
        .flat_map(|made| made.items)
        .map(|item| (item.size, item.bytes))
        .collect()
}

/// An SNS event with one S3 record. `e_tag` is there for a creation.
pub fn sns(key: &str, n: usize, e_tag: Option<&str>) -> Value {
    let object = match e_tag {
        Some(e_tag) => {
            json!({"key": key, "size": n, "eTag": e_tag, "sequencer": format!("{n:08X}")})
        }
        None => json!({"key": key, "sequencer": format!("{n:08X}")}),
    };
    let name = if e_tag.is_some() {
        "ObjectCreated:Put"
    } else {
        "ObjectRemoved:Delete"
    };
    sns_of(&json!([{
        "eventName": name,
        "eventTime": "2026-11-22T13:00:00.000Z",
        "userIdentity": {},
        "requestParameters": {},
        "s3": {"bucket": {"name": RAW}, "object": object},
    }]))
}

/// An SNS event with these S3 records.
pub fn sns_of(records: &Value) -> Value {
    json!({"Records": [{
        "EventVersion": "1.0",
        "EventSource": "aws:sns",
        "EventSubscriptionArn": "arn:aws:sns:eu-central-1:123456789012:topic:subscription",
        "Sns": {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:topic",
            "Timestamp": "2026-11-22T13:00:00.123Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "https://sns.eu-central-1.amazonaws.com/EXAMPLE.pem",
            "UnsubscribeUrl": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
            "Message": json!({"Records": records}).to_string(),
        },
    }]})
}

/// A store with both tables, in a `DynamoDB` of its own.
pub async fn store() -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let database = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let config = aws_sdk_dynamodb::Config::builder()
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
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let attribute = AttributeDefinition::builder()
        .attribute_name("Id")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("Id")
        .key_type(KeyType::Hash);
    client
        .create_table()
        .table_name("images")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute.build().expect("an attribute"))
        .key_schema(key.build().expect("a key"))
        .send()
        .await
        .expect("a table");
    Store::new(client, "images")
}
