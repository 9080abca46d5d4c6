//! The way in from Lambda.

use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use events::{Failures, SnsEvent};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};

use crate::Invocation;

/// Sets up the log, and gives the configuration that was read, or says why there is none.
///
/// # Errors
/// What `config` failed with; then Lambda ends the environment.
pub fn init<C, E: std::error::Error>(config: Result<C, E>) -> Result<C, E> {
    lambda_runtime::tracing::init_default_subscriber();
    config.inspect_err(|error| tracing::error!(%error, "init failed"))
}

/// How clients call AWS: with the environment's credentials, over TLS, and so many attempts at most. An operation with
/// all its attempts ends well before a function's minute does.
pub async fn aws(attempts: u32) -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(
            aws_smithy_http_client::Builder::new()
                .tls_provider(tls)
                .build_https(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .timeout_config(timeouts.build())
        .load()
        .await
}

/// Hands every event to `handle`, until Lambda ends the environment.
///
/// # Errors
/// Lambda's Runtime API can't be reached.
pub async fn serve(
    handle: impl AsyncFn(&SnsEvent, &Invocation) -> Result<(), Failures>,
) -> Result<(), lambda_runtime::Error> {
    let handle = &handle;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SnsEvent>| {
        let context = event.context;
        let left = context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        let invocation = Invocation::new(
            Instant::now() + left,
            context.request_id.as_str(),
            context.env_config.function_name.as_str(),
            write,
        );
        Box::pin(handle(&event.payload, &invocation))
            .await
            .map_err(|failures| Diagnostic {
                error_type: "RecordsFailed".into(),
                error_message: failures.to_string(),
            })
    }))
    .await
}

/// Writes a line to standard output, from where Lambda takes it. A line that can't be written is nobody's to know.
fn write(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
