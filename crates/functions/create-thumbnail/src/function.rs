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
use invocation::{Invocation, Outcome, Report};
use records::{Part, Store, StoreError, Verdict, Write};
use thumbnail::Limits;

use crate::rendering::Rendering;
use crate::{ObjectError, Objects};

/// Stages of an event, by the names of their metrics.
const READ: &str = "ReadTime";
const RENDER: &str = "RenderTime";
const STORE: &str = "StoreTime";
const RECORD: &str = "RecordTime";
const VERIFY: &str = "VerifyTime";

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

impl<O: Objects> Function<O> {
    /// Handles every record of an SNS event, one after the other, and tells one line of each.
    ///
    /// # Errors
    /// Those records that failed, after all have been tried.
    pub async fn handle(&self, event: &SnsEvent, invocation: &Invocation) -> Result<(), Failures> {
        let mut batch = Batch::new(event);
        while let Some(event) = batch.next_event() {
            let mut report = invocation.report(&event);
            let result = self.process(&event, invocation.deadline, &mut report).await;
            report.end(&result);
            if let Err(error) = result {
                batch.failed(event, error);
            }
        }
        batch.end()
    }

    async fn process(
        &self,
        event: &ObjectEvent,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Outcome, Error> {
        if event.bucket != self.raw_bucket {
            let (bucket, expected) = (event.bucket.clone(), self.raw_bucket.clone());
            return Err(Error::OtherBucket { bucket, expected });
        }
        if event.key.len() > records::MAX_KEY_BYTES {
            return Ok(Outcome::Skipped);
        }
        match &event.change {
            Change::Created { e_tag, bytes } => {
                self.created(event, e_tag, *bytes, deadline, report).await
            }
            Change::Removed { version: None } => self.removed(event, deadline, report).await,
            // One version of several was deleted for good. If that brought an older one to light, or was not the
            // current one, the picture is there.
            Change::Removed { version: Some(_) } => {
                match self.objects.describe(&event.key).await? {
                    None => self.removed(event, deadline, report).await,
                    Some(now) => {
                        let restored = ObjectEvent {
                            time: now.uploaded_at,
                            ..event.clone()
                        };
                        self.created(&restored, &now.e_tag, now.bytes, deadline, report)
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
        report: &mut Report<'_>,
    ) -> Result<Outcome, Error> {
        let record = self.store.read(&event.key).await?;
        report.stage(RECORD);
        let sizes = record
            .as_ref()
            .map(|record| record.sizes.clone())
            .unwrap_or_default();
        if let Some(record) = record.filter(|record| record.seq >= event.sequencer) {
            if record.seq > event.sequencer {
                self.settle(&event.key, &sizes, deadline).await?;
                report.stage(VERIFY);
                return Ok(Outcome::Late);
            }
            if record
                .picture()
                .is_none_or(|picture| !picture.thumbnails.is_pending())
            {
                self.verify(&event.key, Some(e_tag), &sizes, deadline)
                    .await?;
                report.stage(VERIFY);
                return Ok(Outcome::Duplicate);
            }
        }

        let original = self
            .objects
            .original(&event.key, Some(e_tag), self.limits.bytes)
            .await?;
        report.stage(READ);
        let rendering = Rendering::of(original, &event.key, &self.sizes, &self.limits);
        report.stage(RENDER);
        let Some(rendering) = rendering else {
            // Its own event will tell the record. But an attempt of this one may have died after a put.
            self.settle(&event.key, &sizes, deadline).await?;
            report.stage(VERIFY);
            return Ok(Outcome::Superseded);
        };
        report.bytes_in = rendering.bytes_in;
        report.bytes_out = rendering.bytes_out();
        report.note("thumbnails", rendering.thumbnails.len());
        let outcome = match &rendering.part {
            Part::Failed { reason } => Outcome::Failed(reason.code.clone()),
            Part::Done(made) => {
                report.note("width", made.width);
                report.note("height", made.height);
                Outcome::Done
            }
            Part::Pending => Outcome::Superseded,
        };
        let part = rendering.part.clone();
        let cleared = self.store_thumbnails(&event.key, rendering, &sizes).await?;
        report.stage(STORE);
        let write = Write::Thumbnails {
            bytes,
            part,
            cleared,
        };
        let written = self.store.write(event, &write, deadline).await?;
        report.stage(RECORD);
        self.verify(&event.key, Some(e_tag), &written.record.sizes, deadline)
            .await?;
        report.stage(VERIFY);
        Ok(match written.verdict {
            Verdict::Written => outcome,
            Verdict::Duplicate => Outcome::Duplicate,
            Verdict::Late => Outcome::Late,
        })
    }

    async fn removed(
        &self,
        event: &ObjectEvent,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Outcome, Error> {
        // The record first: nobody is shown a thumbnail that is gone.
        let written = self.store.write(event, &Write::Removed, deadline).await?;
        report.stage(RECORD);
        self.settle(&event.key, &written.record.sizes, deadline)
            .await?;
        report.stage(VERIFY);
        Ok(match written.verdict {
            Verdict::Written => Outcome::Removed,
            Verdict::Duplicate => Outcome::Duplicate,
            Verdict::Late => Outcome::Late,
        })
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
