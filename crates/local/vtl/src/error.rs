//! Errors, and the limits on what a template may do.

/// The limit on nodes that one rendering evaluates, plus one for every 256 bytes of text that it processes.
pub const MAX_WORK: u64 = 4_000_000;
/// Bytes of text that cost as much as one evaluation.
const BYTES_PER_STEP: usize = 256;
/// The limit on bytes of the output, or of any string that the template builds.
pub const MAX_TEXT_BYTES: usize = 32 << 20;
/// The limit on nesting of blocks, expressions and values.
pub const MAX_DEPTH: usize = 64;
/// The limit on iterations of one `#foreach`; further elements are skipped.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
pub const MAX_ITERATIONS: usize = 1_000;

/// Why a template cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// Line in the template, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

/// A rendering to which API Gateway would respond with 500, or that exceeds a limit of this engine.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template did more than [`MAX_WORK`].
    #[error("the template does more than {MAX_WORK} steps")]
    TooMuchWork,
    /// A string is longer than [`MAX_TEXT_BYTES`].
    #[error("a string is longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// Values or blocks are nested deeper than [`MAX_DEPTH`].
    #[error("values or blocks are nested too deeply")]
    TooDeep,
    /// An integer exceeds 128 bits.
    #[error("integer overflow")]
    Overflow,
    /// `$list[n]` or `$list.get(n)` without an element n.
    #[error("index {index} out of bounds for length {length}")]
    OutOfBounds {
        /// The index.
        index: i128,
        /// The number of elements.
        length: usize,
    },
    /// A list or map whose length changed during a `#foreach` over it.
    #[error("a list or map changes its length during a #foreach over it")]
    ChangedInLoop,
    /// A method that throws in Java.
    #[error("{method}: {problem}")]
    Method {
        /// The method's name.
        method: &'static str,
        /// Why it throws.
        problem: String,
    },
    /// A method that Java has and this engine doesn't implement.
    #[error("{class}.{method} is not supported")]
    NotSupported {
        /// The class or interface.
        class: &'static str,
        /// The method's name.
        method: String,
    },
    /// `$util.parseJson` of something else.
    #[error("$util.parseJson: the text is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A `JSONPath` that can't be read.
    #[error("JSONPath {path:?}: {problem}")]
    JsonPath {
        /// The path as written.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Counts the work of a rendering and stops it at the limits.
#[derive(Debug)]
pub(crate) struct Meter {
    work: u64,
    depth: usize,
}

impl Meter {
    /// The limit on blocks, expressions and values that are open at the same time while rendering: a template's own depth,
    /// and that of a few nested `#define`s.
    const MAX_OPEN: usize = 4 * MAX_DEPTH;

    pub(crate) fn new() -> Self {
        Self { work: 0, depth: 0 }
    }

    /// Charges for `steps` evaluations.
    pub(crate) fn work(&mut self, steps: usize) -> Result<(), RenderError> {
        self.work = self.work.saturating_add(steps as u64);
        if self.work > MAX_WORK {
            return Err(RenderError::TooMuchWork);
        }
        Ok(())
    }

    /// Charges for a string that has been built, and refuses one that is too long.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), RenderError> {
        if bytes > MAX_TEXT_BYTES {
            return Err(RenderError::TooLong);
        }
        self.work(bytes / BYTES_PER_STEP)
    }

    pub(crate) fn enter(&mut self) -> Result<(), RenderError> {
        self.depth += 1;
        if self.depth > Self::MAX_OPEN {
            return Err(RenderError::TooDeep);
        }
        self.work(1)
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}
