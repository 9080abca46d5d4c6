//! A walk through the bucket.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_s3::types::EncodingType;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use chrono::DateTime;
use events::decode_key;

use crate::{Checkpoint, Object, Recorded, event};

/// Keys of one `BatchGetItem`.
const BATCH_KEYS: usize = 100;
/// Messages of one `SendMessageBatch`.
const BATCH_MESSAGES: usize = 10;
/// How many times a batch is tried that was only partly processed.
const MAX_ATTEMPTS: u32 = 8;
/// How often the queue is polled while it is full.
const POLL: Duration = Duration::from_secs(1);

/// The services.
#[derive(Clone, Debug)]
pub struct Clients {
    /// For the raw bucket.
    pub s3: aws_sdk_s3::Client,
    /// For the image table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the function's queue.
    pub sqs: aws_sdk_sqs::Client,
}

/// What to reprocess.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The raw bucket.
    pub bucket: String,
    /// The image table.
    pub table: String,
    /// URL of the function's queue.
    pub queue_url: String,
    /// Only keys that begin with this.
    pub prefix: String,
    /// How many messages may wait in the queue when more are sent: real uploads wait behind them.
    pub max_waiting: u64,
    /// Objects of a page, at most 1,000.
    pub page: i32,
    /// The file of the checkpoint.
    pub checkpoint: PathBuf,
}

/// How far a walk has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It continues after this key.
    Resumed(String),
    /// A page is done.
    Page(Checkpoint),
    /// The queue is full; this many messages wait.
    Full(u64),
}

impl Walk {
    /// Sends an event for every object, from the checkpoint on, and reports progress.
    ///
    /// # Errors
    /// A service fails, or the checkpoint cannot be saved. A walk that is started again continues from the checkpoint.
    pub async fn run(
        &self,
        clients: &Clients,
        mut progress: impl FnMut(Progress),
    ) -> anyhow::Result<Checkpoint> {
        let run = [&self.bucket, &self.prefix, &self.queue_url].map(Clone::clone);
        let mut checkpoint = Checkpoint::load(&self.checkpoint, run)?;
        if let Some(after) = &checkpoint.after {
            progress(Progress::Resumed(after.clone()));
        }
        loop {
            let (objects, more) = self.list(clients, checkpoint.after.as_deref()).await?;
            self.wait_for_room(clients, &mut progress).await?;
            let records = self.records(clients, &objects).await?;
            let mut bodies = Vec::new();
            for object in &objects {
                match event(&self.bucket, object, records.get(&object.key)) {
                    Some(event) => bodies.push(event.to_string()),
                    None => checkpoint.skipped += 1,
                }
            }
            for bodies in bodies.chunks(BATCH_MESSAGES) {
                self.send(clients, bodies).await?;
            }
            checkpoint.sent += bodies.len() as u64;
            if let Some(last) = objects.last() {
                checkpoint.after = Some(last.key.clone());
            }
            progress(Progress::Page(checkpoint.clone()));
            if !more {
                Checkpoint::remove(&self.checkpoint)?;
                return Ok(checkpoint);
            }
            checkpoint.save(&self.checkpoint)?;
        }
    }

    /// A page of objects, and whether there are more.
    async fn list(
        &self,
        clients: &Clients,
        after: Option<&str>,
    ) -> anyhow::Result<(Vec<Object>, bool)> {
        let response = clients
            .s3
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .set_start_after(after.map(str::to_owned))
            // XML does not allow every character of a key.
            .encoding_type(EncodingType::Url)
            .max_keys(self.page)
            .send()
            .await
            .with_context(|| format!("bucket {} cannot be listed", self.bucket))?;
        let mut objects = Vec::new();
        for object in response.contents() {
            let modified = object
                .last_modified()
                .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
            objects.push(Object {
                key: decode_key(object.key().unwrap_or_default())?,
                e_tag: object
                    .e_tag()
                    .unwrap_or_default()
                    .trim_matches('"')
                    .to_owned(),
                bytes: object.size().unwrap_or_default().try_into()?,
                modified: modified.context("an object without a time")?,
            });
        }
        Ok((objects, response.is_truncated() == Some(true)))
    }

    /// The records of objects, by key.
    async fn records(
        &self,
        clients: &Clients,
        objects: &[Object],
    ) -> anyhow::Result<BTreeMap<String, Recorded>> {
        let mut records = BTreeMap::new();
        for objects in objects.chunks(BATCH_KEYS) {
            let mut request = KeysAndAttributes::builder()
                .consistent_read(true)
                .projection_expression("#k, #s, #u")
                .expression_attribute_names("#k", "Id")
                .expression_attribute_names("#s", "Seq")
                .expression_attribute_names("#u", "UploadedAt");
            for object in objects {
                let key = [("Id".to_owned(), AttributeValue::S(object.key.clone()))];
                request = request.keys(key.into());
            }
            let mut remaining = Some([(self.table.clone(), request.build()?)].into());
            for attempt in 0.. {
                let Some(request) = remaining.take() else {
                    break;
                };
                if attempt == MAX_ATTEMPTS {
                    bail!("table {} throttles; start again to continue", self.table);
                }
                pause(attempt).await;
                let response = clients
                    .dynamodb
                    .batch_get_item()
                    .set_request_items(Some(request))
                    .send()
                    .await
                    .with_context(|| format!("table {} cannot be read", self.table))?;
                let items = response.responses.unwrap_or_default();
                for item in items.into_values().flatten() {
                    let string = |name| item.get(name).and_then(|value| value.as_s().ok());
                    let key = string("Id").context("a record without a key")?.clone();
                    let seq = string("Seq").context("a record without a sequencer")?;
                    let uploaded_at = string("UploadedAt").map(|time| time.parse()).transpose()?;
                    let seq = seq.clone();
                    records.insert(key, Recorded { seq, uploaded_at });
                }
                remaining = response.unprocessed_keys.filter(|keys| !keys.is_empty());
            }
        }
        Ok(records)
    }

    async fn send(&self, clients: &Clients, bodies: &[String]) -> anyhow::Result<()> {
        let mut remaining: Vec<usize> = (0..bodies.len()).collect();
        for attempt in 0..MAX_ATTEMPTS {
            pause(attempt).await;
            let mut request = clients.sqs.send_message_batch().queue_url(&self.queue_url);
            for &n in &remaining {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(n.to_string())
                    .message_body(&bodies[n]);
                request = request.entries(entry.build()?);
            }
            let response = request
                .send()
                .await
                .with_context(|| format!("events cannot be sent to {}", self.queue_url))?;
            remaining.retain(|n| {
                let id = n.to_string();
                response.failed().iter().any(|failed| failed.id() == id)
            });
            if remaining.is_empty() {
                return Ok(());
            }
        }
        bail!(
            "{} does not accept all events; start again to continue",
            self.queue_url
        )
    }

    async fn wait_for_room(
        &self,
        clients: &Clients,
        progress: &mut impl FnMut(Progress),
    ) -> anyhow::Result<()> {
        let mut reported = false;
        loop {
            let response = clients
                .sqs
                .get_queue_attributes()
                .queue_url(&self.queue_url)
                .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
                .send()
                .await
                .with_context(|| format!("queue {} cannot be read", self.queue_url))?;
            let waiting = response
                .attributes()
                .and_then(|all| all.get(&QueueAttributeName::ApproximateNumberOfMessages))
                .and_then(|number| number.parse().ok())
                .unwrap_or(0);
            if waiting < self.max_waiting {
                return Ok(());
            }
            if !std::mem::replace(&mut reported, true) {
                progress(Progress::Full(waiting));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// No pause before the first attempt, then twice as long each time.
async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
}
