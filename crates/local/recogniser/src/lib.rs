//! Labels of images by two small networks, and Rekognition's `DetectLabels` on top of them.
//!
//! [`Recogniser::labels`] runs a classifier (`EfficientNet-Lite0`, 1,000 classes) over the whole image and a detector
//! (`SSDLite`, 80 classes) that finds objects in it, and combines both in one vocabulary. [`detect_labels`] is the
//! operation as AWS documents it, without HTTP. Origin, licences and limits of the networks are in
//! `models/README.md`.

mod bounding_box;
mod classifier;
pub mod detect_labels;
mod detector;
mod labels;
mod network;
mod pixels;
mod reconcile;
mod vocabulary;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

pub use bounding_box::BoundingBox;
pub use labels::{Instance, Label};
pub use pixels::Pixels;

/// Why there are no labels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An embedded network cannot be read.
    #[error("the {network} network cannot be read: {reason}")]
    Load {
        /// `classifier` or `detector`.
        network: &'static str,
        /// What is wrong with the file.
        reason: String,
    },
    /// A thread could not be started.
    #[error("no thread for the networks")]
    Thread(#[from] ThreadPoolBuildError),
    /// A row of an embedded vocabulary is malformed.
    #[error("line {line} of the {vocabulary} vocabulary cannot be read")]
    Vocabulary {
        /// `imagenet` or `coco`.
        vocabulary: &'static str,
        /// Counted from 1.
        line: usize,
    },
    /// A network and its input or output do not fit each other.
    #[error("the {network} network did not run")]
    Run {
        /// `classifier` or `detector`.
        network: &'static str,
    },
    /// `rgb` is not three bytes for each pixel, or there are no pixels.
    #[error("{bytes} bytes are not an image of {width} x {height} pixels")]
    Pixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// The length of `rgb`.
        bytes: usize,
    },
}

/// Two networks, loaded. Takes about 40 MB; share it behind a reference or an `Arc`.
///
/// A call keeps one core busy and takes about 10 MB while it runs, so callers limit the number of concurrent calls, best to
/// [`concurrency`].
pub struct Recogniser {
    classifier: classifier::Classifier,
    detector: detector::Detector,
    vocabulary: vocabulary::Vocabulary,
    threads: ThreadPools,
}

impl Recogniser {
    /// Reads the embedded networks and vocabularies, which takes about a tenth of a second.
    ///
    /// # Errors
    /// [`Error::Load`] or [`Error::Vocabulary`], if the build is broken; [`Error::Thread`].
    pub fn load() -> Result<Self, Error> {
        let vocabulary = vocabulary::Vocabulary::load()?;
        Ok(Self {
            classifier: classifier::Classifier::load()?,
            detector: detector::Detector::load()?,
            threads: ThreadPools::new()?,
            vocabulary,
        })
    }

    /// The labels of an upright image, most confident first; none below 1 percent.
    ///
    /// The shorter side is best between 320 and 640 pixels: the inputs of the networks are 224 x 224 and 300 x 300.
    ///
    /// # Errors
    /// [`Error::Pixels`] if the bytes do not fit the size; [`Error::Run`] if a network fails.
    pub fn labels(&self, pixels: &Pixels<'_>) -> Result<Vec<Label>, Error> {
        pixels.check()?;
        let (probabilities, detections) = self.threads.run(|| {
            let probabilities = self.classifier.classify(pixels)?;
            Ok::<_, Error>((probabilities, self.detector.detect(pixels)?))
        })?;
        Ok(labels::labels(
            &self.vocabulary,
            &probabilities,
            &detections,
        ))
    }
}

/// Pools of one thread each, one for every core. A run takes the next one, so that concurrent calls spread over the cores
/// and a single call keeps one core busy.
struct ThreadPools {
    pools: Vec<ThreadPool>,
    next: AtomicUsize,
}

impl ThreadPools {
    fn new() -> Result<Self, ThreadPoolBuildError> {
        Ok(Self {
            pools: (0..concurrency())
                .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
                .collect::<Result<_, _>>()?,
            next: AtomicUsize::new(0),
        })
    }

    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.pools.len();
        self.pools[next].install(work)
    }
}

/// How many calls of [`Recogniser::labels`] run at full speed at once: the number of cores.
#[must_use]
pub fn concurrency() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
