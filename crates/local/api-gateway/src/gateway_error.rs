//! The errors with which the gateway itself ends a request, with AWS's messages.

use http::StatusCode;

use crate::authorizer::AuthorizationError;
use crate::backend::BackendError;
use crate::response_type::ResponseType;

/// A request that the gateway itself ends.
#[derive(Debug, Clone)]
pub(crate) struct GatewayError {
    /// Which gateway response applies.
    pub(crate) kind: ResponseType,
    /// The status, unless the gateway response is customised.
    pub(crate) status: StatusCode,
    /// `x-amzn-ErrorType`.
    pub(crate) error_type: &'static str,
    /// `$context.error.message`.
    pub(crate) message: String,
    /// For the operator.
    pub(crate) diagnostic: String,
    /// Whether the document's gateway responses apply; not if no stage was found or the body is too large.
    pub(crate) customisable: bool,
}

impl GatewayError {
    fn new(kind: ResponseType, error_type: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            status: kind.status(),
            error_type,
            diagnostic: format!("{}: {message}", kind.name()),
            message,
            customisable: true,
        }
    }

    fn because(mut self, diagnostic: impl std::fmt::Display) -> Self {
        self.diagnostic = format!("{}: {diagnostic}", self.kind.name());
        self
    }

    /// No such stage.
    pub(crate) fn no_stage() -> Self {
        let mut failure = Self::new(
            ResponseType::MissingAuthenticationToken,
            "ForbiddenException",
            "Forbidden",
        )
        .because("no such stage");
        failure.customisable = false;
        failure
    }

    /// No such resource or method; AWS does not distinguish that from a missing signature.
    pub(crate) fn no_route() -> Self {
        Self::missing_token().because("no such resource or method")
    }

    fn missing_token() -> Self {
        Self::new(
            ResponseType::MissingAuthenticationToken,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    }

    /// A percent sign in the path without two hexadecimal digits.
    pub(crate) fn bad_path() -> Self {
        let mut failure = Self::new(
            ResponseType::Default4xx,
            "BadRequestException",
            "Bad Request",
        )
        .because("a percent sign in the path without two hexadecimal digits");
        failure.status = StatusCode::BAD_REQUEST;
        failure
    }

    /// A path parameter that is not UTF-8.
    pub(crate) fn path_not_utf8() -> Self {
        Self::bad_path().because("a path parameter is not UTF-8")
    }

    /// The body is over 10 MB. This gateway response cannot be customised ("Amazon API Gateway important notes").
    pub(crate) fn too_large() -> Self {
        let mut failure = Self::new(
            ResponseType::RequestTooLarge,
            "RequestEntityTooLargeException",
            "Request Too Long",
        );
        failure.customisable = false;
        failure
    }

    /// The method's ARN exceeds the limit of a policy's resource.
    pub(crate) fn arn_too_long(length: usize) -> Self {
        let mut failure = Self::new(
            ResponseType::Default4xx,
            "RequestURITooLargeException",
            "Request-URI Too Large",
        )
        .because(format!("the method's ARN has {length} bytes"));
        failure.status = StatusCode::URI_TOO_LONG;
        failure
    }

    /// Required parameters are missing.
    pub(crate) fn missing_parameters(names: &[&str]) -> Self {
        let message = format!(
            "Missing required request parameters: [{}]",
            names.join(", ")
        );
        Self::new(
            ResponseType::BadRequestParameters,
            "BadRequestException",
            message,
        )
    }

    /// No template for the request's media type.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            ResponseType::UnsupportedMediaType,
            "BadRequestException",
            "Unsupported Media Type",
        )
    }

    /// The API cannot do what its document declares.
    pub(crate) fn configuration(diagnostic: impl std::fmt::Display) -> Self {
        Self::new(
            ResponseType::ApiConfigurationError,
            "InternalServerErrorException",
            "Internal server error",
        )
        .because(diagnostic)
    }
}

impl From<AuthorizationError> for GatewayError {
    fn from(denied: AuthorizationError) -> Self {
        match denied {
            AuthorizationError::MissingAuthenticationToken => Self::missing_token(),
            AuthorizationError::IncompleteSignature(message) => Self::new(
                ResponseType::InvalidSignature,
                "IncompleteSignatureException",
                message,
            ),
            AuthorizationError::InvalidSignature(message) => Self::new(
                ResponseType::InvalidSignature,
                "InvalidSignatureException",
                message,
            ),
            AuthorizationError::UnrecognizedClient(message) => Self::new(
                ResponseType::InvalidSignature,
                "UnrecognizedClientException",
                message,
            ),
            AuthorizationError::ExpiredToken(message) => {
                Self::new(ResponseType::ExpiredToken, "ExpiredTokenException", message)
            }
            AuthorizationError::AccessDenied(message) => {
                Self::new(ResponseType::AccessDenied, "AccessDeniedException", message)
            }
            AuthorizationError::InvalidApiKey => Self::new(
                ResponseType::InvalidApiKey,
                "ForbiddenException",
                "Forbidden",
            ),
            AuthorizationError::Throttled => Self::new(
                ResponseType::Throttled,
                "TooManyRequestsException",
                "Too Many Requests",
            ),
            AuthorizationError::QuotaExceeded => Self::new(
                ResponseType::QuotaExceeded,
                "LimitExceededException",
                "Limit Exceeded",
            ),
        }
    }
}

impl From<BackendError> for GatewayError {
    fn from(error: BackendError) -> Self {
        let failure = match &error {
            BackendError::Timeout => Self::new(
                ResponseType::IntegrationTimeout,
                "InternalServerErrorException",
                "Endpoint request timed out",
            ),
            BackendError::Connection(_) => Self::new(
                ResponseType::IntegrationFailure,
                "InternalServerErrorException",
                "Network error communicating with endpoint",
            ),
            BackendError::TooLarge | BackendError::Role(_) => Self::configuration(""),
        };
        let mut diagnostic = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            diagnostic = format!("{diagnostic}: {cause}");
            source = cause.source();
        }
        failure.because(diagnostic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_for_the_operator_and_not_for_the_client() {
        let failure = GatewayError::from(BackendError::Connection("refused".into()));
        assert_eq!(failure.status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(failure.message, "Network error communicating with endpoint");
        assert_eq!(
            failure.diagnostic,
            "INTEGRATION_FAILURE: the service cannot be reached: refused"
        );
    }

    #[test]
    fn missing_parameters_are_listed() {
        let failure = GatewayError::missing_parameters(&["a", "b"]);
        assert_eq!(
            failure.message,
            "Missing required request parameters: [a, b]"
        );
    }
}
