//! From an event to labels in the record and the index.
//!
//! Everything is read under the entity tag that the event names, so that labels are those of the upload that the
//! event tells of; an upload that was replaced or deleted meanwhile has an event of its own coming. Rekognition
//! costs most of all here, so it is asked only once the record says that nobody asked before.

use std::time::Instant;

use events::{Batch, Change, Failures, ObjectEvent, SnsEvent};
use invocation::{Invocation, Outcome, Report};
use records::{Analysis, Part, Store, StoreError, Verdict, Write};
use thumbnail::{Format, Header, Limits};

use crate::{Answer, Found, ObjectError, Objects, Recogniser, RecogniserError, Refusal, labels};

/// What Rekognition takes: <https://docs.aws.amazon.com/rekognition/latest/dg/limits.html>. Pixels a side.
const SIDES: std::ops::RangeInclusive<u32> = 80..=10_000;
/// Bytes of an object that Rekognition reads itself. Should the limit be meant in powers of ten, what lies between
/// is refused and sent as bytes.
const OBJECT_BYTES: u64 = 15 * 1024 * 1024;
/// Bytes that are sent along.
const SENT_BYTES: usize = 5_000_000;
/// Pixels a side of a picture that is sent: more show no more labels, and cost time to encode and send.
const SENT_SIDE: u32 = 4096;
/// Bytes that are read to learn what a picture is: nearly always enough, then nearly always for one with much
/// metadata, then all.
const PREFIXES: [u64; 3] = [64 * 1024, 1024 * 1024, u64::MAX];

/// Stages of an event, by the names of their metrics.
const READ: &str = "ReadTime";
const PREPARE: &str = "PrepareTime";
const RECOGNISE: &str = "RecogniseTime";
const RECORD: &str = "RecordTime";
const VERIFY: &str = "VerifyTime";

/// The function, with what it was given at init.
#[derive(Clone, Debug)]
pub struct Function<O, R> {
    /// The raw bucket.
    pub objects: O,
    /// Who looks at pictures.
    pub recogniser: R,
    /// The records and the label index.
    pub store: Store,
    /// The only bucket whose events are handled.
    pub raw_bucket: String,
    /// How many labels a picture gets, at most [`records::MAX_LABELS`].
    pub max_labels: usize,
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
    /// Rekognition failed.
    #[error(transparent)]
    Recogniser(#[from] RecogniserError),
    /// The object is there, and Rekognition says that it is not.
    #[error("the recogniser finds no object, or may not read it")]
    Unseen,
    /// Rekognition finds fault with the request that carries our own JPEG.
    #[error("the recogniser does not take the request")]
    Parameter,
    /// The record could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the analysis of an upload came to.
enum Analysed {
    Part(Part<Analysis>),
    /// The object was replaced or deleted meanwhile; its own event will come.
    Superseded,
}

impl<O: Objects, R: Recogniser> Function<O, R> {
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
        if let Some(record) = record {
            if record.seq > event.sequencer {
                return Ok(Outcome::Late);
            }
            let analysed = record
                .picture()
                .is_none_or(|picture| !picture.analysis.is_pending());
            if record.seq == event.sequencer && analysed {
                return Ok(Outcome::Duplicate);
            }
        }
        let part = match self.analyse(&event.key, e_tag, bytes, report).await? {
            Analysed::Part(part) => part,
            Analysed::Superseded => return Ok(Outcome::Superseded),
        };
        let outcome = match &part {
            Part::Failed { reason } => Outcome::Failed(reason.code.clone()),
            Part::Done(analysis) => {
                report.note("labels", analysis.labels.len());
                Outcome::Done
            }
            Part::Pending => Outcome::Superseded,
        };
        let write = Write::Analysis { bytes, part };
        let written = self.store.write(event, &write, deadline).await?;
        report.stage(RECORD);
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
        let written = self
            .store
            .write(event, &Write::RemovedFromIndex, deadline)
            .await?;
        report.stage(RECORD);
        Ok(match written.verdict {
            Verdict::Written => Outcome::Removed,
            Verdict::Duplicate => Outcome::Duplicate,
            Verdict::Late => Outcome::Late,
        })
    }

    /// Finds out what the picture is, and asks Rekognition in the cheapest way that it takes.
    async fn analyse(
        &self,
        key: &str,
        e_tag: &str,
        size: u64,
        report: &mut Report<'_>,
    ) -> Result<Analysed, Error> {
        let mut header = None;
        let mut all = None;
        let mut total = size;
        for first in PREFIXES {
            let first = Some(first).filter(|first| *first < size);
            let Found::Here {
                bytes,
                total: whole,
            } = self.objects.read(key, e_tag, first).await?
            else {
                return Ok(Analysed::Superseded);
            };
            report.stage(READ);
            total = whole;
            report.bytes_in += bytes.len() as u64;
            let read = self.limits.check_bytes(total);
            header = match read.and_then(|()| thumbnail::header(&bytes, &self.limits)) {
                Ok(header) => header,
                Err(error) => return Ok(failed(&error)),
            };
            if bytes.len() as u64 >= total {
                all = Some(bytes);
            }
            if header.is_some() || all.is_some() {
                break;
            }
        }
        if let Some(header) = &header {
            let (width, height) = header.upright_size();
            report.note("width", width);
            report.note("height", height);
            if width.min(height) < *SIDES.start() {
                return Ok(too_small(width, height));
            }
            if takes_object(header, total) {
                let answer = self
                    .recogniser
                    .look_at_object(&self.raw_bucket, key)
                    .await?;
                report.stage(RECOGNISE);
                let now = self.objects.describe(key).await?;
                report.stage(VERIFY);
                if now.is_none_or(|now| now.e_tag != e_tag) {
                    return Ok(Analysed::Superseded);
                }
                match answer {
                    Answer::Labels(detected) => return Ok(self.seen(detected)),
                    Answer::NoObject => return Err(Error::Unseen),
                    // Then it is sent, in the plainest form there is.
                    Answer::Refused(_) => {}
                }
            }
        }
        let all = match all {
            Some(all) => all,
            None => match self.objects.read(key, e_tag, None).await? {
                Found::Here { bytes, .. } => {
                    report.stage(READ);
                    report.bytes_in += bytes.len() as u64;
                    bytes
                }
                Found::Changed | Found::Gone => return Ok(Analysed::Superseded),
            },
        };
        self.send(&all, header.as_ref(), report).await
    }

    /// Makes an upright JPEG within Rekognition's limits and has that looked at.
    async fn send(
        &self,
        picture: &[u8],
        header: Option<&Header>,
        report: &mut Report<'_>,
    ) -> Result<Analysed, Error> {
        let made = thumbnail::jpeg_within(picture, sent_side(header), SENT_BYTES, &self.limits);
        report.stage(PREPARE);
        let jpeg = match made {
            Ok(jpeg) => jpeg,
            Err(error) => return Ok(failed(&error)),
        };
        if let Ok(Some(small)) = thumbnail::header(&jpeg, &self.limits)
            && small.width.min(small.height) < *SIDES.start()
        {
            return Ok(too_small(small.width, small.height));
        }
        report.bytes_out = jpeg.len() as u64;
        let answer = self.recogniser.look_at(jpeg).await?;
        report.stage(RECOGNISE);
        match answer {
            Answer::Labels(detected) => Ok(self.seen(detected)),
            Answer::NoObject => Err(Error::Unseen),
            Answer::Refused(Refusal::Parameter) => Err(Error::Parameter),
            Answer::Refused(Refusal::Format) => Ok(Analysed::Part(Part::failed(
                "UnsupportedFormat",
                "the recogniser cannot read the picture",
            ))),
            Answer::Refused(Refusal::TooLarge) => Ok(Analysed::Part(Part::failed(
                "ImageTooLarge",
                "the picture is too large for the recogniser",
            ))),
        }
    }

    fn seen(&self, detected: Vec<aws_sdk_rekognition::types::Label>) -> Analysed {
        Analysed::Part(Part::Done(Analysis {
            labels: labels(detected, self.max_labels),
        }))
    }
}

/// Whether Rekognition can read the object itself.
fn takes_object(header: &Header, bytes: u64) -> bool {
    matches!(header.format, Format::Jpeg | Format::Png)
        && bytes <= OBJECT_BYTES
        && header.width.max(header.height) <= *SIDES.end()
}

/// How large a side to send: a strip would become too narrow at the usual size.
fn sent_side(header: Option<&Header>) -> u32 {
    let narrow = header.is_some_and(|header| {
        let (short, long) = (
            header.width.min(header.height),
            header.width.max(header.height),
        );
        u64::from(short) * u64::from(SENT_SIDE) < u64::from(long) * u64::from(*SIDES.start())
    });
    if narrow { *SIDES.end() } else { SENT_SIDE }
}

fn failed(error: &thumbnail::Error) -> Analysed {
    Analysed::Part(Part::failed(error.code(), error.to_string()))
}

fn too_small(width: u32, height: u32) -> Analysed {
    let message = format!(
        "the picture is {width} x {height} pixels when it is looked at, and {} a side are needed",
        SIDES.start()
    );
    Analysed::Part(Part::failed("ImageTooSmall", message))
}
