//! A bucket and a Rekognition with prepared responses, and an embedded `DynamoDB`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use analyze_image::{AnalyzeImage, DetectLabels, Detection, RekognitionError};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_rekognition::types::Label;
use image::ImageFormat;
use records::{Part, Record, Store};
use runtime::{Description, Function, Invocation, ObjectError, Original, Originals, Portion};
use serde_json::{Value, json};
use thumbnail::Limits;

pub const KEY: &str = "pets/cat.jpg";

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What happens to the bucket during a `DetectLabels` call.
pub type Meanwhile = Box<dyn FnOnce(&mut State) + Send>;

/// The bucket, and the responses of Rekognition.
#[derive(Default)]
pub struct State {
    /// Entity tag and content of the upload.
    pub raw: Option<(String, Vec<u8>)>,
    /// Responses of Rekognition; after the last one, a cat.
    pub detections: VecDeque<Result<Detection, Source>>,
    pub meanwhile: Option<Meanwhile>,
    /// The calls, in order.
    pub calls: Vec<String>,
    /// The JPEG that was sent last.
    pub sent: Vec<u8>,
}

#[derive(Clone, Default)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no step panics")
    }

    /// Uploads, and returns the event.
    pub fn upload(&self, n: u32, bytes: Vec<u8>) -> Value {
        let (e_tag, size) = (format!("tag{n}"), bytes.len());
        self.state().raw = Some((e_tag.clone(), bytes));
        sns(
            "ObjectCreated:Put",
            &json!({"key": KEY, "size": size, "eTag": e_tag, "sequencer": format!("{n:04X}")}),
        )
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    fn detect(&self, call: String) -> Result<Detection, RekognitionError> {
        let mut state = self.state();
        state.calls.push(call);
        if let Some(meanwhile) = state.meanwhile.take() {
            meanwhile(&mut state);
        }
        let detection = state
            .detections
            .pop_front()
            .unwrap_or_else(|| Ok(detected(&[("Cat", 98.71)])));
        detection.map_err(RekognitionError::from)
    }
}

impl Originals for World {
    async fn get(
        &self,
        _key: &str,
        e_tag: Option<&str>,
        portion: Portion,
    ) -> Result<Original, ObjectError> {
        let mut state = self.state();
        let (call, length) = match portion {
            Portion::First(first) => (format!("get {first}"), first),
            Portion::All => ("get all".into(), u64::MAX),
            Portion::AllUpTo(limit) => (format!("get up to {limit}"), limit),
        };
        state.calls.push(call);
        Ok(match &state.raw {
            None => Original::Gone,
            Some((now, _)) if Some(now.as_str()) != e_tag => Original::Changed,
            Some((now, content)) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Original::Found {
                    e_tag: now.clone(),
                    content: content[..length.min(content.len())].to_vec(),
                    bytes: content.len() as u64,
                }
            }
        })
    }

    async fn describe(&self, _key: &str) -> Result<Option<Description>, ObjectError> {
        let mut state = self.state();
        state.calls.push("head".into());
        Ok(state.raw.as_ref().map(|(e_tag, bytes)| Description {
            e_tag: e_tag.clone(),
            bytes: bytes.len() as u64,
            uploaded_at: "2026-11-22T12:00:00Z".parse().expect("a time"),
        }))
    }
}

impl DetectLabels for World {
    async fn of_object(&self, bucket: &str, key: &str) -> Result<Detection, RekognitionError> {
        self.detect(format!("detect in {bucket}/{key}"))
    }

    async fn of_jpeg(&self, jpeg: Vec<u8>) -> Result<Detection, RekognitionError> {
        self.state().sent = jpeg;
        self.detect("detect in bytes".into())
    }
}

/// A response with these labels.
pub fn detected(labels: &[(&str, f32)]) -> Detection {
    let label = |(name, confidence): &(&str, f32)| {
        Label::builder().name(*name).confidence(*confidence).build()
    };
    Detection::Labels(labels.iter().map(label).collect())
}

pub fn image(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(vec![]);
    let pixels = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x % 251) as u8, (y % 241) as u8, 90])
    });
    pixels.write_to(&mut bytes, format).expect("an image");
    bytes.into_inner()
}

pub fn removed(n: u32) -> Value {
    sns(
        "ObjectRemoved:Delete",
        &json!({"key": KEY, "sequencer": format!("{n:04X}")}),
    )
}

/// An SNS event with one S3 record.
pub fn sns(name: &str, object: &Value) -> Value {
    let message = json!({"Records": [{
        "eventName": name,
        "eventTime": "2026-11-22T13:00:00.000Z",
        "userIdentity": {},
        "requestParameters": {},
        "s3": {"bucket": {"name": "raw"}, "object": object},
    }]});
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
            "Message": message.to_string(),
        },
    }]})
}

/// The function in its world, and the tables.
pub struct Stack {
    pub world: World,
    pub function: Function<AnalyzeImage<World, World>>,
    pub client: aws_sdk_dynamodb::Client,
}

impl Stack {
    pub async fn start() -> Self {
        let client = dynamodb().await;
        let world = World::default();
        let task = AnalyzeImage {
            originals: world.clone(),
            rekognition: world.clone(),
            store: Store::new(client.clone(), "images").with_index("labels"),
            max_labels: 3,
            limits: Limits {
                bytes: 17 * 1024 * 1024,
                ..Limits::default()
            },
        };
        let function = Function {
            task,
            raw_bucket: "raw".into(),
        };
        Self {
            world,
            function,
            client,
        }
    }

    /// Handles an event; the message of the error, if it fails.
    pub async fn handle(&self, event: &Value) -> Result<(), String> {
        self.invoke(event, |_| {}).await
    }

    /// Handles an event, and returns its log.
    pub async fn lines(&self, event: &Value) -> Vec<Value> {
        let lines = Arc::new(Mutex::new(vec![]));
        let copy = Arc::clone(&lines);
        let log = move |line: &str| {
            let line = serde_json::from_str(line).expect("a line is JSON");
            copy.lock().expect("no line panics").push(line);
        };
        // The log says how it ends.
        let _ = self.invoke(event, log).await;
        std::mem::take(&mut lines.lock().expect("no line panics"))
    }

    async fn invoke(
        &self,
        event: &Value,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_mins(1);
        let invocation = Invocation::new(deadline, "request", "analyze-image", log);
        self.function
            .handle(event, &invocation)
            .await
            .map_err(|failures| failures.to_string())
    }

    pub async fn record(&self) -> Option<Record> {
        self.function
            .task
            .store
            .read(KEY)
            .await
            .expect("DynamoDB is there")
    }

    /// Names of the labels in the record, or the code of its failure.
    pub async fn analysis(&self) -> Vec<String> {
        let record = self.record().await.expect("a record");
        match &record.image().expect("an image").analysis {
            Part::Pending => vec!["pending".into()],
            Part::Failed { reason } => vec![reason.code.clone()],
            Part::Done(analysis) => analysis
                .labels
                .iter()
                .map(|label| label.name.clone())
                .collect(),
        }
    }

    /// The label table: label to rank.
    pub async fn index(&self) -> BTreeMap<String, String> {
        let scan = self
            .client
            .scan()
            .table_name("labels")
            .send()
            .await
            .expect("a scan");
        let text = |item: &std::collections::HashMap<String, _>, name: &str| -> String {
            let value: &aws_sdk_dynamodb::types::AttributeValue = &item[name];
            value.as_s().expect("a text").clone()
        };
        scan.items()
            .iter()
            .map(|item| (text(item, "Label"), text(item, "Rank")))
            .collect()
    }
}

async fn dynamodb() -> aws_sdk_dynamodb::Client {
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
    for (table, keys) in [("images", &["Id"][..]), ("labels", &["Label", "Rank"])] {
        let mut create = client
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest);
        for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
            let attribute = AttributeDefinition::builder()
                .attribute_name(*key)
                .attribute_type(ScalarAttributeType::S);
            let element = KeySchemaElement::builder()
                .attribute_name(*key)
                .key_type(kind);
            create = create
                .attribute_definitions(attribute.build().expect("an attribute"))
                .key_schema(element.build().expect("a key"));
        }
        create.send().await.expect("a table");
    }
    client
}
