//! Regular expressions, compiled once per template instead of once per rendering: compiling costs some hundred times as
//! much as matching a parameter.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;

use crate::error::{Meter, RenderError};
use crate::java_regex;

/// The limit on cached patterns of a template; the number of patterns from requests is unbounded.
const MAX_KEPT: usize = 64;

/// A pattern, and whether it must match whole strings.
type Key = (Arc<str>, bool);
type Compiled = HashMap<Key, Arc<Regex>>;

/// The patterns that the renderings of a template share.
#[derive(Clone, Default)]
pub(crate) struct RegexCache(Arc<Mutex<Compiled>>);

impl fmt::Debug for RegexCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegexCache")
    }
}

/// The patterns of one rendering.
pub(crate) struct RenderingRegexes {
    used: Compiled,
    kept: RegexCache,
}

impl RenderingRegexes {
    pub(crate) fn new(kept: &RegexCache) -> Self {
        Self {
            used: Compiled::new(),
            kept: kept.clone(),
        }
    }

    /// The compiled expression of a pattern; with `whole` it matches whole strings only.
    pub(crate) fn get(
        &mut self,
        pattern: &Arc<str>,
        whole: bool,
        method: &'static str,
        meter: &mut Meter,
    ) -> Result<Arc<Regex>, RenderError> {
        let key = (pattern.clone(), whole);
        if let Some(known) = self.used.get(&key) {
            return Ok(known.clone());
        }
        // A pattern costs more than its length to compile; a rendering is charged the same whether or not it is cached.
        meter.work(1_000 + pattern.len())?;
        // A panic while the lock was held left only complete entries.
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        let regex = if let Some(known) = kept.get(&key) {
            known.clone()
        } else {
            let compiled = java_regex::compile(pattern, whole)
                .map_err(|problem| RenderError::Method { method, problem })?;
            let regex = Arc::new(compiled);
            if kept.len() < MAX_KEPT {
                kept.insert(key.clone(), regex.clone());
            }
            regex
        };
        drop(kept);
        self.used.insert(key, regex.clone());
        Ok(regex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_keeps_a_bounded_number_of_patterns() {
        let kept = RegexCache::default();
        for pattern in 0..2 * MAX_KEPT {
            let mut patterns = RenderingRegexes::new(&kept);
            let pattern: Arc<str> = pattern.to_string().into();
            let regex = patterns.get(&pattern, true, "matches", &mut Meter::new());
            assert!(regex.expect("a pattern").is_match(&pattern));
        }
        assert_eq!(kept.0.lock().expect("no panic").len(), MAX_KEPT);
    }

    #[test]
    fn whole_and_partial_matches_are_cached_separately() {
        let kept = RegexCache::default();
        for _ in 0..2 {
            let mut patterns = RenderingRegexes::new(&kept);
            let mut matches = |whole| {
                let regex = patterns.get(&"a".into(), whole, "matches", &mut Meter::new());
                regex.expect("a pattern").is_match("ab")
            };
            assert!(!matches(true));
            assert!(matches(false));
        }
    }
}
