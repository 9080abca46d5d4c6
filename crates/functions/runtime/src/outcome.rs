//! How events end.

use records::Verdict;

/// How an event ended; none of these is retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The image was handled.
    Done,
    /// The image can't be handled; its record has this code.
    Failed(String),
    /// The object was deleted, and its results are deleted, too.
    Removed,
    /// The event had been handled before.
    Duplicate,
    /// A newer event had been handled before.
    Late,
    /// The object was replaced or deleted meanwhile; another event reports that.
    Superseded,
}

impl Outcome {
    /// `self` if the record was written; otherwise why it was not.
    #[must_use]
    pub fn if_written(self, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Written => self,
            Verdict::Duplicate => Self::Duplicate,
            Verdict::Late => Self::Late,
        }
    }

    /// The name in logs and metrics; the code of an image that can't be handled.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Done => "done",
            Self::Failed(code) => code,
            Self::Removed => "removed",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Superseded => "superseded",
        }
    }

    /// Whether an upload reached its final state.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_))
    }
}
