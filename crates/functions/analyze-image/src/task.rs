//! From an upload to labels in the record and the index.
//!
//! Everything is read on the condition of the event's entity tag, so that the labels are those of the upload that the
//! event means; if the upload was replaced or deleted meanwhile, another event reports that. Rekognition is by far the
//! most expensive call here, so it comes after everything that can make it unnecessary.

use std::ops::RangeInclusive;
use std::time::Instant;

use aws_sdk_rekognition::types;
use chrono::Utc;
use events::{ObjectEvent, chain};
use records::{
    Analysis, Content, ContentError, Contents, Part, Pointer, Reason, Record, Store, StoreError,
    Write,
};
use runtime::{
    Context, ObjectError, Original, Originals, Outcome, Portion, Report, Task, Upload, timed,
};
use thumbnail::{Format, Header, Limits};
use tracing::warn;

use crate::{DetectLabels, Detection, Refusal, RekognitionError, labels};

/// Pixels a side that Rekognition accepts: <https://docs.aws.amazon.com/rekognition/latest/dg/limits.html>.
const SIDES: RangeInclusive<u32> = 80..=10_000;
/// Bytes of an object that Rekognition accepts. Should the limit be 15,000,000, an object between the two is refused and
/// then sent as bytes.
const MAX_OBJECT_BYTES: u64 = 15 * 1024 * 1024;
/// Bytes of an image in the request.
const MAX_SENT_BYTES: usize = 5_000_000;
/// Pixels a side of an image in the request: a larger one yields no more labels, and takes longer to encode and send.
const MAX_SENT_SIDE: u32 = 4096;
/// Bytes to read for the header: the first number is nearly always enough, the second for nearly all images with much
/// metadata.
const PREFIXES: [u64; 2] = [64 * 1024, 1024 * 1024];

/// Stages of an event, by the names of their metrics.
const READ: &str = "ReadTime";
const PREPARE: &str = "PrepareTime";
const RECOGNISE: &str = "RecogniseTime";
const RECORD: &str = "RecordTime";
const VERIFY: &str = "VerifyTime";

/// The function's work on one object.
#[derive(Clone, Debug)]
pub struct AnalyzeImage<O, R> {
    /// The raw bucket.
    pub originals: O,
    /// Rekognition.
    pub rekognition: R,
    /// The records and the label index.
    pub store: Store,
    /// Which image had the same content before.
    pub contents: Contents,
    /// How many labels an image gets, at most [`records::MAX_LABELS`].
    pub max_labels: usize,
    /// The confidence below which a label is left out, 0 to 100.
    pub min_confidence: f32,
    /// What an image may cost.
    pub limits: Limits,
}

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// S3 failed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Rekognition failed.
    #[error(transparent)]
    Rekognition(#[from] RekognitionError),
    /// The object exists, but Rekognition reports that it does not.
    #[error("Rekognition finds no object, or may not read it")]
    NoObject,
    /// Rekognition refuses a request that carries our own JPEG.
    #[error("Rekognition refuses the request as invalid")]
    Parameter,
    /// The record could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of analysing an upload.
enum Analysed {
    Part(Part<Analysis>),
    /// The object was replaced or deleted meanwhile; another event reports that.
    Superseded,
}

impl<O: Originals + Sync, R: DetectLabels + Sync> Task for AnalyzeImage<O, R> {
    type Error = Error;

    fn originals(&self) -> &(impl Originals + Sync) {
        &self.originals
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn failure(&self, bytes: u64, reason: Reason) -> Write {
        let part = Part::Failed { reason };
        Write::Analysis {
            bytes,
            content: None,
            part,
        }
    }

    fn removal(&self) -> Write {
        Write::RemovedFromIndex
    }

    async fn created(&self, upload: &Upload, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let (event, deadline, report) = (&upload.event, context.deadline, &mut context.report);
        let identity = Content::new(
            &upload.e_tag,
            upload.bytes,
            self.max_labels,
            self.min_confidence,
        );
        let first = prefix(0, upload);
        let ((record, record_time), (original, read_time), pointer) = tokio::join!(
            timed(self.store.read(&event.key)),
            timed(self.originals.get(&event.key, Some(&upload.e_tag), first)),
            self.find(identity.as_ref(), event),
        );
        report.add(RECORD, record_time);
        report.add(READ, read_time);
        let (mut record, original) = (record?, original?);
        if let Some(record) = &record {
            if record.seq > event.sequencer {
                return Ok(Outcome::Late);
            }
            let done = record
                .image()
                .is_none_or(|image| !image.analysis.is_pending());
            if record.seq == event.sequencer && done && !event.reprocess {
                return Ok(Outcome::Duplicate);
            }
        }
        let same = match (&identity, &pointer) {
            (Some(identity), Some(pointer)) if matches!(original, Original::Found { .. }) => {
                self.same_content(identity, pointer, record.as_ref()).await
            }
            _ => None,
        };
        let is_new = same.is_none();
        let analysed = match same {
            Some(analysis) => Analysed::Part(Part::Done(analysis)),
            None => {
                self.analyse(upload, original, &mut record, deadline, report)
                    .await?
            }
        };
        let part = match analysed {
            Analysed::Part(part) => part,
            Analysed::Superseded => return Ok(Outcome::Superseded),
        };
        let outcome = match &part {
            Part::Failed { reason } => Outcome::Failed(reason.code.clone()),
            Part::Done(analysis) => {
                report.note("labels", analysis.labels.len());
                if let Some(pointer) = pointer.filter(|_| !is_new) {
                    report.note("sameAs", pointer.key);
                }
                Outcome::Done
            }
            Part::Pending => Outcome::Superseded,
        };
        let to_point_from = identity.clone().filter(|_| is_new && part.done().is_some());
        let write = Write::Analysis {
            bytes: upload.bytes,
            content: identity.filter(|_| part.done().is_some()),
            part,
        };
        // The pointer is compared with the record before it is used: it does not matter which is written first.
        let (written, ()) = tokio::join!(
            self.store.replace_read(record, event, &write, deadline),
            self.point(to_point_from.as_ref(), event),
        );
        let written = written?;
        report.stage(RECORD);
        Ok(outcome.if_written(written.verdict))
    }

    async fn removed(
        &self,
        event: &ObjectEvent,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Error> {
        let write = self.removal();
        let written = self.store.write(event, &write, context.deadline).await?;
        context.report.stage(RECORD);
        Ok(Outcome::Removed.if_written(written.verdict))
    }
}

impl<O: Originals, R: DetectLabels> AnalyzeImage<O, R> {
    /// The image that had this content before. If the table can't be read, the image is simply analysed.
    async fn find(&self, content: Option<&Content>, event: &ObjectEvent) -> Option<Pointer> {
        let content = content.filter(|_| !event.reprocess)?;
        self.contents
            .find(content)
            .await
            .unwrap_or_else(|error| ignored(&error))
    }

    /// The analysis of an image with the same content, if it is still there.
    async fn same_content(
        &self,
        content: &Content,
        pointer: &Pointer,
        own: Option<&Record>,
    ) -> Option<Analysis> {
        if let Some(own) = own.filter(|own| own.key == pointer.key) {
            return pointer.analysis(content, own).cloned();
        }
        let record = self
            .store
            .read_eventually(&pointer.key)
            .await
            .unwrap_or_else(|error| {
                warn!(error = chain(&error));
                None
            });
        pointer.analysis(content, record.as_ref()?).cloned()
    }

    /// Points from this content to the image that has been analysed.
    async fn point(&self, content: Option<&Content>, event: &ObjectEvent) {
        let Some(content) = content else { return };
        let pointer = Pointer {
            key: event.key.clone(),
            seq: event.sequencer.clone(),
        };
        if let Err(error) = self.contents.put(content, &pointer, Utc::now()).await {
            ignored::<()>(&error);
        }
    }

    /// Reads the header, and has the labels detected in the cheapest way that Rekognition accepts for this image.
    /// `original` is the result of reading the first prefix. Detecting takes about a second, in which create-thumbnail
    /// nearly always writes the `record`: afterwards it is read again, because a write that is refused costs as much as one
    /// that is not.
    async fn analyse(
        &self,
        upload: &Upload,
        mut original: Original,
        record: &mut Option<Record>,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Analysed, Error> {
        let (bucket, key) = (&upload.event.bucket, &upload.event.key);
        let mut prefixes = 1;
        let (header, content, total) = loop {
            let Original::Found { content, bytes, .. } = original else {
                return Ok(Analysed::Superseded);
            };
            report.bytes_in += content.len() as u64;
            let checked = self.limits.check_bytes(bytes);
            let header = match checked.and_then(|()| thumbnail::header(&content, &self.limits)) {
                Ok(header) => header,
                Err(error) => return Ok(failed(&error)),
            };
            if header.is_some() || content.len() as u64 >= bytes {
                break (header, content, bytes);
            }
            original = self.read(upload, prefix(prefixes, upload), report).await?;
            prefixes += 1;
        };
        if let Some(header) = &header {
            let (width, height) = header.upright_size();
            report.note("width", width);
            report.note("height", height);
            if width.min(height) < *SIDES.start() {
                return Ok(too_small(width, height));
            }
            if accepts_object(header, total) {
                let detection = self.rekognition.of_object(bucket, key, deadline).await?;
                report.stage(RECOGNISE);
                // Rekognition read the current object. Check that it is still this one.
                let (current, read) =
                    tokio::join!(self.originals.describe(key), self.store.read(key));
                report.stage(VERIFY);
                let current = current?;
                *record = read?;
                if current.is_none_or(|current| current.e_tag != upload.e_tag) {
                    return Ok(Analysed::Superseded);
                }
                match detection {
                    Detection::Labels(detected) => return Ok(self.done(detected)),
                    Detection::NoObject => return Err(Error::NoObject),
                    // Send a baseline JPEG in the request instead.
                    Detection::Refused(_) => {}
                }
            }
        }
        let content = if content.len() as u64 >= total {
            content
        } else {
            match self.read(upload, Portion::All, report).await? {
                Original::Found { content, .. } => {
                    report.bytes_in += content.len() as u64;
                    content
                }
                Original::Changed | Original::Gone => return Ok(Analysed::Superseded),
            }
        };
        let analysed = self
            .analyse_jpeg(&content, header.as_ref(), deadline, report)
            .await?;
        if matches!(analysed, Analysed::Part(Part::Done(_))) {
            *record = self.store.read(key).await?;
            report.stage(RECORD);
        }
        Ok(analysed)
    }

    /// A portion of the upload.
    async fn read(
        &self,
        upload: &Upload,
        portion: Portion,
        report: &mut Report<'_>,
    ) -> Result<Original, ObjectError> {
        let original = self
            .originals
            .get(&upload.event.key, Some(&upload.e_tag), portion)
            .await;
        report.stage(READ);
        original
    }

    /// Makes an upright JPEG within Rekognition's limits and has its labels detected.
    async fn analyse_jpeg(
        &self,
        image: &[u8],
        header: Option<&Header>,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Analysed, Error> {
        let made = thumbnail::jpeg_within(image, sent_side(header), MAX_SENT_BYTES, &self.limits);
        report.stage(PREPARE);
        let jpeg = match made {
            Ok(jpeg) => jpeg,
            Err(error) => return Ok(failed(&error)),
        };
        if let Ok(Some(sent)) = thumbnail::header(&jpeg, &self.limits)
            && sent.width.min(sent.height) < *SIDES.start()
        {
            return Ok(too_small(sent.width, sent.height));
        }
        report.bytes_out = jpeg.len() as u64;
        let detection = self.rekognition.of_jpeg(jpeg, deadline).await?;
        report.stage(RECOGNISE);
        match detection {
            Detection::Labels(detected) => Ok(self.done(detected)),
            Detection::NoObject => Err(Error::NoObject),
            Detection::Refused(Refusal::Parameter) => Err(Error::Parameter),
            Detection::Refused(Refusal::Format) => Ok(Analysed::Part(Part::failed(
                "UnsupportedFormat",
                "Rekognition cannot read the image",
            ))),
            Detection::Refused(Refusal::TooLarge) => Ok(Analysed::Part(Part::failed(
                "ImageTooLarge",
                "the image is too large for Rekognition",
            ))),
        }
    }

    fn done(&self, detected: Vec<types::Label>) -> Analysed {
        Analysed::Part(Part::Done(Analysis {
            labels: labels(detected, self.max_labels),
        }))
    }
}

/// Logs an error of the content table, without which every image is analysed.
fn ignored<T: Default>(error: &ContentError) -> T {
    warn!(error = chain(error));
    T::default()
}

/// How much of an upload to read for its header in this attempt, the first being 0.
fn prefix(attempt: usize, upload: &Upload) -> Portion {
    match PREFIXES.get(attempt) {
        Some(&first) if first < upload.bytes => Portion::First(first),
        _ => Portion::All,
    }
}

/// Whether Rekognition accepts the object itself.
fn accepts_object(header: &Header, bytes: u64) -> bool {
    matches!(header.format, Format::Jpeg | Format::Png)
        && bytes <= MAX_OBJECT_BYTES
        && header.width.max(header.height) <= *SIDES.end()
}

/// The longer side of the JPEG to send: larger for a strip that would otherwise be too narrow.
fn sent_side(header: Option<&Header>) -> u32 {
    let narrow = header.is_some_and(|header| {
        let (short, long) = (
            header.width.min(header.height),
            header.width.max(header.height),
        );
        u64::from(short) * u64::from(MAX_SENT_SIDE) < u64::from(long) * u64::from(*SIDES.start())
    });
    if narrow { *SIDES.end() } else { MAX_SENT_SIDE }
}

fn failed(error: &thumbnail::Error) -> Analysed {
    Analysed::Part(Part::failed(error.code(), error.to_string()))
}

fn too_small(width: u32, height: u32) -> Analysed {
    let message = format!(
        "the image is {width} x {height} pixels when it is analysed; each side needs at least {}",
        SIDES.start()
    );
    Analysed::Part(Part::failed("ImageTooSmall", message))
}
