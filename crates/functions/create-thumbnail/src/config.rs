//! What the function's environment says.

use std::collections::BTreeSet;

/// The largest size that makes sense to call a thumbnail, in pixels a side.
const LARGEST: u32 = 10_000;

/// The function's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `RAW_BUCKET`: where pictures are uploaded.
    pub raw_bucket: String,
    /// `THUMBNAIL_BUCKET`: where thumbnails go.
    pub thumbnail_bucket: String,
    /// `THUMBNAIL_SIZES`: the squares that thumbnails fit, in pixels a side, for example `256,1024`.
    pub sizes: BTreeSet<u32>,
    /// `IMAGE_TABLE`: where records are.
    pub image_table: String,
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
        Ok(Self {
            raw_bucket: text("RAW_BUCKET")?,
            thumbnail_bucket: text("THUMBNAIL_BUCKET")?,
            sizes: sizes("THUMBNAIL_SIZES", text("THUMBNAIL_SIZES")?)?,
            image_table: text("IMAGE_TABLE")?,
        })
    }
}

fn sizes(name: &'static str, value: String) -> Result<BTreeSet<u32>, ConfigError> {
    let mut sizes = BTreeSet::new();
    for entry in value.split(',') {
        let size = entry
            .trim()
            .parse()
            .ok()
            .filter(|size| (1..=LARGEST).contains(size));
        if !size.is_some_and(|size| sizes.insert(size)) {
            let expected =
                format!("a comma-separated list of different whole numbers from 1 to {LARGEST}");
            return Err(ConfigError::Malformed {
                name,
                value,
                expected,
            });
        }
    }
    Ok(sizes)
}
