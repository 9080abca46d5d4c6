//! Method response: builds the client's response from the integration's.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::Api;
use crate::content_handling::{self, Payload};
use crate::gateway_error::GatewayError;
use crate::mapping::ResponseSource;
use crate::media_types::media_type;
use crate::model::Templates;
use crate::request_context::RequestContext;
use crate::steps::integration_response::Selected;
use crate::steps::template;

/// The client's response, without the headers that every response has.
#[derive(Debug)]
pub(crate) struct MethodResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the response carries a trace id.
    pub(crate) trace: bool,
}

/// Headers that reach the client only as `x-amzn-Remapped-…` ("Amazon API Gateway important notes").
const REMAPPED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "trailer",
    "upgrade",
    "user-agent",
    "www-authenticate",
];

/// Maps headers, converts the payload, renders the template, and applies the templates' overrides.
pub(crate) fn map_response(selected: &Selected, api: &Api) -> Result<MethodResponse, GatewayError> {
    let response = selected.response();
    let request_context = selected.validated().request_context();
    let backend_response = selected.backend_response();

    let mut headers = HeaderMap::new();
    for (name, source) in &response.headers {
        let value = match source {
            ResponseSource::Header(name) => last(selected.headers(), name),
            ResponseSource::Body(path) => path.of(&backend_response.body),
            ResponseSource::Shared(source) => request_context.shared(source),
        };
        if let Some(value) = value {
            let (name, value) = template::header(name.as_str(), &value)?;
            headers.insert(name, value);
        }
    }

    let types = &api.document.binary_media_types;
    let binary = types.matches(last(&backend_response.headers, &CONTENT_TYPE).as_deref());
    let accepted = types.matches(request_context.accept());
    let payload = content_handling::response(
        backend_response.body.clone(),
        binary,
        accepted,
        response.content_handling,
    )
    .map_err(GatewayError::configuration)?;

    let mut overrides = selected.overrides().clone();
    let body = match (template_for(&response.templates, request_context), payload) {
        (None, payload) => payload.into_bytes(),
        (Some(template), Payload::Text(text)) => {
            template::render(template, text, request_context, &mut overrides)?
                .0
                .into()
        }
        (Some(_), Payload::Bytes(_)) => {
            return Err(GatewayError::configuration(
                "a mapping template got bytes: CONVERT_TO_TEXT is missing",
            ));
        }
    };
    for (name, value) in &overrides.headers {
        let (name, value) = template::header(name, value)?;
        headers.insert(name, value);
    }
    remap(&mut headers)?;
    let json = HeaderValue::from_static("application/json");
    headers.entry(CONTENT_TYPE).or_insert(json);
    Ok(MethodResponse {
        status: overrides.status.unwrap_or(response.status),
        headers,
        body,
        trace: selected.trace(),
    })
}

/// The template that the client accepts, else the JSON one, else the first: one template applies whatever the type.
fn template_for<'a>(
    templates: &'a Templates,
    request_context: &RequestContext,
) -> Option<&'a vtl::Template> {
    request_context
        .accept()
        .and_then(|accept| templates.get(&media_type(accept)))
        .or_else(|| templates.get("application/json"))
        .or_else(|| templates.0.first().map(|(_, template)| template))
}

fn last(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get_all(name).iter().next_back()?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn remap(headers: &mut HeaderMap) -> Result<(), GatewayError> {
    headers.remove("transfer-encoding");
    for name in REMAPPED {
        if let Some(value) = headers.remove(*name) {
            let remapped = format!("x-amzn-remapped-{name}");
            headers.insert(
                HeaderName::try_from(remapped).map_err(GatewayError::configuration)?,
                value,
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Canned, api, get, selected};

    fn with(response: &str) -> String {
        format!(
            r#"
  /x:
    get:
      responses:
        "200": {{headers: {{ETag: {{}}, X-Kind: {{}}, X-Stage: {{}}, Date: {{}}, Content-Type: {{}}}}}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: GET
        uri: arn:aws:apigateway:eu-west-1:s3:path/b/k
        credentials: arn:aws:iam::1:role/r
        responses:
          default:
            statusCode: 200
{response}"#
        )
    }

    async fn responded(response: &str, canned: &Canned) -> Result<MethodResponse, GatewayError> {
        let api = api(&with(response));
        let request = get("/v1/x?q=1");
        let selected = selected(&api, &request, canned).await.unwrap();
        map_response(&selected, &api)
    }

    #[tokio::test]
    async fn only_mapped_headers_reach_the_client() {
        let mapping = "            responseParameters:
              method.response.header.ETag: integration.response.header.etag
              method.response.header.X-Kind: integration.response.body.kind
              method.response.header.X-Stage: context.stage
              method.response.header.Date: integration.response.header.date";
        let canned = Canned::json(r#"{"kind": "k"}"#)
            .header("etag", "\"1\"")
            .header("x-amz-id-2", "s")
            .header("date", "d");
        let backend_response = responded(mapping, &canned).await.unwrap();
        let mut seen: Vec<_> = backend_response
            .headers
            .iter()
            .map(|(n, v)| format!("{n}: {}", v.to_str().unwrap()))
            .collect();
        seen.sort();
        assert_eq!(
            seen,
            [
                "content-type: application/json",
                "etag: \"1\"",
                "x-amzn-remapped-date: d",
                "x-kind: k",
                "x-stage: v1"
            ]
        );
        let backend_response = responded(mapping, &Canned::json("{}")).await.unwrap();
        assert!(
            !backend_response.headers.contains_key("etag")
                && !backend_response.headers.contains_key("x-kind")
        );
    }

    #[tokio::test]
    async fn the_content_type_is_json_unless_mapped() {
        let canned = Canned::json("x").header("content-type", "image/png");
        let mapping = "            responseParameters:
              method.response.header.Content-Type: integration.response.header.Content-Type";
        assert_eq!(
            responded("", &canned).await.unwrap().headers["content-type"],
            "application/json"
        );
        assert_eq!(
            responded(mapping, &canned).await.unwrap().headers["content-type"],
            "image/png"
        );
    }

    #[tokio::test]
    async fn a_template_renders_and_overrides() {
        let mapping = r#"            responseTemplates:
              application/json: |-
                #set($context.responseOverride.status = 404)
                #set($context.responseOverride.header.X-Not-Declared = "yes")
                {"kind": "$input.path('$.kind')", "q": "$input.params('q')"}"#;
        let backend_response = responded(mapping, &Canned::json(r#"{"kind": "k"}"#))
            .await
            .unwrap();
        assert_eq!(backend_response.status.as_u16(), 404);
        assert_eq!(backend_response.headers["x-not-declared"], "yes");
        assert_eq!(backend_response.body, r#"{"kind": "k", "q": "1"}"#);
    }

    #[tokio::test]
    async fn a_status_that_is_none_is_ignored() {
        let mapping = "            responseTemplates: {application/json: '#set($context.responseOverride.status = 600)x'}";
        let backend_response = responded(mapping, &Canned::json("{}")).await.unwrap();
        assert_eq!(backend_response.status.as_u16(), 200);
    }

    #[tokio::test]
    async fn an_empty_template_lets_the_body_pass() {
        let mapping = "            responseTemplates: {application/json: ''}";
        assert_eq!(
            responded(mapping, &Canned::json("{}")).await.unwrap().body,
            "{}"
        );
    }

    #[tokio::test]
    async fn a_header_with_a_line_end_is_an_error() {
        let mapping = r#"            responseTemplates:
              application/json: '#set($context.responseOverride.header.X = $input.path("$.x"))'"#;
        let failure = responded(mapping, &Canned::json(r#"{"x": "a\r\nSet-Cookie: b"}"#))
            .await
            .unwrap_err();
        assert_eq!(failure.status.as_u16(), 500);
    }
}
