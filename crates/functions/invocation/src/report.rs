//! One line for each object: a JSON object for people and queries, with the metrics in `CloudWatch`'s embedded metric
//! format (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! A function that logs in JSON has lines that are JSON already passed on as they are
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>), so that `CloudWatch` finds
//! the format's members at the root of the line, where they have to be. That is why the line is not an event of
//! `tracing`, which puts fields one level down.

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use events::ObjectEvent;
use serde_json::{Map, Value, json};

use crate::{Invocation, Outcome};

/// The namespace of every metric.
const NAMESPACE: &str = "ContactSheet";

/// What is told of one event; [`Report::end`] tells it.
#[derive(Debug)]
pub struct Report<'a> {
    invocation: &'a Invocation,
    event: &'a ObjectEvent,
    started: Instant,
    last: Instant,
    stages: Vec<(&'static str, Duration)>,
    notes: Map<String, Value>,
    /// Bytes that were read from the bucket.
    pub bytes_in: u64,
    /// Bytes that were made of them.
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

    /// Adds the time since the last stage, or since the start, to a stage. Its metric has its name, `ReadTime`.
    pub fn stage(&mut self, name: &'static str) {
        let now = Instant::now();
        let time = now - self.last;
        self.last = now;
        match self.stages.iter_mut().find(|(other, _)| *other == name) {
            Some((_, total)) => *total += time,
            None => self.stages.push((name, time)),
        }
    }

    /// Notes something that is no metric.
    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        self.notes.insert(name.to_owned(), value.into());
    }

    /// Writes the line.
    pub fn end<E: Error + 'static>(self, result: &Result<Outcome, E>) {
        (self.invocation.log)(&self.line(result, Utc::now()).to_string());
    }

    fn line<E: Error + 'static>(&self, result: &Result<Outcome, E>, now: DateTime<Utc>) -> Value {
        let (level, outcome) = match result {
            Ok(outcome) => ("INFO", outcome.name()),
            Err(_) => ("ERROR", "error"),
        };
        // Lambda filters by the first two.
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
            && outcome.is_of_a_picture()
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

/// With three decimals, which is as much as there is to know.
fn milliseconds(time: Duration) -> Value {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    (f64::from(micros) / 1000.0).into()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use events::Change;

    use super::*;

    /// Of the specification's list, those that are used here.
    const UNITS: [&str; 3] = ["Count", "Bytes", "Milliseconds"];

    fn event(key: &str) -> ObjectEvent {
        ObjectEvent {
            bucket: "raw".into(),
            key: key.into(),
            sequencer: "0A".parse().expect("a sequencer"),
            time: Utc::now(),
            change: Change::Removed { version: None },
        }
    }

    /// The lines of one report.
    fn told(
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

    /// What the specification asks of a line; gives its metrics, by dimensions.
    fn metrics(line: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().expect("a map").keys().cloned().collect()
        };
        let texts = |value: &Value| -> Vec<String> {
            let texts = value.as_array().expect("a list").iter();
            texts
                .map(|text| text.as_str().expect("text").to_owned())
                .collect()
        };
        let metadata = &line["_aws"];
        assert_eq!(keys(metadata).len(), 2);
        assert!(metadata["Timestamp"].is_u64());
        let directives = metadata["CloudWatchMetrics"].as_array().expect("a list");
        let read = directives.iter().map(|directive| {
            assert_eq!(keys(directive).len(), 3);
            let namespace = directive["Namespace"].as_str().expect("text");
            assert!((1..=1024).contains(&namespace.len()));
            let sets = directive["Dimensions"].as_array().expect("a list");
            assert_eq!(sets.len(), 1);
            let dimensions = texts(&sets[0]);
            assert!((1..=30).contains(&dimensions.len()));
            for dimension in &dimensions {
                let value = line[dimension].as_str().expect("a target at the root");
                assert!(value.is_ascii() && (1..=1024).contains(&value.len()));
            }
            let definitions = directive["Metrics"].as_array().expect("a list");
            assert!((1..=100).contains(&definitions.len()));
            let names = definitions.iter().map(|definition| {
                assert_eq!(keys(definition).len(), 2);
                assert!(UNITS.contains(&definition["Unit"].as_str().expect("text")));
                let name = definition["Name"].as_str().expect("text");
                assert!(line[name].is_number(), "{name}");
                name.to_owned()
            });
            (dimensions.clone(), names.collect())
        });
        read.collect()
    }

    #[test]
    fn a_line_is_what_the_metric_format_asks_for() {
        let lines = told("pets/cat.jpg", &Ok(Outcome::Done), |report| {
            report.bytes_in = 5;
            report.stage("ReadTime");
            report.stage("RenderTime");
            report.stage("ReadTime");
            report.note("width", 40);
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let expected: [(Vec<String>, Vec<String>); 2] = [
            (text(&["FunctionName", "Outcome"]), text(&["Events"])),
            (
                text(&["FunctionName"]),
                text(&[
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
        let timestamp = line["timestamp"].as_str().expect("text");
        DateTime::parse_from_rfc3339(timestamp).expect("RFC 3339");
    }

    #[test]
    fn outcomes_are_counted_by_code_and_pictures_once() {
        for (result, outcome, pictures) in [
            (
                Ok(Outcome::Failed("CorruptImage".into())),
                "CorruptImage",
                true,
            ),
            (Ok(Outcome::Duplicate), "duplicate", false),
            (Err(std::io::Error::other("no disk")), "error", false),
        ] {
            let lines = told("cat.jpg", &result, |_| {});
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
        let lines = told(key, &Ok(Outcome::Done), |_| {});
        assert!(!lines[0].contains('\n'));
        metrics(&lines[0]);
        let line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        assert_eq!(line["key"], key);
    }
}
