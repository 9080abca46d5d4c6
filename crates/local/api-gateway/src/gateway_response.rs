//! Gateway responses: what the client gets when the gateway itself refuses or fails.
//!
//! Types and default statuses: "Gateway response types for API Gateway" (developer guide).

use http::{HeaderName, StatusCode};

use crate::gateway_error::GatewayError;
use crate::mapping::{RequestSource, Shared};
use crate::media_types::media_type;
use crate::request_context::RequestContext;
use crate::response_type::ResponseType;

/// A gateway response as the document customises it.
#[derive(Debug, Default)]
pub(crate) struct Customised {
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Vec<(HeaderName, RequestSource)>,
    pub(crate) templates: Vec<(String, ErrorTemplate)>,
}

/// The gateway responses that the document customises.
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
            ResponseType::Default5xx
        } else {
            ResponseType::Default4xx
        };
        by(kind).or_else(|| by(default))
    }

    /// Renders the response for a failure.
    pub(crate) fn render(
        &self,
        failure: &GatewayError,
        request_context: &RequestContext,
    ) -> Rendered {
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
            if let Some(value) = request_context.request(source) {
                rendered.headers.push((name.clone(), value));
            }
        }
        match customised.and_then(|custom| custom.template(request_context)) {
            Some((media_type, template)) => {
                rendered.content_type.clone_from(media_type);
                rendered.body = template.fill(request_context);
            }
            None => rendered.body = default_body(failure),
        }
        rendered
    }
}

/// The documented default template is `{"message":$context.error.messageString}`; a denial by policy is known to have
/// `Message`.
fn default_body(failure: &GatewayError) -> String {
    let name = if failure.kind == ResponseType::AccessDenied {
        "Message"
    } else {
        "message"
    };
    serde_json::json!({ name: failure.message }).to_string()
}

impl Customised {
    /// The template that the client accepts, else the JSON one, else the first.
    fn template(&self, request_context: &RequestContext) -> Option<&(String, ErrorTemplate)> {
        let accepted = request_context.accept().map(media_type);
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

/// Variables of errors, and those that are known before a method is found.
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

    fn fill(&self, request_context: &RequestContext) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(source) => request_context.request(source).unwrap_or_default(),
            })
            .collect()
    }
}

/// Reads a source of a gateway response; templates have them after a `$`.
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
        // A request may fail before it has path parameters.
        RequestSource::Path(_) | RequestSource::Body(_) => Err(refused()),
        source => Ok(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
