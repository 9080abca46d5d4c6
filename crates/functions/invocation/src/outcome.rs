//! How events end.

/// How an event ended that needs no other attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The picture was handled.
    Done,
    /// The picture can't be handled, and its record says so with this code.
    Failed(String),
    /// The picture was deleted, and so is what was made of it.
    Removed,
    /// The event had been handled before.
    Duplicate,
    /// A newer event had been handled before.
    Late,
    /// The picture was replaced or deleted meanwhile; that has an event of its own.
    Superseded,
    /// The key is longer than a record's.
    Skipped,
}

impl Outcome {
    /// One word for logs and metrics; of a picture that can't be handled it is the code.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Done => "done",
            Self::Failed(code) => code,
            Self::Removed => "removed",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
        }
    }

    /// Whether a picture was looked at for good.
    #[must_use]
    pub fn is_of_a_picture(&self) -> bool {
        matches!(self, Self::Done | Self::Failed(_))
    }
}
