//! Lambda: functions as separate processes over the Runtime API, invoked by event source mappings.

pub mod artifact;
mod environment;
mod event_source_mapping;
mod memory;
mod output;
mod platform_report;
mod process_group;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::access::{AccessControl, Principal, function_arn};
use crate::resources::names::Names;
use crate::resources::{Declared, Resources, lambda as declared};
use crate::sqs::Queues;
use event_source_mapping::EventSourceMapping;
use process_group::ProcessGroup;

/// A function, ready to run.
pub struct Function {
    logical_id: String,
    name: String,
    arn: String,
    /// The `bootstrap` of its zip.
    executable: PathBuf,
    /// The environment variables of its processes.
    environment: BTreeMap<String, String>,
    timeout: Duration,
    memory_size_mb: u32,
    role: Arc<Principal>,
    log: PathBuf,
    log_format: declared::LogFormat,
}

/// The functions of a stack and what invokes them.
pub struct Lambda {
    functions: HashMap<String, Arc<Function>>,
    mappings: Vec<Arc<EventSourceMapping>>,
    /// Ends every process when the stack ends.
    group: Arc<ProcessGroup>,
}

/// What functions run with on this machine.
pub struct Host<'a> {
    /// ARNs.
    pub names: &'a Names,
    /// Roles.
    pub access_control: &'a AccessControl,
    /// The address of AWS's services: `http://127.0.0.1:4566`.
    pub endpoint: &'a str,
    /// The executables by S3 key of their zip.
    pub executables: &'a HashMap<String, PathBuf>,
    /// Event sources.
    pub queues: &'a Arc<Queues>,
    /// Folder of the functions' logs.
    pub logs: &'a Path,
}

impl Lambda {
    /// Prepares the functions and event source mappings of a stack; nothing runs yet.
    ///
    /// # Errors
    /// A role that Lambda cannot assume, a missing executable, or a mapping that Lambda refuses.
    pub fn new(resources: &Resources, host: &Host<'_>) -> anyhow::Result<Self> {
        let group = ProcessGroup::new().context("cannot start /bin/sh")?;
        let mut lambda = Self {
            functions: HashMap::new(),
            mappings: Vec::new(),
            group: Arc::new(group),
        };
        for function in &resources.functions {
            let function = ready(function, host)?;
            lambda
                .functions
                .insert(function.arn.clone(), Arc::new(function));
        }
        for mapping in &resources.event_source_mappings {
            if mapping.properties.enabled {
                let ready = EventSourceMapping::new(mapping, &lambda, host)
                    .with_context(|| format!("Resources.{}", mapping.logical_id))?;
                lambda.mappings.push(Arc::new(ready));
            }
        }
        Ok(lambda)
    }

    /// Starts the event source mappings.
    #[must_use]
    pub fn start(&self) -> Vec<JoinHandle<()>> {
        let mappings = self.mappings.iter();
        mappings
            .map(|mapping| tokio::spawn(Arc::clone(mapping).run()))
            .collect()
    }
}

fn ready(function: &Declared<declared::Function>, host: &Host<'_>) -> anyhow::Result<Function> {
    let properties = &function.properties;
    let arn = function_arn(host.names, &function.physical_id);
    let role = host
        .access_control
        .assume(&properties.role, "lambda.amazonaws.com", Some(&arn))
        .map_err(|message| anyhow::anyhow!("Resources.{}: {message}", function.logical_id))?;
    let executable = host
        .executables
        .get(&properties.code.key)
        .with_context(|| format!("there is no {}", properties.code.key))?
        .clone();
    Ok(Function {
        logical_id: function.logical_id.clone(),
        name: function.physical_id.clone(),
        arn,
        executable,
        environment: variables(function, role, host),
        timeout: Duration::from_secs(properties.timeout),
        memory_size_mb: properties.memory_size,
        role: Arc::clone(role),
        log: host.logs.join(format!("{}.log", function.logical_id)),
        log_format: properties.logging_config.log_format,
    })
}

/// The function's own variables and Lambda's
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).
fn variables(
    function: &Declared<declared::Function>,
    role: &Principal,
    host: &Host<'_>,
) -> BTreeMap<String, String> {
    let properties = &function.properties;
    let logging = &properties.logging_config;
    let region = &host.names.environment.region;
    let credentials = &role.credentials;
    let log_group = logging
        .log_group
        .clone()
        .unwrap_or_else(|| format!("/aws/lambda/{}", function.physical_id));
    let mut variables = properties.environment.variables.clone();
    let reserved = [
        ("_HANDLER", properties.handler.clone()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_key.clone()),
        (
            "AWS_SESSION_TOKEN",
            credentials.session_token.clone().unwrap_or_default(),
        ),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_REGION", region.clone()),
        ("AWS_ENDPOINT_URL", host.endpoint.to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.physical_id.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            properties.memory_size.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group),
        (
            "AWS_LAMBDA_LOG_FORMAT",
            logging.log_format.name().to_owned(),
        ),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    if let Some(level) = &logging.application_log_level {
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.clone());
    }
    variables
}
