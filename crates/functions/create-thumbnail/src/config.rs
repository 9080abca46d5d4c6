//! The environment.

use std::collections::BTreeSet;

use runtime::{ConfigError, Variables};

/// The largest thumbnail size, in pixels a side.
const MAX_SIZE: u32 = 10_000;

/// The function's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `RAW_BUCKET`.
    pub raw_bucket: String,
    /// `THUMBNAIL_BUCKET`.
    pub thumbnail_bucket: String,
    /// `THUMBNAIL_SIZES`: the squares that thumbnails fit, in pixels a side, for example `256,1024`.
    pub sizes: BTreeSet<u32>,
    /// `IMAGE_TABLE`.
    pub image_table: String,
}

impl Config {
    /// Reads the environment through `get`, which is [`std::env::var`] except in tests.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(get);
        let expected =
            format!("a comma-separated list of different whole numbers from 1 to {MAX_SIZE}");
        Ok(Self {
            raw_bucket: variables.string("RAW_BUCKET")?,
            thumbnail_bucket: variables.string("THUMBNAIL_BUCKET")?,
            sizes: variables.parse("THUMBNAIL_SIZES", &expected, sizes)?,
            image_table: variables.string("IMAGE_TABLE")?,
        })
    }
}

fn sizes(list: &str) -> Option<BTreeSet<u32>> {
    let mut sizes = BTreeSet::new();
    for entry in list.split(',') {
        let size = entry.trim().parse().ok()?;
        if !(1..=MAX_SIZE).contains(&size) || !sizes.insert(size) {
            return None;
        }
    }
    Some(sizes)
}
