//! The types of gateway responses, their names and their default statuses ("Gateway response types for API Gateway",
//! developer guide).

use http::StatusCode;

/// A gateway response type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseType {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    Default4xx,
    Default5xx,
    ExpiredToken,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    MissingAuthenticationToken,
    QuotaExceeded,
    RequestTooLarge,
    ResourceNotFound,
    Throttled,
    Unauthorized,
    UnsupportedMediaType,
    WafFiltered,
}

const TYPES: [(ResponseType, &str, StatusCode); 21] = [
    (
        ResponseType::AccessDenied,
        "ACCESS_DENIED",
        StatusCode::FORBIDDEN,
    ),
    (
        ResponseType::ApiConfigurationError,
        "API_CONFIGURATION_ERROR",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        ResponseType::AuthorizerConfigurationError,
        "AUTHORIZER_CONFIGURATION_ERROR",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        ResponseType::AuthorizerFailure,
        "AUTHORIZER_FAILURE",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        ResponseType::BadRequestBody,
        "BAD_REQUEST_BODY",
        StatusCode::BAD_REQUEST,
    ),
    (
        ResponseType::BadRequestParameters,
        "BAD_REQUEST_PARAMETERS",
        StatusCode::BAD_REQUEST,
    ),
    (
        ResponseType::Default4xx,
        "DEFAULT_4XX",
        StatusCode::BAD_REQUEST,
    ),
    (
        ResponseType::Default5xx,
        "DEFAULT_5XX",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        ResponseType::ExpiredToken,
        "EXPIRED_TOKEN",
        StatusCode::FORBIDDEN,
    ),
    (
        ResponseType::IntegrationFailure,
        "INTEGRATION_FAILURE",
        StatusCode::GATEWAY_TIMEOUT,
    ),
    (
        ResponseType::IntegrationTimeout,
        "INTEGRATION_TIMEOUT",
        StatusCode::GATEWAY_TIMEOUT,
    ),
    (
        ResponseType::InvalidApiKey,
        "INVALID_API_KEY",
        StatusCode::FORBIDDEN,
    ),
    (
        ResponseType::InvalidSignature,
        "INVALID_SIGNATURE",
        StatusCode::FORBIDDEN,
    ),
    (
        ResponseType::MissingAuthenticationToken,
        "MISSING_AUTHENTICATION_TOKEN",
        StatusCode::FORBIDDEN,
    ),
    (
        ResponseType::QuotaExceeded,
        "QUOTA_EXCEEDED",
        StatusCode::TOO_MANY_REQUESTS,
    ),
    (
        ResponseType::RequestTooLarge,
        "REQUEST_TOO_LARGE",
        StatusCode::PAYLOAD_TOO_LARGE,
    ),
    (
        ResponseType::ResourceNotFound,
        "RESOURCE_NOT_FOUND",
        StatusCode::NOT_FOUND,
    ),
    (
        ResponseType::Throttled,
        "THROTTLED",
        StatusCode::TOO_MANY_REQUESTS,
    ),
    (
        ResponseType::Unauthorized,
        "UNAUTHORIZED",
        StatusCode::UNAUTHORIZED,
    ),
    (
        ResponseType::UnsupportedMediaType,
        "UNSUPPORTED_MEDIA_TYPE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ),
    (
        ResponseType::WafFiltered,
        "WAF_FILTERED",
        StatusCode::FORBIDDEN,
    ),
];

impl ResponseType {
    /// The type of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        TYPES
            .iter()
            .find(|(_, n, _)| *n == name)
            .map(|(kind, ..)| *kind)
    }

    /// The name in documents.
    pub(crate) fn name(self) -> &'static str {
        self.entry().1
    }

    /// The status, unless it is customised.
    pub(crate) fn status(self) -> StatusCode {
        self.entry().2
    }

    fn entry(self) -> &'static (ResponseType, &'static str, StatusCode) {
        // Each type is in the table, at its own index: `every_type_is_in_the_table`.
        &TYPES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_in_the_table() {
        for (index, (kind, name, _)) in TYPES.iter().enumerate() {
            assert_eq!(*kind as usize, index, "{name}");
            assert_eq!(ResponseType::named(name), Some(*kind));
            assert_eq!(kind.name(), *name);
        }
        assert_eq!(
            TYPES.last().map(|(kind, ..)| *kind),
            Some(ResponseType::WafFiltered)
        );
        assert_eq!(ResponseType::named("TEAPOT"), None);
    }
}
