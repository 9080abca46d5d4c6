//! analyze-image

use analyze_image::{Config, Function, Originals, Rekognition};
use records::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = invocation::init(Config::from_env(|name| std::env::var(name).ok()))?;
    // Rekognition takes some five calls a second in most regions: a burst of uploads has to wait for its turn.
    let aws = invocation::aws(6).await;
    let function = Function {
        objects: Originals::new(aws_sdk_s3::Client::new(&aws), &config.raw_bucket),
        recogniser: Rekognition::new(
            aws_sdk_rekognition::Client::new(&aws),
            config.max_labels,
            config.min_confidence,
        ),
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config.image_table)
            .with_index(config.label_table),
        raw_bucket: config.raw_bucket,
        max_labels: config.max_labels,
        limits: thumbnail::Limits::default(),
    };
    invocation::serve(async |event, invocation| function.handle(event, invocation).await).await
}
