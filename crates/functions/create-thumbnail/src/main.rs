//! create-thumbnail

use create_thumbnail::{Config, CreateThumbnail, ThumbnailBucket};
use records::Store;
use runtime::{Function, RawBucket, Sqs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = runtime::init(Config::from_env(|name| std::env::var(name).ok()))?;
    let aws = runtime::clients(3).await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let task = CreateThumbnail {
        originals: RawBucket::new(s3.clone(), &config.raw_bucket),
        thumbnails: ThumbnailBucket::new(s3, config.thumbnail_bucket),
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config.image_table),
        sizes: config.sizes,
        limits: thumbnail::Limits::default(),
    };
    let function = Function {
        task,
        raw_bucket: config.raw_bucket,
        queue: Sqs::new(aws_sdk_sqs::Client::new(&aws)),
    };
    runtime::serve(function).await
}
