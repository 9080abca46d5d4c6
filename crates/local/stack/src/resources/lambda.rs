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
    /// For people.
    pub description: Accepted,
    /// Executables named `bootstrap` only.
    pub runtime: Runtime,
    /// Handed on as `_HANDLER`.
    #[serde(default)]
    pub handler: String,
    /// The zips of this machine are for this machine.
    pub architectures: Accepted,
    /// The zip.
    pub code: Code,
    /// ARN of the role that it runs as.
    pub role: String,
    /// MB. Told to the function, not enforced.
    #[serde(default = "default_memory")]
    pub memory_size: u32,
    /// Seconds after which an invocation is ended.
    #[serde(default = "default_timeout")]
    pub timeout: u64,
    /// Environments at once, at most.
    pub reserved_concurrent_executions: Option<usize>,
    /// Environment variables.
    #[serde(default)]
    pub environment: Environment,
    /// Where its log goes.
    #[serde(default)]
    pub logging_config: LoggingConfig,
    /// Every invocation has a trace id; nobody collects segments here.
    pub tracing_config: Accepted,
    /// `/tmp` is this machine's.
    pub ephemeral_storage: Accepted,
    /// For bills.
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
    /// The artifacts bucket, which a folder stands for here.
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
    /// By name.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// Where a log goes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct LoggingConfig {
    /// `JSON` or `Text`.
    pub log_format: Option<String>,
    /// Name of the log group.
    pub log_group: Option<String>,
    /// What the function logs.
    pub application_log_level: Option<String>,
    /// What the platform logs, which it doesn't here.
    pub system_log_level: Accepted,
}

/// `AWS::Lambda::Permission`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Permission {
    /// Name or ARN.
    pub function_name: String,
    /// `lambda:InvokeFunction`
    pub action: String,
    /// `sns.amazonaws.com`
    pub principal: String,
    /// The resource on whose behalf the principal calls.
    pub source_arn: Option<String>,
    /// The account of that resource.
    pub source_account: Option<String>,
}

/// `AWS::Lambda::EventInvokeConfig`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct EventInvokeConfig {
    /// Name or ARN.
    pub function_name: String,
    /// Only `$LATEST` exists here.
    pub qualifier: Qualifier,
    /// Seconds after which an event is given up.
    #[serde(default = "six_hours")]
    pub maximum_event_age_in_seconds: u64,
    /// Retries after function errors.
    #[serde(default = "two")]
    pub maximum_retry_attempts: u32,
    /// Where events go in the end.
    #[serde(default)]
    pub destination_config: DestinationConfig,
}

fn six_hours() -> u64 {
    21_600
}

fn two() -> u32 {
    2
}

/// Versions of a function.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Qualifier {
    /// The one there is.
    #[serde(rename = "$LATEST")]
    Latest,
}

/// Where events go in the end.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DestinationConfig {
    /// What could not be handled.
    pub on_failure: Option<Destination>,
}

/// Where events go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Destination {
    /// The queue's ARN.
    pub destination: String,
}
