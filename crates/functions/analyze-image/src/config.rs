//! The environment.

use runtime::{ConfigError, Variables};

/// The function's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `RAW_BUCKET`.
    pub raw_bucket: String,
    /// `IMAGE_TABLE`.
    pub image_table: String,
    /// `LABEL_TABLE`.
    pub label_table: String,
    /// `CONTENT_TABLE`.
    pub content_table: String,
    /// `MAX_LABELS`: how many labels an image gets, 1 to 49.
    pub max_labels: usize,
    /// `MIN_CONFIDENCE`: the confidence below which a label is left out, 0 to 100.
    pub min_confidence: f32,
}

impl Config {
    /// Reads the environment through `get`, which is [`std::env::var`] except in tests.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(get);
        Ok(Self {
            raw_bucket: variables.string("RAW_BUCKET")?,
            image_table: variables.string("IMAGE_TABLE")?,
            label_table: variables.string("LABEL_TABLE")?,
            content_table: variables.string("CONTENT_TABLE")?,
            max_labels: variables.number("MAX_LABELS", 1..=records::MAX_LABELS)?,
            min_confidence: variables.number("MIN_CONFIDENCE", 0.0..=100.0)?,
        })
    }
}
