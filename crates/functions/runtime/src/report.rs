//! One log line for each object: a JSON object with the metrics in `CloudWatch`'s embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! With the JSON log format Lambda does not change a line that is JSON already
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>), so `CloudWatch` finds the
//! format's members at the root of the line, where they have to be. An event of `tracing` has its fields one level down.

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use events::ObjectEvent;
use serde_json::{Map, Value, json};

use crate::{Invocation, Outcome};

/// The namespace of every metric.
const NAMESPACE: &str = "ContactSheet";

/// The log line of one event; [`Report::end`] writes it.
#[derive(Debug)]
pub struct Report<'a> {
    invocation: &'a Invocation,
    event: &'a ObjectEvent,
    started: Instant,
    last: Instant,
    stages: Vec<(&'static str, Duration)>,
    notes: Map<String, Value>,
    /// Bytes read from the raw bucket.
    pub bytes_in: u64,
    /// Bytes of the function's results.
    pub bytes_out: u64,
}

impl<'a> Report<'a> {
    pub(crate) fn new(invocation: &'a Invocation, event: &'a ObjectEvent) -> Self {
        let now = Instant::now();
        Self {
            invocation,
            event,
            started: now,
            last: now,
            stages: Vec::new(),
            notes: Map::new(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Adds the time since the last stage, or since the start, to the stage of that name, which is also the name of its
    /// metric (`ReadTime`).
    pub fn stage(&mut self, name: &'static str) {
        let now = Instant::now();
        let time = now - self.last;
        self.last = now;
        self.add_time(name, time);
    }

    /// Adds the duration of a call to the stage of that name. Calls that overlap are each measured.
    pub fn add(&mut self, name: &'static str, time: Duration) {
        self.last = Instant::now();
        self.add_time(name, time);
    }

    fn add_time(&mut self, name: &'static str, time: Duration) {
        match self.stages.iter_mut().find(|(other, _)| *other == name) {
            Some((_, total)) => *total += time,
            None => self.stages.push((name, time)),
        }
    }

    /// Adds a member that is not a metric.
    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        self.notes.insert(name.to_owned(), value.into());
    }

    /// Writes the line.
    pub fn end<E: Error + 'static>(self, result: &Result<Outcome, E>) {
        self.invocation
            .log(&self.line(result, Utc::now()).to_string());
    }

    fn line<E: Error + 'static>(&self, result: &Result<Outcome, E>, now: DateTime<Utc>) -> Value {
        let (level, outcome) = match result {
            Ok(outcome) => ("INFO", outcome.name()),
            Err(_) => ("ERROR", "error"),
        };
        // Lambda filters log lines by the first two.
        let mut line = json!({
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "level": level,
            "requestId": self.invocation.request_id,
            "bucket": self.event.bucket,
            "key": self.event.key,
            "FunctionName": self.invocation.function,
            "Outcome": outcome,
            "Events": 1,
        });
        for (name, value) in &self.notes {
            line[name] = value.clone();
        }
        if let Err(error) = result {
            line["error"] = events::chain(error).into();
        }
        let mut metrics = vec![];
        let mut metric = |name: &str, value: Value, unit: &str| {
            line[name] = value;
            metrics.push(json!({"Name": name, "Unit": unit}));
        };
        if let Ok(outcome) = result
            && outcome.is_final()
        {
            metric("Pictures", 1.into(), "Count");
        }
        metric("BytesIn", self.bytes_in.into(), "Bytes");
        metric("BytesOut", self.bytes_out.into(), "Bytes");
        metric(
            "Duration",
            milliseconds(self.started.elapsed()),
            "Milliseconds",
        );
        for (name, time) in &self.stages {
            metric(name, milliseconds(*time), "Milliseconds");
        }
        line["_aws"] = json!({
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["FunctionName", "Outcome"]],
                    "Metrics": [{"Name": "Events", "Unit": "Count"}],
                },
                {"Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": metrics},
            ],
        });
        line
    }
}

/// A future's output and how long it took.
pub async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let start = Instant::now();
    (future.await, start.elapsed())
}

/// With three decimals: microseconds.
fn milliseconds(time: Duration) -> Value {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    (f64::from(micros) / 1000.0).into()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use events::Change;

    use super::*;

    /// The units that are used here, as the specification spells them.
    const UNITS: [&str; 3] = ["Count", "Bytes", "Milliseconds"];

    fn event(key: &str) -> ObjectEvent {
        ObjectEvent {
            bucket: "raw".into(),
            key: key.into(),
            sequencer: "0A".parse().expect("a sequencer"),
            time: Utc::now(),
            change: Change::Removed { version: None },
            reprocess: false,
        }
    }

    /// The lines of one report.
    fn lines(
        key: &str,
        result: &Result<Outcome, std::io::Error>,
        fill: impl FnOnce(&mut Report<'_>),
    ) -> Vec<String> {
        let lines = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&lines);
        let invocation = Invocation::new(Instant::now(), "request", "thumbnails", move |line| {
            log.lock().expect("no line panics").push(line.to_owned());
        });
        let event = event(key);
        let mut report = invocation.report(&event);
        fill(&mut report);
        report.end(result);
        let lines = lines.lock().expect("no line panics");
        lines.clone()
    }

    /// Asserts what the specification requires of a line; returns its metrics by dimensions.
    fn metrics(line: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().expect("a map").keys().cloned().collect()
        };
        let strings = |value: &Value| -> Vec<String> {
            let strings = value.as_array().expect("a list").iter();
            strings
                .map(|string| string.as_str().expect("a string").to_owned())
                .collect()
        };
        let metadata = &line["_aws"];
        assert_eq!(keys(metadata).len(), 2);
        assert!(metadata["Timestamp"].is_u64());
        let directives = metadata["CloudWatchMetrics"].as_array().expect("a list");
        let read = directives.iter().map(|directive| {
            assert_eq!(keys(directive).len(), 3);
            let namespace = directive["Namespace"].as_str().expect("a string");
            assert!((1..=1024).contains(&namespace.len()));
            let sets = directive["Dimensions"].as_array().expect("a list");
            assert_eq!(sets.len(), 1);
            let dimensions = strings(&sets[0]);
            assert!((1..=30).contains(&dimensions.len()));
            for dimension in &dimensions {
                let value = line[dimension].as_str().expect("a target at the root");
                assert!(value.is_ascii() && (1..=1024).contains(&value.len()));
            }
            let definitions = directive["Metrics"].as_array().expect("a list");
            assert!((1..=100).contains(&definitions.len()));
            let names = definitions.iter().map(|definition| {
                assert_eq!(keys(definition).len(), 2);
                assert!(UNITS.contains(&definition["Unit"].as_str().expect("a string")));
                let name = definition["Name"].as_str().expect("a string");
                assert!(line[name].is_number(), "{name}");
                name.to_owned()
            });
            (dimensions.clone(), names.collect())
        });
        read.collect()
    }

    #[test]
    fn a_line_is_valid_in_the_embedded_metric_format() {
        let lines = lines("pets/cat.jpg", &Ok(Outcome::Done), |report| {
            report.bytes_in = 5;
            report.stage("ReadTime");
            report.stage("RenderTime");
            report.stage("ReadTime");
            report.note("width", 40);
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expected: [(Vec<String>, Vec<String>); 2] = [
            (owned(&["FunctionName", "Outcome"]), owned(&["Events"])),
            (
                owned(&["FunctionName"]),
                owned(&[
                    "Pictures",
                    "BytesIn",
                    "BytesOut",
                    "Duration",
                    "ReadTime",
                    "RenderTime",
                ]),
            ),
        ];
        assert_eq!(metrics(line), expected);
        let line: Value = serde_json::from_str(line).expect("JSON");
        for (member, value) in [
            ("level", json!("INFO")),
            ("requestId", json!("request")),
            ("FunctionName", json!("thumbnails")),
            ("Outcome", json!("done")),
            ("bucket", json!("raw")),
            ("key", json!("pets/cat.jpg")),
            ("BytesIn", json!(5)),
            ("width", json!(40)),
        ] {
            assert_eq!(line[member], value, "{member}");
        }
        let timestamp = line["timestamp"].as_str().expect("a string");
        DateTime::parse_from_rfc3339(timestamp).expect("RFC 3339");
    }

    #[test]
    fn outcomes_are_counted_by_code_and_images_once() {
        for (result, outcome, pictures) in [
            (
                Ok(Outcome::Failed("CorruptImage".into())),
                "CorruptImage",
                true,
            ),
            (Ok(Outcome::Duplicate), "duplicate", false),
            (Err(std::io::Error::other("no disk")), "error", false),
        ] {
            let lines = lines("cat.jpg", &result, |_| {});
            assert_eq!(metrics(&lines[0])[1].1[0] == "Pictures", pictures);
            let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
            assert_eq!(line["Outcome"], outcome);
            assert_eq!(line["error"].is_string(), outcome == "error");
            assert_eq!(
                line["level"],
                if outcome == "error" { "ERROR" } else { "INFO" }
            );
        }
    }

    #[test]
    fn no_key_breaks_the_line() {
        let key = "a\nb\"c\\d\u{0}\u{2028}{_aws}é";
        let lines = lines(key, &Ok(Outcome::Done), |_| {});
        assert!(!lines[0].contains('\n'));
        metrics(&lines[0]);
        let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        assert_eq!(line["key"], key);
    }
}
