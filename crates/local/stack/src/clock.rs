//! Time in the formats of AWS's messages.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-22T13:00:00.000Z`
#[must_use]
pub fn iso(ms: u64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(i64::try_from(ms).unwrap_or_default());
    time.unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}
