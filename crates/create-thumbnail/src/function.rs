//! From an event to thumbnails and a record.
//!
//! Several invocations may handle one key at once, for events come late, twice and in any order. The record is
//! safe by itself: see [`records`]. Thumbnails are safe by this rule: **who has touched the thumbnail bucket looks at
//! the raw bucket afterwards, and starts again from what is there until it stands still.** The last one to touch a
//! thumbnail thus saw, afterwards, the very object that it had rendered; and if that object changes later, the
//! event of that change is handled later. An attempt that died on its way is made good by Lambda's next one:
//! therefore late events, and events whose object has been replaced meanwhile, settle the thumbnails too, without
//! a word in the record.

use std::collections::BTreeSet;
use std::time::Instant;

use events::{Batch, Change, Failures, ObjectEvent, SnsEvent};
use records::{Store, StoreError, Verdict, Write};
use thumbnail::Limits;
use tracing::{error, info};

use crate::rendering::Rendering;
use crate::{ObjectError, Objects};

/// The function, with what it was given at init.
#[derive(Clone, Debug)]
pub struct Function<O> {
    /// The buckets.
    pub objects: O,
    /// The records.
    pub store: Store,
    /// The only bucket whose events are handled.
    pub raw_bucket: String,
    /// The sizes to make.
    pub sizes: BTreeSet<u32>,
    /// What a picture may cost.
    pub limits: Limits,
}

/// Why an event could not be handled. Lambda comes again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A subscription that should not be.
    #[error("event of bucket {bucket:?} came to the function for bucket {expected:?}")]
    OtherBucket {
        /// The event's bucket.
        bucket: String,
        /// `RAW_BUCKET`.
        expected: String,
    },
    /// S3 failed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The record could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object kept changing until there was no time left.
    #[error("the object was replaced faster than thumbnails could be made")]
    Unsettled,
}

/// How an event ended, for the log.
#[derive(Debug, Default)]
struct Done {
    outcome: &'static str,
    code: Option<String>,
    bytes_in: u64,
    bytes_out: u64,
    width: Option<u32>,
    height: Option<u32>,
    thumbnails: usize,
}

impl Done {
    fn with(outcome: &'static str) -> Self {
        Self {
            outcome,
            ..Self::default()
        }
    }
}

impl<O: Objects> Function<O> {
    /// Handles every record of an SNS event, one after the other, and logs one line for each.
    ///
    /// # Errors
    /// Those records that failed, after all have been tried.
    pub async fn handle(&self, event: &SnsEvent, deadline: Instant) -> Result<(), Failures> {
        let mut batch = Batch::new(event);
        while let Some(event) = batch.next_event() {
            if let Err(error) = self.handle_one(&event, deadline).await {
                batch.failed(event, error);
            }
        }
        batch.end()
    }

    async fn handle_one(&self, event: &ObjectEvent, deadline: Instant) -> Result<(), Error> {
        let started = Instant::now();
        let result = self.process(event, deadline).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (bucket, key) = (&event.bucket, &event.key);
        match &result {
            Ok(done) => info!(
                outcome = done.outcome,
                bucket,
                key,
                code = done.code,
                bytes_in = done.bytes_in,
                bytes_out = done.bytes_out,
                width = done.width,
                height = done.height,
                thumbnails = done.thumbnails,
                elapsed_ms,
            ),
            Err(error) => {
                error!(
                    outcome = "error",
                    bucket,
                    key,
                    error = events::chain(error),
                    elapsed_ms
                );
            }
        }
        result.map(drop)
    }

    async fn process(&self, event: &ObjectEvent, deadline: Instant) -> Result<Done, Error> {
        if event.bucket != self.raw_bucket {
            let (bucket, expected) = (event.bucket.clone(), self.raw_bucket.clone());
            return Err(Error::OtherBucket { bucket, expected });
        }
        if event.key.len() > records::MAX_KEY_BYTES {
            return Ok(Done::with("skipped"));
        }
        match &event.change {
            Change::Created { e_tag, bytes } => self.created(event, e_tag, *bytes, deadline).await,
            Change::Removed { version: None } => self.removed(event, deadline).await,
            // One version of several was deleted for good. If that brought an older one to light, or was not the
            // current one, the picture is there.
            Change::Removed { version: Some(_) } => {
                match self.objects.describe(&event.key).await? {
                    None => self.removed(event, deadline).await,
                    Some(now) => {
                        let restored = ObjectEvent {
                            time: now.uploaded_at,
                            ..event.clone()
                        };
                        self.created(&restored, &now.e_tag, now.bytes, deadline)
                            .await
                    }
                }
            }
        }
    }

    async fn created(
        &self,
        event: &ObjectEvent,
        e_tag: &str,
        bytes: u64,
        deadline: Instant,
    ) -> Result<Done, Error> {
        let record = self.store.read(&event.key).await?;
        let sizes = record
            .as_ref()
            .map(|record| record.sizes.clone())
            .unwrap_or_default();
        if let Some(record) = record.filter(|record| record.seq >= event.sequencer) {
            if record.seq > event.sequencer {
                self.settle(&event.key, &sizes, deadline).await?;
                return Ok(Done::with("late"));
            }
            if record
                .picture()
                .is_none_or(|picture| !picture.thumbnails.is_pending())
            {
                self.verify(&event.key, Some(e_tag), &sizes, deadline)
                    .await?;
                return Ok(Done::with("duplicate"));
            }
        }

        let original = self
            .objects
            .original(&event.key, Some(e_tag), self.limits.bytes)
            .await?;
        let Some(rendering) = Rendering::of(original, &event.key, &self.sizes, &self.limits) else {
            // Its own event will tell the record. But an attempt of this one may have died after a put.
            self.settle(&event.key, &sizes, deadline).await?;
            return Ok(Done::with("superseded"));
        };
        let mut done = Done {
            outcome: if rendering.thumbnails.is_empty() {
                "failed"
            } else {
                "done"
            },
            bytes_in: rendering.bytes_in,
            bytes_out: rendering.bytes_out(),
            thumbnails: rendering.thumbnails.len(),
            ..Done::default()
        };
        match &rendering.part {
            records::Part::Done(made) => {
                (done.width, done.height) = (Some(made.width), Some(made.height));
            }
            records::Part::Failed { reason } => done.code = Some(reason.code.clone()),
            records::Part::Pending => {}
        }
        let part = rendering.part.clone();
        let cleared = self.store_thumbnails(&event.key, rendering, &sizes).await?;
        let write = Write::Thumbnails {
            bytes,
            part,
            cleared,
        };
        let written = self.store.write(event, &write, deadline).await?;
        match written.verdict {
            Verdict::Written => {}
            Verdict::Duplicate => done.outcome = "duplicate",
            Verdict::Late => done.outcome = "late",
        }
        self.verify(&event.key, Some(e_tag), &written.record.sizes, deadline)
            .await?;
        Ok(done)
    }

    async fn removed(&self, event: &ObjectEvent, deadline: Instant) -> Result<Done, Error> {
        // The record first: nobody is shown a thumbnail that is gone.
        let written = self.store.write(event, &Write::Removed, deadline).await?;
        self.settle(&event.key, &written.record.sizes, deadline)
            .await?;
        Ok(Done::with(match written.verdict {
            Verdict::Written => "removed",
            Verdict::Duplicate => "duplicate",
            Verdict::Late => "late",
        }))
    }

    /// Settles the thumbnails unless what is in the raw bucket is what they were made of.
    async fn verify(
        &self,
        key: &str,
        e_tag: Option<&str>,
        sizes: &BTreeSet<u32>,
        deadline: Instant,
    ) -> Result<(), Error> {
        let now = self.objects.describe(key).await?;
        if now.as_ref().map(|now| now.e_tag.as_str()) == e_tag {
            return Ok(());
        }
        self.settle(key, sizes, deadline).await
    }

    /// Makes the thumbnails of what is in the raw bucket now, or deletes them, until it stands still.
    async fn settle(
        &self,
        key: &str,
        sizes: &BTreeSet<u32>,
        deadline: Instant,
    ) -> Result<(), Error> {
        while Instant::now() < deadline {
            let original = self.objects.original(key, None, self.limits.bytes).await?;
            let rendering = Rendering::of(original, key, &self.sizes, &self.limits);
            let rendering = rendering.unwrap_or_else(Rendering::nothing);
            let e_tag = rendering.e_tag.clone();
            self.store_thumbnails(key, rendering, sizes).await?;
            let now = self.objects.describe(key).await?;
            if now.map(|now| now.e_tag) == e_tag {
                return Ok(());
            }
        }
        Err(Error::Unsettled)
    }

    /// Puts thumbnails, and deletes those of all other sizes: configured ones and `old` ones. Returns the sizes that
    /// were deleted.
    async fn store_thumbnails(
        &self,
        key: &str,
        rendering: Rendering,
        old: &BTreeSet<u32>,
    ) -> Result<BTreeSet<u32>, ObjectError> {
        let mut others: BTreeSet<u32> = self.sizes.union(old).copied().collect();
        for thumbnail in rendering.thumbnails {
            others.remove(&thumbnail.size);
            self.objects.put(key, thumbnail).await?;
        }
        for size in &others {
            self.objects.delete(key, *size).await?;
        }
        Ok(others)
    }
}
