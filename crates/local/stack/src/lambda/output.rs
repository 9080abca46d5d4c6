//! A function's standard output: all of it is written to the function's log, and the outcome of each event is also shown
//! on the terminal.

use std::fs::File;
use std::io::Write as _;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;

/// The members of a function's log line that give the outcome of an event.
#[derive(Debug, Deserialize)]
struct EventLine {
    key: String,
    #[serde(rename = "Outcome")]
    outcome: String,
    /// In milliseconds.
    #[serde(rename = "Duration")]
    duration: f64,
}

/// The short form of a function's log line for an event. `None` for any other line, and for an event that failed, which is logged with
/// its cause when the invocation ends.
fn short(function: &str, line: &[u8]) -> Option<String> {
    let line: EventLine = serde_json::from_slice(line).ok()?;
    let EventLine {
        key,
        outcome,
        duration,
    } = line;
    // A key may contain control characters.
    let key = key.escape_debug();
    (outcome != "error").then(|| format!("{function} {key} {outcome} {duration:.0} ms"))
}

/// Copies the lines of a function, given by its logical id, until the process ends.
pub(super) async fn copy(function: String, stdout: ChildStdout, mut log: File) {
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line).await, Ok(1..)) {
        if let Err(error) = log.write_all(&line) {
            tracing::error!("cannot write a function's log: {error}");
        }
        if let Some(short) = short(&function, &line) {
            tracing::info!("{short}");
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn an_event_that_was_handled_is_one_short_line() {
        let line = br#"{"key": "a\nb.jpg", "Outcome": "done", "Duration": 81.7, "Events": 1}"#;
        let expected = "CreateThumbnailFunction a\\nb.jpg done 82 ms".to_owned();
        assert_eq!(short("CreateThumbnailFunction", line), Some(expected));
    }

    #[test]
    fn other_lines_have_no_short_form() {
        let failed = br#"{"key": "a", "Outcome": "error", "Duration": 1, "error": "x"}"#;
        for line in [&failed[..], b"panicked", br#"{"type": "platform.report"}"#] {
            assert_eq!(short("F", line), None);
        }
    }
}
