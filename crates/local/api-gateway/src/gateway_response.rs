//! Gateway responses: what the client gets when the gateway itself refuses or fails.
//!
//! Types and default statuses: "Gateway response types for API Gateway" (developer guide).

use http::{HeaderName, StatusCode};

use crate::failure::Failure;
use crate::mapping::{RequestSource, Shared};
use crate::media_types::media_type;
use crate::scope::Scope;

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

use ResponseType as Type;

const TYPES: [(Type, &str, StatusCode); 21] = [
    (Type::AccessDenied, "ACCESS_DENIED", StatusCode::FORBIDDEN),
    (
        Type::ApiConfigurationError,
        "API_CONFIGURATION_ERROR",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        Type::AuthorizerConfigurationError,
        "AUTHORIZER_CONFIGURATION_ERROR",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        Type::AuthorizerFailure,
        "AUTHORIZER_FAILURE",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (
        Type::BadRequestBody,
        "BAD_REQUEST_BODY",
        StatusCode::BAD_REQUEST,
    ),
    (
        Type::BadRequestParameters,
        "BAD_REQUEST_PARAMETERS",
        StatusCode::BAD_REQUEST,
    ),
    (Type::Default4xx, "DEFAULT_4XX", StatusCode::BAD_REQUEST),
    (
        Type::Default5xx,
        "DEFAULT_5XX",
        StatusCode::INTERNAL_SERVER_ERROR,
    ),
    (Type::ExpiredToken, "EXPIRED_TOKEN", StatusCode::FORBIDDEN),
    (
        Type::IntegrationFailure,
        "INTEGRATION_FAILURE",
        StatusCode::GATEWAY_TIMEOUT,
    ),
    (
        Type::IntegrationTimeout,
        "INTEGRATION_TIMEOUT",
        StatusCode::GATEWAY_TIMEOUT,
    ),
    (
        Type::InvalidApiKey,
        "INVALID_API_KEY",
        StatusCode::FORBIDDEN,
    ),
    (
        Type::InvalidSignature,
        "INVALID_SIGNATURE",
        StatusCode::FORBIDDEN,
    ),
    (
        Type::MissingAuthenticationToken,
        "MISSING_AUTHENTICATION_TOKEN",
        StatusCode::FORBIDDEN,
    ),
    (
        Type::QuotaExceeded,
        "QUOTA_EXCEEDED",
        StatusCode::TOO_MANY_REQUESTS,
    ),
    (
        Type::RequestTooLarge,
        "REQUEST_TOO_LARGE",
        StatusCode::PAYLOAD_TOO_LARGE,
    ),
    (
        Type::ResourceNotFound,
        "RESOURCE_NOT_FOUND",
        StatusCode::NOT_FOUND,
    ),
    (Type::Throttled, "THROTTLED", StatusCode::TOO_MANY_REQUESTS),
    (Type::Unauthorized, "UNAUTHORIZED", StatusCode::UNAUTHORIZED),
    (
        Type::UnsupportedMediaType,
        "UNSUPPORTED_MEDIA_TYPE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ),
    (Type::WafFiltered, "WAF_FILTERED", StatusCode::FORBIDDEN),
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

    fn entry(self) -> &'static (Type, &'static str, StatusCode) {
        // Every type is in the table, each at its own place: `every_type_is_in_the_table`.
        &TYPES[self as usize]
    }
}

/// A gateway response as the document customises it.
#[derive(Debug, Default)]
pub(crate) struct Customised {
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Vec<(HeaderName, RequestSource)>,
    pub(crate) templates: Vec<(String, ErrorTemplate)>,
}

/// All that the document customises.
#[derive(Debug, Default)]
pub(crate) struct GatewayResponses(Vec<(ResponseType, Customised)>);

/// A gateway response, filled in.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: String,
}

impl GatewayResponses {
    /// Customises one type.
    pub(crate) fn customise(&mut self, kind: ResponseType, customised: Customised) {
        self.0.push((kind, customised));
    }

    /// The type's own response, else that of `DEFAULT_4XX` or `DEFAULT_5XX`, by the type's status.
    fn find(&self, kind: ResponseType, status: StatusCode) -> Option<&Customised> {
        let by = |kind: ResponseType| {
            let mut found = self.0.iter().filter(move |(k, _)| *k == kind);
            found.next().map(|(_, customised)| customised)
        };
        let default = if status.is_server_error() {
            Type::Default5xx
        } else {
            Type::Default4xx
        };
        by(kind).or_else(|| by(default))
    }

    /// Fills the response for a failure in.
    pub(crate) fn render(&self, failure: &Failure, scope: &Scope) -> Rendered {
        let customised = self
            .find(failure.kind, failure.status)
            .filter(|_| failure.customisable);
        let mut rendered = Rendered {
            status: customised
                .and_then(|custom| custom.status)
                .unwrap_or(failure.status),
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        };
        for (name, source) in customised.map_or(&[][..], |custom| &custom.headers) {
            if let Some(value) = scope.request(source) {
                rendered.headers.push((name.clone(), value));
            }
        }
        match customised.and_then(|custom| custom.template(scope)) {
            Some((media_type, template)) => {
                rendered.content_type.clone_from(media_type);
                rendered.body = template.fill(scope);
            }
            None => rendered.body = default_body(failure),
        }
        rendered
    }
}

/// The documented default template is `{"message":$context.error.messageString}`; a denial by policy is known to
/// spell it `Message`.
fn default_body(failure: &Failure) -> String {
    let name = if failure.kind == Type::AccessDenied {
        "Message"
    } else {
        "message"
    };
    serde_json::json!({ name: failure.message }).to_string()
}

impl Customised {
    /// The template that the client accepts, else the JSON one, else the first.
    fn template(&self, scope: &Scope) -> Option<&(String, ErrorTemplate)> {
        let accepted = scope.accept().map(media_type);
        let by = |wanted: &str| self.templates.iter().find(|(name, _)| name == wanted);
        accepted
            .and_then(|accepted| by(&accepted))
            .or_else(|| by("application/json"))
            .or_else(|| self.templates.first())
    }
}

/// A gateway response's template: text and variables, no Velocity ("Gateway responses in API Gateway").
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ErrorTemplate(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(RequestSource),
}

/// Variables of errors and of what is known before a method was found.
const ERROR_CONTEXT: &[&str] = &[
    "accountId",
    "apiId",
    "domainName",
    "domainPrefix",
    "error.message",
    "error.messageString",
    "error.responseType",
    "extendedRequestId",
    "httpMethod",
    "identity.sourceIp",
    "identity.userAgent",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "stage",
];

impl ErrorTemplate {
    /// Reads a template.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_owned()));
            let end = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
                .unwrap_or(after.len());
            let name = after[..end].trim_end_matches(['.', '-']);
            rest = &after[name.len()..];
            let source = variable(name).map_err(|_| {
                format!("`${name}` is not supported in gateway responses by this gateway")
            })?;
            parts.push(Part::Variable(source));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    fn fill(&self, scope: &Scope) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(source) => scope.request(source).unwrap_or_default(),
            })
            .collect()
    }
}

/// Reads a source as gateway responses have them, in templates after a `$`.
pub(crate) fn variable(expression: &str) -> Result<RequestSource, String> {
    let refused =
        || format!("`{expression}` is not supported in gateway responses by this gateway");
    if let Some(name) = expression.strip_prefix("context.") {
        let known = ERROR_CONTEXT.contains(&name);
        return known
            .then(|| RequestSource::Shared(Shared::Context(name.to_owned())))
            .ok_or_else(refused);
    }
    match RequestSource::parse(expression)? {
        // A gateway response may come before there is a path.
        RequestSource::Path(_) | RequestSource::Body(_) => Err(refused()),
        source => Ok(source),
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
            Some(Type::WafFiltered)
        );
        assert_eq!(ResponseType::named("TEAPOT"), None);
    }

    #[test]
    fn a_template_has_variables_but_no_velocity() {
        assert!(ErrorTemplate::parse(r#"{"message":$context.error.messageString}"#).is_ok());
        assert!(ErrorTemplate::parse("$context.requestId. $stageVariables.a").is_ok());
        for template in [
            "$input.body",
            "$context.authorizer.x",
            "costs 5$",
            "$util.escapeJavaScript($x)",
        ] {
            assert!(ErrorTemplate::parse(template).is_err(), "{template}");
        }
    }
}
