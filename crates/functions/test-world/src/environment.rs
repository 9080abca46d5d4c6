//! Environment variables.

use std::collections::HashMap;
use std::fmt::Debug;

/// Checks that a configuration is refused if any variable of `environment` is missing or empty.
#[expect(clippy::implicit_hasher, reason = "the tests have the default hasher")]
pub fn what_is_missing_is_named<C: Debug + PartialEq>(
    environment: &HashMap<&'static str, &'static str>,
    config: impl Fn(&HashMap<&str, &str>) -> Result<C, String>,
) {
    for name in environment.keys().copied() {
        let mut without = environment.clone();
        let expected = Err(format!("environment variable {name} is missing"));
        without.remove(name);
        assert_eq!(config(&without), expected);
        without.insert(name, "");
        assert_eq!(config(&without), expected);
    }
}
