//! The connection to Lambda.

use std::io::Write as _;
use std::time::{Instant, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

use crate::{Function, Invocation, Queue, Task};

/// Sets up the log, and logs why `config` failed, if it did.
///
/// # Errors
/// Those of `config`; Lambda then ends the environment.
pub fn init<C, E: std::error::Error>(config: Result<C, E>) -> Result<C, E> {
    lambda_runtime::tracing::init_default_subscriber();
    config.inspect_err(|error| tracing::error!(%error, "init failed"))
}

/// Passes every invocation to `function`, until Lambda ends the environment.
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve<T: Task, Q: Queue>(
    function: Function<T, Q>,
) -> Result<(), lambda_runtime::Error> {
    let function = &function;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
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
        function
            .handle(&event.payload, &invocation)
            .await
            .map_err(|failures| Diagnostic {
                error_type: "RecordsFailed".into(),
                error_message: failures.to_string(),
            })
    }))
    .await
}

/// Writes a line to standard output, which Lambda logs. Write errors are ignored: there is nowhere to report them.
fn write(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
