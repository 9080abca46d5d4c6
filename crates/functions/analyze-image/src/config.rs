//! What the function's environment says.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The function's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `RAW_BUCKET`: where pictures are uploaded.
    pub raw_bucket: String,
    /// `IMAGE_TABLE`: where records are.
    pub image_table: String,
    /// `LABEL_TABLE`: where the label index is.
    pub label_table: String,
    /// `MAX_LABELS`: how many labels a picture gets, 1 to 49.
    pub max_labels: usize,
    /// `MIN_CONFIDENCE`: how sure Rekognition must be, 0 to 100.
    pub min_confidence: f32,
}

/// An environment variable that keeps the function from starting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not there, or empty.
    #[error("environment variable {0} is missing")]
    Missing(&'static str),
    /// It says something else than it should.
    #[error("environment variable {name} is {value:?}, not {expected}")]
    Malformed {
        /// Its name.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        expected: String,
    },
}

impl Config {
    /// Reads the variables through `get`, which is [`std::env::var`] but for tests.
    ///
    /// # Errors
    /// Names the first variable that is missing or malformed.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = |name| {
            get(name)
                .filter(|value| !value.is_empty())
                .ok_or(ConfigError::Missing(name))
        };
        let max_labels = number("MAX_LABELS", text("MAX_LABELS")?, 1..=records::MAX_LABELS)?;
        Ok(Self {
            raw_bucket: text("RAW_BUCKET")?,
            image_table: text("IMAGE_TABLE")?,
            label_table: text("LABEL_TABLE")?,
            max_labels,
            min_confidence: number("MIN_CONFIDENCE", text("MIN_CONFIDENCE")?, 0.0..=100.0)?,
        })
    }
}

fn number<T: FromStr + PartialOrd + Display>(
    name: &'static str,
    value: String,
    range: RangeInclusive<T>,
) -> Result<T, ConfigError> {
    let expected = format!("a number from {} to {}", range.start(), range.end());
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(ConfigError::Malformed {
            name,
            value,
            expected,
        }),
    }
}
