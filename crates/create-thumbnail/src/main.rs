//! create-thumbnail

use std::time::{Duration, Instant, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use create_thumbnail::{Buckets, Config, Function};
use events::SnsEvent;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use records::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = Config::from_env(|name| std::env::var(name).ok())
        .inspect_err(|error| lambda_runtime::tracing::error!(%error, "init failed"))?;
    let tls = Provider::Rustls(CryptoMode::Ring);
    // An operation with all its retries ends well before the function's minute does.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25));
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .http_client(
            aws_smithy_http_client::Builder::new()
                .tls_provider(tls)
                .build_https(),
        )
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts.build())
        .load()
        .await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let function = Function {
        objects: Buckets::new(s3, &config.raw_bucket, config.thumbnail_bucket),
        store: Store::new(dynamodb, config.image_table),
        raw_bucket: config.raw_bucket,
        sizes: config.sizes,
        limits: thumbnail::Limits::default(),
    };
    let function = &function;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SnsEvent>| {
        let left = event
            .context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        function
            .handle(&event.payload, Instant::now() + left)
            .await
            .map_err(|failures| Diagnostic {
                error_type: "RecordsFailed".into(),
                error_message: failures.to_string(),
            })
    }))
    .await
}
