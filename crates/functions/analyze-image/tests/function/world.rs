//! A bucket and a Rekognition with prepared responses, and an embedded `DynamoDB`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use analyze_image::{AnalyzeImage, DetectLabels, Detection, RekognitionError};
use aws_sdk_rekognition::types::Label;
use events::Receipt;
use image::ImageFormat;
use records::{Contents, Part, Record, Store, Write};
use runtime::{
    Description, Failures, Function, Invocation, ObjectError, Original, Originals, Portion, Queue,
    QueueError,
};
use serde_json::{Value, json};
use test_world::events::single;
use test_world::{Gate, Step, Tables};
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

/// The bucket, Rekognition and the queue, for one invocation.
#[derive(Clone, Default)]
pub struct World {
    state: Arc<Mutex<State>>,
    gate: Gate,
}

impl World {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no step panics")
    }

    /// Uploads under [`KEY`], and returns the event.
    pub fn upload(&self, n: u32, bytes: Vec<u8>) -> Value {
        self.upload_as(KEY, n, &format!("tag{n}"), bytes)
    }

    /// Uploads under a key with this entity tag. The bucket holds one object: any other is replaced.
    pub fn upload_as(&self, key: &str, n: u32, e_tag: &str, bytes: Vec<u8>) -> Value {
        let size = bytes.len();
        self.state().raw = Some((e_tag.into(), bytes));
        single(
            "ObjectCreated:Put",
            &json!({"key": key, "size": size, "eTag": e_tag, "sequencer": format!("{n:04X}")}),
        )
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    async fn step<T>(&self, call: String, step: impl FnOnce(&mut State) -> T + Send) -> T {
        self.gate.wait(format!("before {call}")).await;
        // A call takes time: others that were made with it begin before it is done.
        tokio::task::yield_now().await;
        let after = format!("after {call}");
        let result = {
            let mut state = self.state();
            state.calls.push(call);
            step(&mut state)
        };
        self.gate.wait(after).await;
        result
    }

    async fn detect(&self, call: &str) -> Result<Detection, RekognitionError> {
        let detection = self.step(call.to_owned(), |state| {
            if let Some(meanwhile) = state.meanwhile.take() {
                meanwhile(state);
            }
            state
                .detections
                .pop_front()
                .unwrap_or_else(|| Ok(detected(&[("Cat", 98.71)])))
        });
        detection.await.map_err(RekognitionError::from)
    }
}

impl Originals for World {
    async fn get(
        &self,
        _key: &str,
        e_tag: Option<&str>,
        portion: Portion,
    ) -> Result<Original, ObjectError> {
        let (call, length) = match portion {
            Portion::First(first) => (format!("get {first}"), first),
            Portion::All => ("get all".into(), u64::MAX),
            Portion::AllUpTo(limit) => (format!("get up to {limit}"), limit),
        };
        let found = self.step(call, |state| match &state.raw {
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
        });
        Ok(found.await)
    }

    async fn describe(&self, _key: &str) -> Result<Option<Description>, ObjectError> {
        let description = |(e_tag, bytes): &(String, Vec<u8>)| Description {
            e_tag: e_tag.clone(),
            bytes: bytes.len() as u64,
            uploaded_at: "2026-11-22T12:00:00Z".parse().expect("a time"),
        };
        let step = self.step("head".into(), |state| state.raw.as_ref().map(description));
        Ok(step.await)
    }
}

impl DetectLabels for World {
    async fn of_object(
        &self,
        bucket: &str,
        key: &str,
        _deadline: Instant,
    ) -> Result<Detection, RekognitionError> {
        self.detect(&format!("detect in {bucket}/{key}")).await
    }

    async fn of_jpeg(
        &self,
        jpeg: Vec<u8>,
        _deadline: Instant,
    ) -> Result<Detection, RekognitionError> {
        self.state().sent = jpeg;
        self.detect("detect in bytes").await
    }
}

impl Queue for World {
    async fn delay(&self, _receipt: &Receipt, _delay: Duration) -> Result<(), QueueError> {
        Ok(())
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
    single(
        "ObjectRemoved:Delete",
        &json!({"key": KEY, "sequencer": format!("{n:04X}")}),
    )
}

/// The function in its world, and the tables.
pub struct Stack {
    pub world: World,
    pub tables: Tables,
    pub function: AnalyzeFunction,
    pub client: aws_sdk_dynamodb::Client,
}

type AnalyzeFunction = Function<AnalyzeImage<World, World>, World>;

fn function(world: &World, client: aws_sdk_dynamodb::Client) -> AnalyzeFunction {
    let task = AnalyzeImage {
        originals: world.clone(),
        rekognition: world.clone(),
        store: Store::new(client.clone(), "images").with_index("labels"),
        contents: Contents::new(client, "contents"),
        max_labels: 3,
        min_confidence: 55.0,
        limits: Limits {
            bytes: 17 * 1024 * 1024,
            ..Limits::default()
        },
    };
    Function {
        task,
        raw_bucket: "raw".into(),
        queue: world.clone(),
    }
}

impl Stack {
    pub async fn start() -> Self {
        let world = World::default();
        let tables = Tables::create().await;
        let client = tables.client();
        Self {
            function: function(&world, client.clone()),
            world,
            tables,
            client,
        }
    }

    /// Starts an invocation whose calls wait at a gate.
    pub async fn gated(&self, event: Value) -> Step<Result<(), Failures>> {
        let gate = Gate::closed();
        let world = World {
            state: self.world.state.clone(),
            gate: gate.clone(),
        };
        let function = function(&world, self.tables.gated(&gate));
        let deadline = Instant::now() + Duration::from_mins(1);
        let invocation = Invocation::new(deadline, "request", "analyze-image", |_| {});
        let handle = async move { function.handle(&event, &invocation).await };
        test_world::Invocation::start(gate, handle).await
    }

    /// Writes create-thumbnail's part of the record for an upload.
    pub async fn write_thumbnails(&self, event: &Value) {
        let decoded = events::decode(event).remove(0).events.remove(0);
        let decoded = decoded.expect("an event");
        let write = Write::Thumbnails {
            bytes: 1,
            part: Part::failed("CorruptImage", "for the test"),
            deleted: [].into(),
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        let store = &self.function.task.store;
        let written = store.write(&decoded, &write, deadline);
        written.await.expect("the record is written");
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

    /// How many times Rekognition was called since this was last asked.
    pub fn detections(&self) -> usize {
        let calls = self.world.calls();
        calls
            .iter()
            .filter(|call| call.starts_with("detect"))
            .count()
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
