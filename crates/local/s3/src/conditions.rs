//! Conditional reads, as S3 applies [RFC 9110, section 13].
//!
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2

use chrono::{DateTime, SubsecRound as _, Utc};
use s3s::dto::{ETagCondition, Timestamp};

use crate::store::ObjectVersion;

/// The conditions of a read.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) matches: Option<ETagCondition>,
    pub(crate) none_matches: Option<ETagCondition>,
    pub(crate) modified_since: Option<Timestamp>,
    pub(crate) unmodified_since: Option<Timestamp>,
}

/// Whether a read proceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evaluation {
    Proceed,
    /// 304, or 412 where the object is the source of a copy.
    NotModified,
    /// 412, with the header whose condition does not hold.
    Failed(&'static str),
}

impl Conditions {
    /// Evaluates them. An entity tag, if one is given, takes precedence over the time of its pair.
    pub(crate) fn evaluate(&self, version: &ObjectVersion) -> Evaluation {
        let names = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == version.etag,
        };
        let modified = timestamp(version.modified);
        match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) if !names(condition) => return Evaluation::Failed("If-Match"),
            (None, Some(since)) if modified > *since => {
                return Evaluation::Failed("If-Unmodified-Since");
            }
            _ => {}
        }
        match (&self.none_matches, &self.modified_since) {
            (Some(condition), _) if names(condition) => Evaluation::NotModified,
            (None, Some(since)) if modified <= *since => Evaluation::NotModified,
            _ => Evaluation::Proceed,
        }
    }
}

/// A time as S3 sends it: whole seconds.
pub(crate) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    std::time::SystemTime::from(time.trunc_subsecs(0)).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::ObjectMetadata;

    fn evaluate(build: impl FnOnce(&mut Conditions)) -> Evaluation {
        let mut conditions = Conditions::default();
        build(&mut conditions);
        conditions.evaluate(&ObjectVersion {
            key: "k".into(),
            id: "null".into(),
            is_latest: true,
            is_delete_marker: false,
            is_versioned: false,
            size: 1,
            etag: "abc".into(),
            sequencer: "0".into(),
            // The fraction must not make the object newer than its Last-Modified.
            modified: DateTime::from_timestamp_millis(1_000_900).unwrap(),
            metadata: ObjectMetadata::default(),
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields are optional")]
    fn at(seconds: u64) -> Option<Timestamp> {
        Some((std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).into())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields are optional")]
    fn etag(etag: &str) -> Option<ETagCondition> {
        Some(etag.parse().unwrap())
    }

    #[test]
    fn each_condition_alone() {
        assert_eq!(evaluate(|_| {}), Evaluation::Proceed);
        assert_eq!(
            evaluate(|c| c.matches = etag("\"abc\"")),
            Evaluation::Proceed
        );
        assert_eq!(evaluate(|c| c.matches = etag("*")), Evaluation::Proceed);
        assert_eq!(
            evaluate(|c| c.matches = etag("\"x\"")),
            Evaluation::Failed("If-Match")
        );
        assert_eq!(
            evaluate(|c| c.none_matches = etag("\"abc\"")),
            Evaluation::NotModified
        );
        assert_eq!(
            evaluate(|c| c.none_matches = etag("W/\"abc\"")),
            Evaluation::NotModified
        );
        assert_eq!(
            evaluate(|c| c.none_matches = etag("\"x\"")),
            Evaluation::Proceed
        );
        assert_eq!(
            evaluate(|c| c.modified_since = at(1000)),
            Evaluation::NotModified
        );
        assert_eq!(
            evaluate(|c| c.modified_since = at(999)),
            Evaluation::Proceed
        );
        assert_eq!(
            evaluate(|c| c.unmodified_since = at(1000)),
            Evaluation::Proceed
        );
        assert_eq!(
            evaluate(|c| c.unmodified_since = at(999)),
            Evaluation::Failed("If-Unmodified-Since")
        );
    }

    /// The two combinations that the reference of `GetObject` spells out.
    #[test]
    fn entity_tags_win_over_times() {
        assert_eq!(
            evaluate(|c| (c.matches, c.unmodified_since) = (etag("\"abc\""), at(999))),
            Evaluation::Proceed
        );
        assert_eq!(
            evaluate(|c| (c.none_matches, c.modified_since) = (etag("\"abc\""), at(999))),
            Evaluation::NotModified
        );
    }
}
