//! What the services behind the AWS port, except S3, have in common.

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::access::{AccessControl, AccessDeniedError, Caller, Principal};

/// A service with actions, whose requests and responses are structures: all but S3.
///
/// The port verifies the signature, decodes the request from the protocol of the client and encodes the response in
/// the same one, so that a service never sees a protocol.
#[async_trait::async_trait]
pub trait Service: Send + Sync {
    /// Performs an action. The service checks the caller's permissions, because only it knows the resources.
    ///
    /// # Errors
    /// The service's own error.
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError>;
}

/// A request to a service, authenticated and decoded.
pub struct Call<'a> {
    /// The action, such as `DetectLabels`.
    pub action: &'a str,
    /// Its parameters: the JSON body or, for a query request, a map of strings.
    pub input: &'a Value,
    /// The head of the request.
    pub head: &'a Parts,
    /// The body as it was sent.
    pub body: &'a Bytes,
    /// The caller.
    pub caller: &'a Principal,
    /// What the caller may do.
    pub access_control: &'a AccessControl,
}

impl Call<'_> {
    /// The `Host` header, for URLs in responses.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.head.headers.get(http::header::HOST);
        host.and_then(|host| host.to_str().ok()).unwrap_or_default()
    }

    /// Checks that the caller may perform `action`, such as `sqs:SendMessage`, on a resource.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub fn check(&self, action: &str, resource_arn: &str) -> Result<(), ServiceError> {
        self.access_control
            .check(Caller::Principal(self.caller), action, resource_arn)
            .map_err(ServiceError::access_denied)
    }

    /// A string that the request must have.
    ///
    /// # Errors
    /// `MissingParameter`.
    pub fn required(&self, parameter: &str) -> Result<&str, ServiceError> {
        self.input[parameter].as_str().ok_or_else(|| {
            ServiceError::new(
                "MissingParameter",
                &format!("The request must contain the parameter {parameter}."),
            )
        })
    }

    /// The error for an action that the service does not have on this machine.
    #[must_use]
    pub fn unsupported(&self, service: &str) -> ServiceError {
        ServiceError {
            status: StatusCode::NOT_IMPLEMENTED,
            code: "NotImplemented".to_owned(),
            message: format!("{service} on this machine has no action {}", self.action),
        }
    }
}

/// What an action returns.
pub enum Output {
    /// A structure, to be encoded in the client's protocol.
    Value(Value),
    /// A response that is encoded already.
    Response(Response<Bytes>),
}

/// An error of a service.
#[derive(Debug, Clone)]
pub struct ServiceError {
    /// 400, or 500 and above when it is the service's fault.
    pub status: StatusCode,
    /// The code, such as `AccessDeniedException`.
    pub code: String,
    /// The message.
    pub message: String,
}

impl ServiceError {
    /// An error that is the caller's fault.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// A denial by policy, which AWS's JSON services report with status 400.
    #[must_use]
    pub fn access_denied(error: AccessDeniedError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "AccessDeniedException".to_owned(),
            message: error.0,
        }
    }

    /// A failure of this machine, logged here because the client is not given its cause.
    #[must_use]
    pub fn internal(error: &anyhow::Error) -> Self {
        tracing::error!("{error:#}");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError".to_owned(),
            message: "internal server error".to_owned(),
        }
    }
}
