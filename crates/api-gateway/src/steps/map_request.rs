//! Map request: from the client's request to the one that the back end gets.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method as HttpMethod, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;

use crate::Api;
use crate::backend::Target;
use crate::content_handling::{self, Payload};
use crate::failure::Failure;
use crate::media_types::media_type;
use crate::model::{Address, AwsEndpoint, Endpoint, Integration, Passthrough, Piece};
use crate::scope::Scope;
use crate::steps::template::{self, Overrides};
use crate::steps::validate::Validated;

/// A request that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Mapped<'a> {
    validated: Validated<'a>,
    call: Call<'a>,
    overrides: Overrides,
}

/// What is to be called.
#[derive(Debug)]
pub(crate) enum Call<'a> {
    /// Nobody: this is the status.
    Mock(StatusCode),
    /// A service, as a role.
    Aws(&'a str, Box<Target>),
}

impl<'a> Mapped<'a> {
    pub(super) fn into_parts(self) -> (Validated<'a>, Call<'a>, Overrides) {
        (self.validated, self.call, self.overrides)
    }
}

/// Parts of the integration's request that parameters and `$context.requestOverride` give.
#[derive(Debug, Default)]
struct Parts {
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

/// Converts the payload, renders the template, fills parameters in.
pub(crate) fn map_request<'a>(validated: Validated<'a>, api: &Api) -> Result<Mapped<'a>, Failure> {
    let integration = &validated.method().integration;
    let scope = validated.scope();
    let binary = api
        .document
        .binary_media_types
        .matches(Some(content_type(scope)));
    let payload = content_handling::request(
        validated.request().body.clone(),
        binary,
        integration.content_handling,
    )
    .map_err(Failure::configuration)?;

    let mut overrides = Overrides::default();
    let mut parts = parameters(integration, scope)?;
    match template_for(integration, scope)? {
        None => parts.body = payload.into_bytes(),
        Some(template) => {
            let Payload::Text(text) = payload else {
                return Err(Failure::configuration(
                    "a mapping template met bytes: CONVERT_TO_TEXT is missing",
                ));
            };
            let (text, request_override) = template::render(template, text, scope, &mut overrides)?;
            parts.body = text.into();
            parts.path.extend(request_override.path);
            parts.query.extend(request_override.querystring);
            for (name, value) in request_override.header {
                let (name, value) = template::header(&name, &value)?;
                parts.headers.insert(name, value);
            }
        }
    }
    let call = match &integration.endpoint {
        Endpoint::Mock => Call::Mock(mock_status(&parts.body)?),
        Endpoint::Aws(endpoint) => {
            let target = target(endpoint, parts, scope)?;
            Call::Aws(&endpoint.credentials, Box::new(target))
        }
    };
    Ok(Mapped {
        validated,
        call,
        overrides,
    })
}

/// A request without a type counts as JSON (recorded).
fn content_type(scope: &Scope) -> &str {
    scope
        .content_type()
        .filter(|value| !value.is_empty())
        .unwrap_or("application/json")
}

/// The template for the request's type; `None` if the body passes.
fn template_for<'a>(
    integration: &'a Integration,
    scope: &Scope,
) -> Result<Option<&'a vtl::Template>, Failure> {
    let templates = &integration.templates;
    let found = templates.get(&media_type(content_type(scope)));
    let passes = match integration.passthrough {
        Passthrough::WhenNoMatch => true,
        Passthrough::WhenNoTemplates => templates.0.is_empty(),
        Passthrough::Never => false,
    };
    if found.is_none() && !passes {
        return Err(Failure::unsupported_media_type());
    }
    Ok(found)
}

fn parameters(integration: &Integration, scope: &Scope) -> Result<Parts, Failure> {
    let mut parts = Parts::default();
    let all = &integration.parameters;
    for (name, source) in &all.path {
        // A path variable without a value leaves nothing in its place.
        parts
            .path
            .insert(name.clone(), scope.request(source).unwrap_or_default());
    }
    for (name, source) in &all.query {
        if let Some(value) = scope.request(source) {
            parts.query.insert(name.clone(), value);
        }
    }
    for (name, source) in &all.header {
        // A mapped header that the request lacks is not sent (recorded).
        if let Some(value) = scope.request(source) {
            let (name, value) = template::header(name.as_str(), &value)?;
            parts.headers.insert(name, value);
        }
    }
    Ok(parts)
}

/// Mapping these to an AWS service answers 500 (recorded).
const ILLEGAL: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "expect",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
];

fn target(endpoint: &AwsEndpoint, mut parts: Parts, scope: &Scope) -> Result<Target, Failure> {
    if let Some(name) = ILLEGAL
        .iter()
        .find(|&&name| parts.headers.contains_key(name))
    {
        return Err(Failure::configuration(format!(
            "{name} cannot be mapped to an AWS service"
        )));
    }
    let mut path = String::from("/");
    let mut query = String::new();
    match &endpoint.address {
        Address::Path(pieces, fixed) => {
            for piece in pieces {
                let text = match piece {
                    Piece::Literal(text) => text,
                    Piece::Parameter(name) => parts.path.get(name).map_or("", String::as_str),
                };
                path.extend(utf8_percent_encode(text, OUTSIDE_A_PATH));
            }
            query.push_str(fixed.as_deref().unwrap_or_default());
            default_type(&mut parts, &endpoint.method, scope)?;
        }
        Address::Action(action) => {
            let target = HeaderValue::from_str(&format!("DynamoDB_20120810.{action}"))
                .map_err(Failure::configuration)?;
            parts.headers.insert("x-amz-target", target);
            let json = HeaderValue::from_static("application/x-amz-json-1.0");
            parts.headers.entry(CONTENT_TYPE).or_insert(json);
        }
    }
    for (name, value) in &parts.query {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, RESERVED));
        query.push('=');
        query.extend(utf8_percent_encode(value, RESERVED));
    }
    if matches!(endpoint.method, HttpMethod::GET | HttpMethod::HEAD) {
        parts.body = Bytes::new();
    }
    Ok(Target {
        service: endpoint.service,
        region: endpoint.region.clone(),
        method: endpoint.method.clone(),
        path,
        query,
        headers: parts.headers,
        body: parts.body,
        timeout: endpoint.timeout,
    })
}

/// Of the client's headers only Content-Type passes unmapped, with a body (recorded); JSON if the client names none.
fn default_type(parts: &mut Parts, method: &HttpMethod, scope: &Scope) -> Result<(), Failure> {
    if parts.headers.contains_key(CONTENT_TYPE)
        || matches!(*method, HttpMethod::GET | HttpMethod::HEAD)
    {
        return Ok(());
    }
    let named = scope.content_type().filter(|value| !value.is_empty());
    if let Some(value) = named.or((!parts.body.is_empty()).then_some("application/json")) {
        let (name, value) = template::header("content-type", value)?;
        parts.headers.insert(name, value);
    }
    Ok(())
}

/// What cannot stand in a path as it is. Path parameters come percent-encoded and pass unchanged; a value from
/// elsewhere must not end the path.
const OUTSIDE_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The status that a mock's template renders: `{"statusCode": 200}`, in quotes or without them.
fn mock_status(body: &[u8]) -> Result<StatusCode, Failure> {
    static UNQUOTED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s*\{\s*statusCode\s*:\s*([0-9]+)\s*,?\s*\}\s*$").ok());
    let text = String::from_utf8_lossy(body);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let status = match &json {
        Some(json) => json["statusCode"].as_u64(),
        None => UNQUOTED
            .as_ref()
            .and_then(|pattern| pattern.captures(&text))
            .and_then(|found| found[1].parse().ok()),
    };
    status
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| {
            Failure::configuration("the mock integration's template renders no `statusCode`")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Service;
    use crate::testing::{api, get, validated};

    const S3: &str = "type: aws
        uri: arn:aws:apigateway:eu-west-1:s3:path/raw/{key}
        credentials: arn:aws:iam::1:role/r
        requestParameters:
          integration.request.path.key: method.request.path.key";

    fn with(extra: &str) -> String {
        format!(
            "
  /images/{{key+}}:
    put:
      parameters:
        - {{name: v, in: query}}
        - {{name: X-A, in: header}}
        - {{name: Authorization, in: header}}
        - {{name: Content-Type, in: header}}
      x-amazon-apigateway-integration:
        {S3}
{extra}"
        )
    }

    struct Sent<'s> {
        path: &'s str,
        headers: &'s [(&'s str, &'s str)],
        body: &'s str,
    }

    const PLAIN: Sent<'static> = Sent {
        path: "/v1/images/k",
        headers: &[],
        body: "",
    };

    fn mapped(extra: &str, sent: &Sent) -> Result<Target, Failure> {
        let api = api(&with(extra));
        let mut request = get(sent.path);
        request.method = HttpMethod::PUT;
        request.body = sent.body.to_owned().into();
        for (name, value) in sent.headers {
            request.headers.append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let validated = validated(&api, &request).unwrap();
        match map_request(validated, &api)?.call {
            Call::Aws("arn:aws:iam::1:role/r", target) => Ok(*target),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_passes_as_it_was_sent() {
        for key in [
            "a%20b%2Bc.jpg",
            "%zz",
            "a+b",
            "å",
            "a//b",
            "..",
            "%00",
            "q%2Fb",
            "it's",
        ] {
            let path = format!("/v1/images/{key}");
            let target = mapped(
                "        httpMethod: PUT",
                &Sent {
                    path: &path,
                    ..PLAIN
                },
            )
            .unwrap();
            assert_eq!(target.service, Service::S3);
            let expected = if key == "å" {
                "/raw/%C3%A5".to_owned()
            } else {
                format!("/raw/{key}")
            };
            assert_eq!(target.path, expected);
        }
    }

    #[test]
    fn a_decoded_value_cannot_leave_the_path() {
        let extra = "          integration.request.path.v: method.request.querystring.v
        httpMethod: PUT";
        let yaml = with(extra).replace("raw/{key}", "raw/{v}/{key}");
        let api = api(&yaml);
        let mut request = get("/v1/images/k?v=a?b%23c%20d%0D%0A");
        request.method = HttpMethod::PUT;
        let call = map_request(validated(&api, &request).unwrap(), &api)
            .unwrap()
            .call;
        let Call::Aws(_, target) = call else {
            panic!("{call:?}")
        };
        assert_eq!(
            (target.path.as_str(), target.query.as_str()),
            ("/raw/a%3Fb%23c%20d%0D%0A/k", "")
        );
    }

    #[test]
    fn only_the_content_type_passes_unmapped() {
        let sent = Sent {
            headers: &[("content-type", "image/png"), ("x-a", "1")],
            body: "x",
            ..PLAIN
        };
        let target = mapped("        httpMethod: PUT", &sent).unwrap();
        assert_eq!(target.headers.len(), 1);
        assert_eq!(target.headers["content-type"], "image/png");
        let target = mapped("        httpMethod: PUT", &Sent { body: "x", ..PLAIN }).unwrap();
        assert_eq!(target.headers["content-type"], "application/json");
        let target = mapped("        httpMethod: DELETE", &PLAIN).unwrap();
        assert!(target.headers.is_empty());
    }

    #[test]
    fn parameters_are_mapped_and_absent_ones_are_not_sent() {
        let extra = "          integration.request.header.x-amz-meta-a: method.request.header.X-A
          integration.request.header.x-fixed: \"'fixed'\"
          integration.request.querystring.v: method.request.querystring.v
          integration.request.querystring.stage: context.stage
        httpMethod: PUT";
        let sent = Sent {
            path: "/v1/images/k?v=a%26b+c",
            headers: &[("x-a", "1"), ("x-a", "2")],
            body: "",
        };
        let target = mapped(extra, &sent).unwrap();
        assert_eq!(target.headers["x-amz-meta-a"], "2");
        assert_eq!(target.query, "stage=v1&v=a%26b%20c");
        let target = mapped(extra, &PLAIN).unwrap();
        assert!(!target.headers.contains_key("x-amz-meta-a"));
        assert_eq!(target.query, "stage=v1");
        assert_eq!(target.headers["x-fixed"], "fixed");
    }

    #[test]
    fn some_headers_cannot_be_mapped_to_aws() {
        let extra = "          integration.request.header.Authorization: method.request.header.Authorization
        httpMethod: PUT";
        assert!(mapped(extra, &PLAIN).is_ok(), "it is not there");
        let sent = Sent {
            headers: &[("authorization", "x")],
            ..PLAIN
        };
        assert_eq!(mapped(extra, &sent).unwrap_err().status.as_u16(), 500);
    }

    #[test]
    fn templates_and_passthrough() {
        let templated = |behaviour: &str| {
            format!(
                "        httpMethod: PUT\n        requestTemplates: {{application/json: 'T'}}\n        passthroughBehavior: {behaviour}"
            )
        };
        let status = |extra: &str, content_type: &str| {
            let headers = [("content-type", content_type)];
            let headers = if content_type.is_empty() {
                &headers[..0]
            } else {
                &headers
            };
            match mapped(
                extra,
                &Sent {
                    headers,
                    body: "B",
                    ..PLAIN
                },
            ) {
                Ok(target) => String::from_utf8(target.body.to_vec()).unwrap(),
                Err(failure) => failure.status.as_u16().to_string(),
            }
        };
        for behaviour in ["when_no_match", "when_no_templates", "never"] {
            let extra = templated(behaviour);
            assert_eq!(status(&extra, "application/json"), "T", "{behaviour}");
            assert_eq!(
                status(&extra, "application/json; charset=utf-8"),
                "T",
                "{behaviour}"
            );
            assert_eq!(status(&extra, ""), "T", "{behaviour}");
        }
        assert_eq!(status(&templated("WHEN_NO_MATCH"), "text/plain"), "B");
        assert_eq!(status(&templated("WHEN_NO_TEMPLATES"), "text/plain"), "415");
        assert_eq!(status(&templated("NEVER"), "text/plain"), "415");
        assert_eq!(
            status(
                "        httpMethod: PUT\n        passthroughBehavior: when_no_templates",
                "text/plain"
            ),
            "B"
        );
        assert_eq!(
            status(
                "        httpMethod: PUT\n        passthroughBehavior: never",
                "text/plain"
            ),
            "415"
        );
    }

    #[test]
    fn a_template_overrides_parts_of_the_request() {
        let extra = "        httpMethod: PUT
        requestTemplates:
          application/json: |-
            #set($context.requestOverride.path.key = 'other/key')
            #set($context.requestOverride.querystring.q = 'a b')
            #set($context.requestOverride.header.x-h = 'h')
            body";
        let target = mapped(extra, &PLAIN).unwrap();
        assert_eq!(
            (target.path.as_str(), target.query.as_str()),
            ("/raw/other/key", "q=a%20b")
        );
        assert_eq!(target.headers["x-h"], "h");
    }

    #[test]
    fn an_action_is_a_post_with_a_target() {
        let yaml = "
  /images/{key+}:
    get:
      x-amazon-apigateway-integration:
        type: AWS
        httpMethod: POST
        uri: arn:aws:apigateway:eu-west-1:dynamodb:action/GetItem
        credentials: arn:aws:iam::1:role/r
        passthroughBehavior: NEVER
        timeoutInMillis: 5000
        requestTemplates:
          application/json: '{\"Key\": {\"Id\": {\"S\": \"$util.escapeJavaScript($util.urlDecode($input.params(\"key\")))\"}}}'
";
        let api = api(yaml);
        let request = get("/v1/images/a%20b");
        let call = map_request(validated(&api, &request).unwrap(), &api)
            .unwrap()
            .call;
        let Call::Aws(_, target) = call else {
            panic!("{call:?}")
        };
        assert_eq!(
            (target.service, target.method.as_str(), target.path.as_str()),
            (Service::DynamoDb, "POST", "/")
        );
        assert_eq!(target.headers["x-amz-target"], "DynamoDB_20120810.GetItem");
        assert_eq!(target.headers["content-type"], "application/x-amz-json-1.0");
        assert_eq!(target.timeout.as_millis(), 5000);
        assert_eq!(target.body, r#"{"Key": {"Id": {"S": "a b"}}}"#);
    }

    #[test]
    fn a_mock_needs_a_status() {
        for body in [
            r#"{"statusCode": 204}"#,
            "{statusCode: 204}",
            r#"{"statusCode":204,"x":1}"#,
        ] {
            assert_eq!(
                mock_status(body.as_bytes()).unwrap(),
                StatusCode::NO_CONTENT,
                "{body}"
            );
        }
        for body in [
            "",
            "{}",
            "[]",
            r#"{"statusCode": "x"}"#,
            "{\"statusCode\": 99999}",
            "\u{0}",
        ] {
            assert_eq!(
                mock_status(body.as_bytes()).unwrap_err().status.as_u16(),
                500,
                "{body}"
            );
        }
    }
}
