//! analyze-image

use analyze_image::{AnalyzeImage, Config, Rekognition};
use records::Store;
use runtime::{Function, RawBucket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = runtime::init(Config::from_env(|name| std::env::var(name).ok()))?;
    // Rekognition allows some five calls a second in most regions: a burst of uploads has to wait.
    let aws = runtime::clients(6).await;
    let task = AnalyzeImage {
        originals: RawBucket::new(aws_sdk_s3::Client::new(&aws), &config.raw_bucket),
        rekognition: Rekognition::new(
            aws_sdk_rekognition::Client::new(&aws),
            config.max_labels,
            config.min_confidence,
        ),
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config.image_table)
            .with_index(config.label_table),
        max_labels: config.max_labels,
        limits: thumbnail::Limits::default(),
    };
    let function = Function {
        task,
        raw_bucket: config.raw_bucket,
    };
    runtime::serve(function).await
}
