//! What a function writes to its standard output: all of it goes into the function's log, and what became of an event
//! is told on the terminal, too.

use std::fs::File;
use std::io::Write as _;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;

/// The members of a function's log line that say what became of an event.
#[derive(Debug, Deserialize)]
struct EventLine {
    key: String,
    #[serde(rename = "FunctionName")]
    function: String,
    #[serde(rename = "Outcome")]
    outcome: String,
    /// In milliseconds.
    #[serde(rename = "Duration")]
    duration: f64,
}

/// The short form of a log line; `None` of any other line, and of an event that failed, which whoever tries it again
/// reports with the cause.
fn short(line: &[u8]) -> Option<String> {
    let line: EventLine = serde_json::from_slice(line).ok()?;
    let EventLine {
        key,
        function,
        outcome,
        duration,
    } = line;
    // A key may have control characters in it.
    let key = key.escape_debug();
    (outcome != "error").then(|| format!("{function} {key} {outcome} {duration:.0} ms"))
}

/// Copies lines until the process ends.
pub(super) async fn copy(stdout: ChildStdout, mut log: File) {
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line).await, Ok(1..)) {
        if let Err(error) = log.write_all(&line) {
            tracing::error!("cannot write a function's log: {error}");
        }
        if let Some(short) = short(&line) {
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
        let line = br#"{"key": "a\nb.jpg", "FunctionName": "create-thumbnail", "Outcome": "done", "Duration": 81.7, "Events": 1}"#;
        let expected = "create-thumbnail a\\nb.jpg done 82 ms".to_owned();
        assert_eq!(short(line), Some(expected));
    }

    #[test]
    fn other_lines_have_no_short_form() {
        let failed =
            br#"{"key": "a", "FunctionName": "f", "Outcome": "error", "Duration": 1, "error": "x"}"#;
        for line in [&failed[..], b"panicked", br#"{"type": "platform.report"}"#] {
            assert_eq!(short(line), None);
        }
    }
}
