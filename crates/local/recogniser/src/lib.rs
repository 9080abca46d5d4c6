//! What is in a picture: two small networks and their vocabularies, answering as Rekognition's `DetectLabels`.
//!
//! [`Recogniser::labels`] really looks: a classifier (`EfficientNet-Lite0`, 1,000 classes) says what the picture is
//! of, a detector (`SSDLite`, 80 classes) says what is where in it, and `fuse` joins the two in one
//! vocabulary. [`detect_labels`] is the operation as AWS documents it, without HTTP. Origin, licences and limits of the networks are in `models/README.md`.

mod classifier;
pub mod detect_labels;
mod detector;
mod fuse;
mod pixels;
mod reconcile;
mod vocabulary;

use std::sync::Arc;

use rten::{LoadError, ModelOptions, OpRegistry, RunError, RunOptions, ThreadPool, op_registry};

pub use fuse::{BoundingBox, Instance, Label};
pub use pixels::Pixels;

/// Why there is no answer. Neither case is the fault of a picture that was decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A network that is part of this program could not be read.
    #[error("the {network} network cannot be read")]
    Load {
        /// Which of the two.
        network: &'static str,
        /// What the runtime said.
        source: LoadError,
    },
    /// A row of a vocabulary that is part of this program is not one.
    #[error("line {line} of the {vocabulary} vocabulary cannot be read")]
    Vocabulary {
        /// Which of the two.
        vocabulary: &'static str,
        /// Counted from 1.
        line: usize,
    },
    /// A network did not run to its end.
    #[error("the {network} network did not run")]
    Run {
        /// Which of the two.
        network: &'static str,
        /// What the runtime said.
        source: RunError,
    },
    /// A network answered in a shape that it does not have.
    #[error("the {network} network answered in an unexpected shape")]
    Shape {
        /// Which of the two.
        network: &'static str,
    },
    /// `rgb` is not three bytes for each pixel, or the picture has no pixels.
    #[error("{bytes} bytes are not a picture of {width} x {height} pixels")]
    Pixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes given.
        bytes: usize,
    },
}

/// Two networks, loaded. Holds about 40 MB; cheap to share behind a reference or an `Arc`.
///
/// A call works on one core for about a quarter of a second and takes about 20 MB while it lasts, so callers bound how many
/// run at once: one at a time is what the figures in the crate's tests assume.
pub struct Recogniser {
    classifier: classifier::Classifier,
    detector: detector::Detector,
    vocabulary: vocabulary::Vocabulary,
}

impl Recogniser {
    /// Reads the networks and vocabularies that are part of this program: about 30 ms.
    ///
    /// # Errors
    /// [`Error::Load`], [`Error::Vocabulary`]: this program was built wrong.
    pub fn load() -> Result<Self, Error> {
        let vocabulary = vocabulary::Vocabulary::load()?;
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        Ok(Self {
            classifier: classifier::Classifier::load(Arc::clone(&threads))?,
            detector: detector::Detector::load(threads)?,
            vocabulary,
        })
    }

    /// What is in an upright picture, most confident first; no label below 1 percent.
    ///
    /// Best given at least 320 pixels a side, and no more than twice that: the networks see 224 x 224 and 300 x 300.
    ///
    /// # Errors
    /// [`Error::Pixels`] if the bytes do not fit the size; [`Error::Run`], [`Error::Shape`] if a network fails.
    pub fn labels(&self, pixels: &Pixels<'_>) -> Result<Vec<Label>, Error> {
        pixels.check()?;
        let probabilities = self.classifier.classify(pixels)?;
        let detections = self.detector.detect(pixels)?;
        Ok(fuse::fuse(&self.vocabulary, &probabilities, &detections))
    }
}

/// Reads a network, with the operators that the two use and no more: a fifth of the code that all would take.
fn network(name: &'static str, bytes: &'static [u8]) -> Result<rten::Model, Error> {
    let operators: OpRegistry = op_registry!(
        Add,
        Cast,
        Clip,
        Concat,
        Conv,
        Exp,
        Gemm,
        GlobalAveragePool,
        Mul,
        Reshape,
        Sigmoid,
        Split,
        Squeeze,
        Sub,
        Sum,
        Transpose,
        Unsqueeze
    );
    ModelOptions::with_ops(operators)
        .load_static_slice(bytes)
        .map_err(|source| Error::Load {
            network: name,
            source,
        })
}

/// One thread does all the work, so that looking at a picture never takes more than one core of a small machine.
fn options(threads: &Arc<ThreadPool>) -> RunOptions {
    RunOptions::default().with_thread_pool(Some(Arc::clone(threads)))
}
