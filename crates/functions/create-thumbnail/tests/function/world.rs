//! Two buckets in memory, and the tables.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use create_thumbnail::{CreateThumbnail, Thumbnails};
use events::Receipt;
use records::Store;
use runtime::{
    Description, Failures, Function, ObjectError, Original, Originals, Portion, Queue, QueueError,
};
use serde_json::{Value, json};
use test_world::{Gate, Invocation, Step, Tables};
use thumbnail::{Limits, Thumbnail};

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
    /// The calls, in order.
    pub calls: Vec<String>,
    /// Messages that were returned to their queue: handle and seconds.
    pub delayed: Vec<(String, u64)>,
    /// Whether S3 fails.
    pub fails: bool,
}

/// The buckets and the queue, for one invocation.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub state: Arc<Mutex<State>>,
    gate: Gate,
}

impl World {
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

    /// Starts an invocation whose calls wait at a gate.
    pub async fn start(&self, tables: &Tables, event: Value) -> Step<Result<(), Failures>> {
        let gate = Gate::closed();
        let world = Self {
            state: self.state.clone(),
            gate: gate.clone(),
        };
        let function = function(world, Store::new(tables.gated(&gate), "images"));
        let handle = async move { function.handle(&event, &invocation()).await };
        Invocation::start(gate, handle).await
    }

    async fn step<T>(
        &self,
        call: String,
        step: impl FnOnce(&mut State) -> T + Send,
    ) -> Result<T, ObjectError> {
        self.gate.wait(format!("before {call}")).await;
        let after = format!("after {call}");
        let result = {
            let mut state = self.state();
            state.calls.push(call);
            if state.fails {
                return Err(ObjectError::new("called", RAW, "key", "S3 failed"));
            }
            step(&mut state)
        };
        self.gate.wait(after).await;
        Ok(result)
    }
}

impl Originals for World {
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
        found.await
    }

    async fn describe(&self, _key: &str) -> Result<Option<Description>, ObjectError> {
        let description = |(e_tag, bytes): &(String, Vec<u8>)| Description {
            e_tag: e_tag.clone(),
            bytes: bytes.len() as u64,
            uploaded_at: "2026-11-22T12:00:00Z".parse().expect("a time"),
        };
        self.step("head".into(), |state| state.raw.as_ref().map(description))
            .await
    }
}

impl Thumbnails for World {
    async fn put(&self, _key: &str, thumbnail: Thumbnail) -> Result<(), ObjectError> {
        let call = format!("put {}", thumbnail.size);
        self.step(call, |state| {
            state.thumbnails.insert(thumbnail.size, thumbnail.bytes);
        })
        .await
    }

    async fn delete(&self, _key: &str, size: u32) -> Result<(), ObjectError> {
        self.step(format!("delete {size}"), |state| {
            state.thumbnails.remove(&size);
        })
        .await
    }
}

impl Queue for World {
    async fn delay(&self, receipt: &Receipt, delay: Duration) -> Result<(), QueueError> {
        let delayed = (receipt.handle.clone(), delay.as_secs());
        self.state().delayed.push(delayed);
        Ok(())
    }
}

pub fn function(world: World, store: Store) -> Function<CreateThumbnail<World, World>, World> {
    let task = CreateThumbnail {
        originals: world.clone(),
        thumbnails: world.clone(),
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
        queue: world,
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

/// A payload with one S3 record. `e_tag` is there for a creation.
pub fn event(key: &str, n: usize, e_tag: Option<&str>) -> Value {
    let sequencer = format!("{n:08X}");
    match e_tag {
        Some(e_tag) => test_world::events::single(
            "ObjectCreated:Put",
            &json!({"key": key, "size": n, "eTag": e_tag, "sequencer": sequencer}),
        ),
        None => test_world::events::single(
            "ObjectRemoved:Delete",
            &json!({"key": key, "sequencer": sequencer}),
        ),
    }
}

/// The records, with a separate client.
pub async fn store() -> Store {
    Store::new(Tables::create().await.client(), "images")
}
