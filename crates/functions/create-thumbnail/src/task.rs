//! From an upload to thumbnails and a record.
//!
//! Several invocations may handle one key at the same time, because events arrive late, twice and in any order. Records
//! are safe by themselves: see [`records`]. Thumbnails are safe by one rule: **after an invocation has written to the
//! thumbnail bucket, it reads the original's entity tag; if that is not the tag of the object that it rendered, it renders
//! again, until it is.** So the last invocation that writes a thumbnail finds, after its write, the same object that it
//! rendered; if that object changes later, the event of that change is handled later. An attempt that was killed before
//! this check is completed by its retry: late events, and events whose object has been replaced, check the thumbnails,
//! too, although they write no record.

use std::collections::BTreeSet;
use std::time::Instant;

use events::ObjectEvent;
use futures::future::try_join_all;
use records::{Part, Reason, Store, StoreError, Write};
use runtime::{Context, ObjectError, Original, Originals, Outcome, Portion, Task, Upload, timed};
use thumbnail::Limits;

use crate::Thumbnails;
use crate::rendering::Rendering;

/// Stages of an event, by the names of their metrics.
const READ: &str = "ReadTime";
const RENDER: &str = "RenderTime";
const STORE: &str = "StoreTime";
const RECORD: &str = "RecordTime";
const VERIFY: &str = "VerifyTime";

/// The function's work on one object.
#[derive(Clone, Debug)]
pub struct CreateThumbnail<O, T> {
    /// The raw bucket.
    pub originals: O,
    /// The thumbnail bucket.
    pub thumbnails: T,
    /// The records.
    pub store: Store,
    /// The sizes to make.
    pub sizes: BTreeSet<u32>,
    /// What an image may cost.
    pub limits: Limits,
}

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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

impl<O: Originals + Sync, T: Thumbnails + Sync> Task for CreateThumbnail<O, T> {
    type Error = Error;

    fn originals(&self) -> &(impl Originals + Sync) {
        &self.originals
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn failure(&self, bytes: u64, reason: Reason) -> Write {
        Write::Thumbnails {
            bytes,
            part: Part::Failed { reason },
            deleted: BTreeSet::new(),
        }
    }

    fn removal(&self) -> Write {
        Write::Removed
    }

    async fn created(&self, upload: &Upload, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let (event, deadline, report) = (&upload.event, context.deadline, &mut context.report);
        let ((record, reading_record), (original, reading)) = tokio::join!(
            timed(self.store.read(&event.key)),
            timed(
                self.originals
                    .get(&event.key, Some(&upload.e_tag), self.portion())
            ),
        );
        report.add(RECORD, reading_record);
        report.add(READ, reading);
        let (record, original) = (record?, original?);
        let sizes = record
            .as_ref()
            .map(|record| record.sizes.clone())
            .unwrap_or_default();
        if let Some(record) = record
            .as_ref()
            .filter(|record| record.seq >= event.sequencer)
        {
            if record.seq > event.sequencer {
                self.settle(&event.key, &sizes, original.current(), deadline)
                    .await?;
                report.stage(VERIFY);
                return Ok(Outcome::Late);
            }
            let done = record
                .image()
                .is_none_or(|image| !image.thumbnails.is_pending() && !event.reprocess);
            if done {
                self.verify(&event.key, &upload.e_tag, &sizes, deadline)
                    .await?;
                report.stage(VERIFY);
                return Ok(Outcome::Duplicate);
            }
        }

        if !matches!(original, Original::Found { .. }) {
            // The event of the current object writes the record. But an earlier attempt of this event may have been
            // killed after it put a thumbnail.
            self.settle(&event.key, &sizes, original.current(), deadline)
                .await?;
            report.stage(VERIFY);
            return Ok(Outcome::Superseded);
        }
        let rendering = Rendering::of(original, &event.key, &self.sizes, &self.limits);
        report.stage(RENDER);
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
        let deleted = self.store_thumbnails(&event.key, rendering, &sizes).await?;
        report.stage(STORE);
        let write = Write::Thumbnails {
            bytes: upload.bytes,
            part,
            deleted,
        };
        // Both follow the last call to the thumbnail bucket; neither depends on the other.
        let ((written, writing), (current, verifying)) = tokio::join!(
            timed(self.store.replace_read(record, event, &write, deadline)),
            timed(self.originals.describe(&event.key)),
        );
        report.add(RECORD, writing);
        report.add(VERIFY, verifying);
        let (written, current) = (written?, current?);
        if current.is_none_or(|current| current.e_tag != upload.e_tag) {
            self.settle(&event.key, &written.record.sizes, None, deadline)
                .await?;
            report.stage(VERIFY);
        }
        Ok(outcome.if_written(written.verdict))
    }

    async fn removed(
        &self,
        event: &ObjectEvent,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Error> {
        let (deadline, report) = (context.deadline, &mut context.report);
        let record = self.store.read(&event.key).await?;
        let write = self.removal();
        // Write the record before the thumbnails are deleted: it must not name thumbnails that no longer exist.
        let (written, original) = tokio::join!(
            self.store.replace_read(record, event, &write, deadline),
            self.originals.get(&event.key, None, self.portion()),
        );
        let (written, original) = (written?, original?);
        report.stage(RECORD);
        let sizes = &written.record.sizes;
        self.settle(&event.key, sizes, Some(original), deadline)
            .await?;
        report.stage(VERIFY);
        Ok(Outcome::Removed.if_written(written.verdict))
    }
}

impl<O: Originals, T: Thumbnails> CreateThumbnail<O, T> {
    fn portion(&self) -> Portion {
        Portion::AllUpTo(self.limits.bytes)
    }

    /// Checks that the current object is the one that the thumbnails were made of, and settles them if it is not.
    async fn verify(
        &self,
        key: &str,
        e_tag: &str,
        sizes: &BTreeSet<u32>,
        deadline: Instant,
    ) -> Result<(), Error> {
        match self.originals.describe(key).await? {
            Some(current) if current.e_tag == e_tag => Ok(()),
            _ => self.settle(key, sizes, None, deadline).await,
        }
    }

    /// Makes the thumbnails of the current object, or deletes them if there is none, until the object has not changed
    /// meanwhile. Begins with `original`, if it has been read.
    async fn settle(
        &self,
        key: &str,
        sizes: &BTreeSet<u32>,
        mut original: Option<Original>,
        deadline: Instant,
    ) -> Result<(), Error> {
        while Instant::now() < deadline {
            let current = match original.take() {
                Some(original) => original,
                None => self.originals.get(key, None, self.portion()).await?,
            };
            let rendering = Rendering::of(current, key, &self.sizes, &self.limits);
            let e_tag = rendering.e_tag.clone();
            self.store_thumbnails(key, rendering, sizes).await?;
            let current = self.originals.describe(key).await?;
            if current.map(|current| current.e_tag) == e_tag {
                return Ok(());
            }
        }
        Err(Error::Unsettled)
    }

    /// Puts thumbnails and at the same time deletes those of all other sizes: configured ones and `old` ones. Returns the
    /// sizes that were deleted.
    async fn store_thumbnails(
        &self,
        key: &str,
        rendering: Rendering,
        old: &BTreeSet<u32>,
    ) -> Result<BTreeSet<u32>, ObjectError> {
        let mut others: BTreeSet<u32> = self.sizes.union(old).copied().collect();
        for thumbnail in &rendering.thumbnails {
            others.remove(&thumbnail.size);
        }
        let puts = rendering
            .thumbnails
            .into_iter()
            .map(|thumbnail| self.thumbnails.put(key, thumbnail));
        let deletes = others.iter().map(|size| self.thumbnails.delete(key, *size));
        tokio::try_join!(try_join_all(puts), try_join_all(deletes))?;
        Ok(others)
    }
}
