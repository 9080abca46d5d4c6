//! Rekognition's `DetectLabels`, implemented by the crate `recogniser`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use bytes::Bytes;
use local_s3::Store;
use recogniser::Recogniser;
use recogniser::detect_labels::{self, Source, detect_labels};
use tokio::sync::{OnceCell, Semaphore};

use crate::access::Caller;
use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::throttle::Throttle;

/// Analyzes one image at a time, because a decoded image takes most of the memory.
pub struct Rekognition {
    recogniser: OnceCell<Arc<Recogniser>>,
    concurrent: Semaphore,
    store: Arc<Store>,
    throttle: Option<Throttle>,
}

impl Rekognition {
    /// Loads the networks on first use; calls above `rate` a second are throttled.
    #[must_use]
    pub fn new(store: Arc<Store>, rate: Option<NonZeroU32>) -> Self {
        Self {
            throttle: rate.map(Throttle::new),
            recogniser: OnceCell::new(),
            concurrent: Semaphore::new(recogniser::concurrency()),
            store,
        }
    }

    async fn recogniser(&self) -> anyhow::Result<Arc<Recogniser>> {
        let loaded = self
            .recogniser
            .get_or_try_init(|| async {
                let recogniser = tokio::task::spawn_blocking(Recogniser::load).await??;
                anyhow::Ok(Arc::new(recogniser))
            })
            .await
            .context("cannot load the recogniser")?;
        Ok(Arc::clone(loaded))
    }

    async fn object(
        &self,
        call: &Call<'_>,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Bytes, ServiceError> {
        let unreadable = || refused(detect_labels::DetectLabelsError::invalid_s3_object());
        call.access_control
            .check(
                Caller::Principal(call.caller),
                match version {
                    Some(_) => "s3:GetObjectVersion",
                    None => "s3:GetObject",
                },
                &format!("arn:aws:s3:::{bucket}/{key}"),
            )
            .map_err(|_| unreadable())?;
        let object = self
            .store
            .read(bucket, key, version)
            .await
            .map_err(|error| match error {
                local_s3::Error::NoSuchBucket(_) => unreadable(),
                error => ServiceError::internal(&error.into()),
            })?;
        let object = object.ok_or_else(unreadable)?;
        if object.version.size > detect_labels::MAX_OBJECT_BYTES as u64 {
            return Err(refused(detect_labels::DetectLabelsError::image_too_large()));
        }
        object
            .bytes()
            .await
            .map_err(|error| ServiceError::internal(&error.into()))
    }
}

#[async_trait::async_trait]
impl Service for Rekognition {
    /// An object is read with the caller's permission, as on AWS.
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        if call.action != "DetectLabels" {
            return Err(call.unsupported("Rekognition"));
        }
        call.check("rekognition:DetectLabels", "*")?;
        if let Some(throttle) = &self.throttle
            && !throttle.admits(Instant::now())
        {
            return Err(ServiceError::new(
                "ProvisionedThroughputExceededException",
                "The number of requests exceeded your throughput limit.",
            ));
        }
        let request = detect_labels::Request::parse(call.body).map_err(refused)?;
        let image = match request.image() {
            Source::Bytes(bytes) => bytes.clone().into(),
            Source::S3Object {
                bucket,
                name,
                version,
            } => self.object(call, bucket, name, version.as_deref()).await?,
        };
        let recogniser = self
            .recogniser()
            .await
            .map_err(|error| ServiceError::internal(&error))?;
        let _permit = self.concurrent.acquire().await;
        tokio::task::spawn_blocking(move || detect_labels(&recogniser, &request, &image))
            .await
            .map_err(|error| ServiceError::internal(&error.into()))?
            .map(Output::Value)
            .map_err(refused)
    }
}

fn refused(failure: detect_labels::DetectLabelsError) -> ServiceError {
    ServiceError {
        status: http::StatusCode::from_u16(failure.status).unwrap_or(http::StatusCode::BAD_REQUEST),
        code: failure.code.to_owned(),
        message: failure.message,
    }
}
