//! What Lambda itself writes to a function's log after each invocation
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>).

use std::time::Duration;

use serde_json::json;

use crate::clock::{iso, now_ms};
use crate::resources::lambda::LogFormat;

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The function returned a response.
    Success,
    /// The function returned an error.
    Failure,
    /// The process ended, or was ended.
    Error(&'static str),
    /// It took longer than the function's timeout.
    Timeout,
}

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct PlatformReport<'a> {
    /// The invocation's id.
    pub request_id: &'a str,
    /// How it ended.
    pub status: Status,
    /// Time of the invocation itself.
    pub duration: Duration,
    /// Time to start the process; present for its first invocation.
    pub init_duration: Option<Duration>,
    /// `MemorySize`
    pub memory_size_mb: u32,
    /// The environment's peak.
    pub max_memory_used_mb: u64,
}

impl PlatformReport<'_> {
    /// The line of the log.
    pub fn line(&self, format: LogFormat) -> String {
        let duration = milliseconds(self.duration);
        let init = self.init_duration.map(milliseconds);
        // Starting is billed too (https://aws.amazon.com/lambda/pricing/).
        let billed = (duration + init.unwrap_or(0.0)).ceil();
        match format {
            LogFormat::Json => self.json(duration, billed, init),
            LogFormat::Text => self.text(duration, billed, init),
        }
    }

    fn json(&self, duration: f64, billed: f64, init: Option<f64>) -> String {
        let mut record = json!({
            "requestId": self.request_id,
            "status": match self.status {
                Status::Success => "success",
                Status::Failure => "failure",
                Status::Error(_) => "error",
                Status::Timeout => "timeout",
            },
            "metrics": {
                "durationMs": duration,
                "billedDurationMs": billed,
                "memorySizeMB": self.memory_size_mb,
                "maxMemoryUsedMB": self.max_memory_used_mb,
            },
        });
        if let Some(init) = init {
            record["metrics"]["initDurationMs"] = json!(init);
        }
        if let Status::Error(kind) = self.status {
            record["errorType"] = json!(kind);
        }
        json!({"time": iso(now_ms()), "type": "platform.report", "record": record}).to_string()
    }

    fn text(&self, duration: f64, billed: f64, init: Option<f64>) -> String {
        let init = init.map_or_else(String::new, |init| format!("Init Duration: {init:.2} ms\t"));
        let status = match self.status {
            Status::Success | Status::Failure => String::new(),
            Status::Error(kind) => format!("Status: error\tError Type: {kind}"),
            Status::Timeout => "Status: timeout".to_owned(),
        };
        format!(
            "REPORT RequestId: {}\tDuration: {duration:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {} MB\t\
             Max Memory Used: {} MB\t{init}{status}",
            self.request_id, self.memory_size_mb, self.max_memory_used_mb
        )
    }
}

/// Rounded to a hundredth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_lambdas_form() {
        let report = PlatformReport {
            request_id: "459921b5",
            status: Status::Error("Runtime.OutOfMemory"),
            duration: Duration::from_micros(1_233_964),
            init_duration: Some(Duration::from_micros(463_512)),
            memory_size_mb: 256,
            max_memory_used_mb: 256,
        };
        assert_eq!(
            report.line(LogFormat::Text),
            "REPORT RequestId: 459921b5\tDuration: 1233.96 ms\tBilled Duration: 1698 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 256 MB\tInit Duration: 463.51 ms\tStatus: error\tError Type: Runtime.OutOfMemory"
        );
        let json: serde_json::Value = serde_json::from_str(&report.line(LogFormat::Json)).unwrap();
        assert_eq!(json["type"], "platform.report");
        let record = &json["record"];
        assert_eq!(record["metrics"]["durationMs"], 1233.96);
        assert_eq!(record["metrics"]["billedDurationMs"], 1698.0);
        assert_eq!(record["status"], "error");
        assert_eq!(record["errorType"], "Runtime.OutOfMemory");
    }
}
