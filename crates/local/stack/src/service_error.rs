//! What AWS's JSON services have in common: errors and required members.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// An error as the JSON protocols carry it.
#[derive(Debug)]
pub struct ServiceError {
    /// 400, or 500 when it is the service's fault.
    pub status: StatusCode,
    /// `__type`
    pub code: String,
    /// For people.
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

    /// A policy doesn't allow it. AWS's JSON services answer 400, not 403.
    #[must_use]
    pub fn access_denied(message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "AccessDeniedException".to_owned(),
            message,
        }
    }

    /// An error that is this machine's fault.
    #[must_use]
    pub fn internal(error: &anyhow::Error) -> Self {
        tracing::error!("{error:#}");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError".to_owned(),
            message: "internal server error".to_owned(),
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Bytes {
        // Services differ in the letter's case: Rekognition and DynamoDB's refusals say Message.
        let body = json!({"__type": self.code, "message": self.message, "Message": self.message});
        Bytes::from(body.to_string())
    }
}

/// A text that a request must have.
///
/// # Errors
/// `MissingParameter`.
pub fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, ServiceError> {
    request[name].as_str().ok_or_else(|| {
        ServiceError::new(
            "MissingParameter",
            &format!("The request must contain the parameter {name}."),
        )
    })
}
