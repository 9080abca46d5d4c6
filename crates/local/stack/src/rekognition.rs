//! Rekognition's `DetectLabels`, answered by the crate `recogniser`.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use local_s3::Store;
use recogniser::Recogniser;
use recogniser::detect_labels::{self, Source, detect_labels};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use crate::access::{AccessControl, Caller, Principal};
use crate::service_error::ServiceError;

/// Looks at pictures, one at a time: a decoded picture is what needs memory.
pub struct Rekognition {
    recogniser: OnceCell<Arc<Recogniser>>,
    one_at_a_time: Semaphore,
    store: Arc<Store>,
}

impl Rekognition {
    /// Loads nothing yet.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            recogniser: OnceCell::new(),
            one_at_a_time: Semaphore::new(1),
            store,
        }
    }

    /// Answers an action. An object is read with the caller's permission, as on AWS.
    ///
    /// # Errors
    /// As Rekognition names them.
    pub async fn answer(
        &self,
        access_control: &AccessControl,
        caller: &Principal,
        action: &str,
        body: &[u8],
    ) -> Result<Value, ServiceError> {
        if action != "DetectLabels" {
            return Err(ServiceError::new(
                "UnknownOperationException",
                &format!("{action} is not an operation of Rekognition on this machine"),
            ));
        }
        access_control
            .check(Caller::Principal(caller), "rekognition:DetectLabels", "*")
            .map_err(ServiceError::access_denied)?;
        let request = detect_labels::Request::parse(body).map_err(refused)?;
        let image = match request.image() {
            Source::Bytes(bytes) => bytes.clone().into(),
            Source::S3Object { bucket, name, .. } => {
                self.object(access_control, caller, bucket, name).await?
            }
        };
        let recogniser = self
            .recogniser()
            .await
            .map_err(|error| ServiceError::internal(&error))?;
        let _permit = self.one_at_a_time.acquire().await;
        tokio::task::spawn_blocking(move || detect_labels(&recogniser, &request, &image))
            .await
            .map_err(|error| ServiceError::internal(&error.into()))?
            .map_err(refused)
    }

    async fn recogniser(&self) -> anyhow::Result<Arc<Recogniser>> {
        let loaded = self
            .recogniser
            .get_or_try_init(|| async {
                let recogniser = tokio::task::spawn_blocking(Recogniser::load).await??;
                anyhow::Ok(Arc::new(recogniser))
            })
            .await
            .context("the recogniser does not load")?;
        Ok(Arc::clone(loaded))
    }

    async fn object(
        &self,
        access_control: &AccessControl,
        caller: &Principal,
        bucket: &str,
        key: &str,
    ) -> Result<Bytes, ServiceError> {
        let unreadable = || refused(detect_labels::Failure::invalid_s3_object());
        access_control
            .check(
                Caller::Principal(caller),
                "s3:GetObject",
                &format!("arn:aws:s3:::{bucket}/{key}"),
            )
            .map_err(|_| unreadable())?;
        let object = self
            .store
            .read(bucket, key)
            .await
            .map_err(|error| ServiceError::internal(&error.into()))?;
        let object = object.ok_or_else(unreadable)?;
        if object.entry.size > detect_labels::MAX_OBJECT_BYTES as u64 {
            return Err(refused(detect_labels::Failure::image_too_large()));
        }
        object
            .bytes()
            .await
            .map_err(|error| ServiceError::internal(&error.into()))
    }
}

fn refused(failure: detect_labels::Failure) -> ServiceError {
    ServiceError {
        status: http::StatusCode::from_u16(failure.status).unwrap_or(http::StatusCode::BAD_REQUEST),
        code: failure.code.to_owned(),
        message: failure.message,
    }
}
