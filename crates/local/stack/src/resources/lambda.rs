//! `AWS::Lambda::*`

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Accepted;

/// `AWS::Lambda::Function`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Function {
    /// Physical name.
    pub function_name: Option<String>,
    pub description: Accepted,
    /// Executables named `bootstrap` only.
    pub runtime: Runtime,
    /// Passed to the function as `_HANDLER`.
    #[serde(default)]
    pub handler: String,
    /// No effect: zips that run on this machine are built for its processor.
    pub architectures: Accepted,
    /// The zip.
    pub code: Code,
    /// ARN of the role that it runs as.
    pub role: String,
    /// MB; a process that uses more is killed.
    #[serde(default = "default_memory")]
    pub memory_size: u32,
    /// The timeout of an invocation in seconds.
    #[serde(default = "default_timeout")]
    pub timeout: u64,
    #[serde(default)]
    pub environment: Environment,
    /// Format and destination of the log.
    #[serde(default)]
    pub logging_config: LoggingConfig,
    /// Every invocation has a trace id; segments are not collected on this machine.
    pub tracing_config: Accepted,
    /// No effect: `/tmp` is this machine's.
    pub ephemeral_storage: Accepted,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

fn default_memory() -> u32 {
    128
}

fn default_timeout() -> u64 {
    3
}

/// Runtimes whose functions are executables.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Runtime {
    /// Amazon Linux 2023.
    #[serde(rename = "provided.al2023")]
    ProvidedAl2023,
}

/// Where the zip is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Code {
    /// The artifacts bucket; on this machine a folder takes its place.
    #[serde(rename = "S3Bucket")]
    pub bucket: String,
    /// `<function>-<version>.zip`
    #[serde(rename = "S3Key")]
    pub key: String,
}

/// Environment variables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Environment {
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// Format and destination of a function's log.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct LoggingConfig {
    /// How Lambda's own lines are written, and by convention the function's.
    #[serde(default)]
    pub log_format: LogFormat,
    /// Name of the log group.
    pub log_group: Option<String>,
    /// What the function logs.
    pub application_log_level: Option<String>,
    /// No effect: `platform.report` is always logged on this machine.
    pub system_log_level: Accepted,
}

/// How Lambda's own log lines are written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum LogFormat {
    /// One object a line.
    #[serde(rename = "JSON")]
    Json,
    /// Fields with tabs between them.
    #[default]
    Text,
}

impl LogFormat {
    /// The value of `AWS_LAMBDA_LOG_FORMAT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Text => "Text",
        }
    }
}

/// `AWS::Lambda::EventSourceMapping`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct EventSourceMapping {
    /// The queue's ARN.
    pub event_source_arn: String,
    /// Name or ARN.
    pub function_name: String,
    /// Messages in one event.
    #[serde(default = "ten")]
    pub batch_size: u32,
    /// Whether the queue is polled.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Bounds the concurrency of the mapping.
    pub scaling_config: Option<ScalingConfig>,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

/// Bounds the concurrency of an event source mapping.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ScalingConfig {
    /// 2 to 1,000.
    pub maximum_concurrency: usize,
}

fn ten() -> u32 {
    10
}

fn yes() -> bool {
    true
}
