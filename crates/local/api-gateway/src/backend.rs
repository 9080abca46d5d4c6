//! What the gateway needs of the AWS services behind it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// Calls an AWS service as a role.
#[async_trait::async_trait]
pub trait Backend: Send + Sync {
    /// Sends `target` to its service, signed as the role `role_arn` (the integration's `credentials`).
    ///
    /// # Errors
    /// There is no response. One with an error status is not an error.
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError>;
}

/// A service that integrations can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// S3, by path: `/{bucket}/{key}`.
    S3,
    /// `DynamoDB`, by action: a POST to `/` with `X-Amz-Target`.
    DynamoDb,
}

impl Service {
    /// The service's name in ARNs and signatures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::DynamoDb => "dynamodb",
        }
    }
}

/// A request to an AWS service, complete except for host and signature.
#[derive(Debug, Clone)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The region of the integration's URI.
    pub region: String,
    /// The method.
    pub method: Method,
    /// The path as it is to be sent, percent-encoded: `/bucket/a%20b.jpg`.
    pub path: String,
    /// The query as it is to be sent, without its `?`; may be empty.
    pub query: String,
    /// Headers to send.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long the response may take (`timeoutInMillis`, at most 29 s); then [`BackendError::Timeout`].
    pub timeout: Duration,
}

/// A service's response.
#[derive(Debug, Clone)]
pub struct BackendResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// None within the integration's timeout.
    #[error("the service did not respond in time")]
    Timeout,
    /// The response is larger than a gateway passes on ([`MAX_PAYLOAD`](crate::MAX_PAYLOAD)); a back end may report that
    /// before it has read all of it.
    #[error("the service's response is larger than 10 MB")]
    TooLarge,
    /// The gateway may not assume the role, or it does not exist.
    #[error("the gateway cannot assume the role: {0}")]
    Role(String),
    /// The service cannot be reached.
    #[error("the service cannot be reached")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}
