//! analyze-image

use analyze_image::{AnalyzeImage, Config, Rekognition};
use aws_sdk_rekognition::config::retry::RetryConfig;
use records::{Contents, Store};
use runtime::{Function, RawBucket, Sqs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = runtime::init(Config::from_env(|name| std::env::var(name).ok()))?;
    let aws = runtime::clients(3).await;
    let rekognition = aws_sdk_rekognition::config::Builder::from(&aws)
        .retry_config(RetryConfig::disabled())
        .build();
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let task = AnalyzeImage {
        originals: RawBucket::new(aws_sdk_s3::Client::new(&aws), &config.raw_bucket),
        rekognition: Rekognition::new(
            aws_sdk_rekognition::Client::from_conf(rekognition),
            config.max_labels,
            config.min_confidence,
        ),
        store: Store::new(dynamodb.clone(), config.image_table).with_index(config.label_table),
        contents: Contents::new(dynamodb, config.content_table),
        max_labels: config.max_labels,
        min_confidence: config.min_confidence,
        limits: thumbnail::Limits::default(),
    };
    let function = Function {
        task,
        raw_bucket: config.raw_bucket,
        queue: Sqs::new(aws_sdk_sqs::Client::new(&aws)),
    };
    runtime::serve(function).await
}
