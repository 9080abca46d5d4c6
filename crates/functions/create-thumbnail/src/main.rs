//! create-thumbnail

use create_thumbnail::{Buckets, Config, Function};
use records::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = invocation::init(Config::from_env(|name| std::env::var(name).ok()))?;
    let aws = invocation::aws(3).await;
    let function = Function {
        objects: Buckets::new(
            aws_sdk_s3::Client::new(&aws),
            &config.raw_bucket,
            config.thumbnail_bucket,
        ),
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config.image_table),
        raw_bucket: config.raw_bucket,
        sizes: config.sizes,
        limits: thumbnail::Limits::default(),
    };
    invocation::serve(async |event, invocation| function.handle(event, invocation).await).await
}
