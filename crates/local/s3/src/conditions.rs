//! Conditional reads, as S3 applies [RFC 9110, section 13].
//!
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2

use chrono::{DateTime, SubsecRound as _, Utc};
use s3s::dto::{ETagCondition, Timestamp};

use crate::store::Entry;

/// The conditions of a read.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) matches: Option<ETagCondition>,
    pub(crate) none_matches: Option<ETagCondition>,
    pub(crate) modified_since: Option<Timestamp>,
    pub(crate) unmodified_since: Option<Timestamp>,
}

/// Whether a read may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    /// 304, or 412 where the object is the source of a copy.
    NotModified,
    /// 412, with the header whose condition does not hold.
    Failed(&'static str),
}

impl Conditions {
    /// An entity tag, where one is given, decides rather than the time of its pair.
    pub(crate) fn judge(&self, entry: &Entry) -> Verdict {
        let names = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == entry.etag,
        };
        let modified = timestamp(entry.modified);
        match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) if !names(condition) => return Verdict::Failed("If-Match"),
            (None, Some(since)) if modified > *since => {
                return Verdict::Failed("If-Unmodified-Since");
            }
            _ => {}
        }
        match (&self.none_matches, &self.modified_since) {
            (Some(condition), _) if names(condition) => Verdict::NotModified,
            (None, Some(since)) if modified <= *since => Verdict::NotModified,
            _ => Verdict::Proceed,
        }
    }
}

/// A time as S3 tells it: whole seconds.
pub(crate) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    std::time::SystemTime::from(time.trunc_subsecs(0)).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Description;

    fn judge(build: impl FnOnce(&mut Conditions)) -> Verdict {
        let mut conditions = Conditions::default();
        build(&mut conditions);
        conditions.judge(&Entry {
            key: "k".into(),
            size: 1,
            etag: "abc".into(),
            sequencer: "0".into(),
            // A fraction that must not make the object newer than its Last-Modified says.
            modified: DateTime::from_timestamp_millis(1_000_900).unwrap(),
            description: Description::default(),
        })
    }

    #[allow(clippy::unnecessary_wraps)]
    fn at(seconds: u64) -> Option<Timestamp> {
        Some((std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).into())
    }

    #[allow(clippy::unnecessary_wraps)]
    fn etag(text: &str) -> Option<ETagCondition> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn each_condition_alone() {
        assert_eq!(judge(|_| {}), Verdict::Proceed);
        assert_eq!(judge(|c| c.matches = etag("\"abc\"")), Verdict::Proceed);
        assert_eq!(judge(|c| c.matches = etag("*")), Verdict::Proceed);
        assert_eq!(
            judge(|c| c.matches = etag("\"x\"")),
            Verdict::Failed("If-Match")
        );
        assert_eq!(
            judge(|c| c.none_matches = etag("\"abc\"")),
            Verdict::NotModified
        );
        assert_eq!(
            judge(|c| c.none_matches = etag("W/\"abc\"")),
            Verdict::NotModified
        );
        assert_eq!(judge(|c| c.none_matches = etag("\"x\"")), Verdict::Proceed);
        assert_eq!(judge(|c| c.modified_since = at(1000)), Verdict::NotModified);
        assert_eq!(judge(|c| c.modified_since = at(999)), Verdict::Proceed);
        assert_eq!(judge(|c| c.unmodified_since = at(1000)), Verdict::Proceed);
        assert_eq!(
            judge(|c| c.unmodified_since = at(999)),
            Verdict::Failed("If-Unmodified-Since")
        );
    }

    /// The two combinations that the reference of `GetObject` spells out.
    #[test]
    fn entity_tags_win_over_times() {
        assert_eq!(
            judge(|c| (c.matches, c.unmodified_since) = (etag("\"abc\""), at(999))),
            Verdict::Proceed
        );
        assert_eq!(
            judge(|c| (c.none_matches, c.modified_since) = (etag("\"abc\""), at(999))),
            Verdict::NotModified
        );
    }
}
