//! Integration request: builds the request to the back end from the client's.

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::backend::Target;
use crate::content_handling::{self, Payload};
use crate::gateway_error::GatewayError;
use crate::mapping::RequestSource;
use crate::media_types::media_type;
use crate::model::{Endpoint, Integration, Passthrough};
use crate::request_context::RequestContext;
use crate::steps::mock::mock_status;
use crate::steps::request_validator::Validated;
use crate::steps::target::{Parts, target};
use crate::steps::template::{self, Overrides};
use crate::{Api, PathParameters};

/// A request that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Mapped<'a> {
    validated: Validated<'a>,
    call: Call<'a>,
    overrides: Overrides,
}

/// The call to make.
#[derive(Debug)]
pub(crate) enum Call<'a> {
    /// No back end (`mock`): this is the status.
    Mock(StatusCode),
    /// A service, as a role.
    Aws(&'a str, Box<Target>),
}

impl<'a> Mapped<'a> {
    pub(super) fn into_parts(self) -> (Validated<'a>, Call<'a>, Overrides) {
        (self.validated, self.call, self.overrides)
    }
}

/// Converts the payload, renders the template and maps the parameters.
pub(crate) fn map_request<'a>(
    validated: Validated<'a>,
    api: &Api,
) -> Result<Mapped<'a>, GatewayError> {
    let integration = &validated.method().integration;
    let request_context = validated.request_context();
    let binary = api
        .document
        .binary_media_types
        .matches(Some(content_type(request_context)));
    let payload = content_handling::request(
        validated.request().body.bytes(),
        binary,
        integration.content_handling,
    )
    .map_err(GatewayError::configuration)?;

    let mut overrides = Overrides::default();
    let mut parts = parameters(integration, request_context, api.settings.path_parameters)?;
    match template_for(integration, request_context)? {
        None => parts.body = payload.into_bytes(),
        Some(template) => {
            let Payload::Text(text) = payload else {
                return Err(GatewayError::configuration(
                    "a mapping template got bytes: CONVERT_TO_TEXT is missing",
                ));
            };
            let (text, request_override) =
                template::render(template, text, request_context, &mut overrides)?;
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
            let target = target(endpoint, parts, request_context)?;
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
fn content_type(request_context: &RequestContext) -> &str {
    request_context
        .content_type()
        .filter(|value| !value.is_empty())
        .unwrap_or("application/json")
}

/// The template for the request's type; `None` if the body is passed through.
fn template_for<'a>(
    integration: &'a Integration,
    request_context: &RequestContext,
) -> Result<Option<&'a vtl::Template>, GatewayError> {
    let templates = &integration.templates;
    let found = templates.get(&media_type(content_type(request_context)));
    let passes = match integration.passthrough {
        Passthrough::WhenNoMatch => true,
        Passthrough::WhenNoTemplates => templates.0.is_empty(),
        Passthrough::Never => false,
    };
    if found.is_none() && !passes {
        return Err(GatewayError::unsupported_media_type());
    }
    Ok(found)
}

/// A path parameter as [`PathParameters::Decoded`] passes it on. One that is not UTF-8 is refused: replacing its bytes
/// would name another object.
fn decode_and_encode(value: &str) -> Result<String, GatewayError> {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'/')
        .remove(b'+');
    let decoded = percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| GatewayError::path_not_utf8())?;
    Ok(utf8_percent_encode(&decoded, ENCODED).to_string())
}

fn parameters(
    integration: &Integration,
    request_context: &RequestContext,
    reading: PathParameters,
) -> Result<Parts, GatewayError> {
    let mut parts = Parts::default();
    let all = &integration.parameters;
    for (name, source) in &all.path {
        // A path variable without a value is replaced by nothing.
        let value = request_context.request(source).unwrap_or_default();
        let value = match (source, reading) {
            (RequestSource::Path(_), PathParameters::Decoded) => decode_and_encode(&value)?,
            _ => value,
        };
        parts.path.insert(name.clone(), value);
    }
    for (name, source) in &all.query {
        if let Some(value) = request_context.request(source) {
            parts.query.insert(name.clone(), value);
        }
    }
    for (name, source) in &all.header {
        // A mapped header that the request does not have is not sent (recorded).
        if let Some(value) = request_context.request(source) {
            let (name, value) = template::header(name.as_str(), &value)?;
            parts.headers.insert(name, value);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use http::Method as HttpMethod;

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

    fn mapped(extra: &str, sent: &Sent) -> Result<Target, GatewayError> {
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
    fn path_parameters_reach_the_back_end_decoded_or_as_they_were_sent() {
        for (sent, decoded, as_sent) in [
            ("a%20b", "a%20b", "a%20b"),
            (
                "%41%C3%A9%f0%9F%A6%80",
                "A%C3%A9%F0%9F%A6%80",
                "%41%C3%A9%f0%9F%A6%80",
            ),
            ("100%25", "100%25", "100%25"),
            ("%2541", "%2541", "%2541"),
            ("a+b%2Bc", "a+b+c", "a+b%2Bc"),
            ("a%2Fb//c", "a/b//c", "a%2Fb//c"),
            ("a%2F..%2Fb", "a/../b", "a%2F..%2Fb"),
            (
                "%3Flist-type=2%23",
                "%3Flist-type%3D2%23",
                "%3Flist-type=2%23",
            ),
            ("%00%0A", "%00%0A", "%00%0A"),
        ] {
            for (reading, expected) in [
                (PathParameters::Decoded, decoded),
                (PathParameters::AsSent, as_sent),
            ] {
                let target = read(reading, sent).unwrap();
                assert_eq!(
                    target.path,
                    format!("/raw/{expected}"),
                    "{reading:?} {sent}"
                );
                assert_eq!(target.query, "", "{reading:?} {sent}");
            }
        }
        let error = read(PathParameters::Decoded, "%FF").unwrap_err();
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
    }

    fn read(reading: PathParameters, sent: &str) -> Result<Target, GatewayError> {
        let mut api = api(&with("        httpMethod: PUT"));
        api.settings.path_parameters = reading;
        let mut request = get(&format!("/v1/images/{sent}"));
        request.method = HttpMethod::PUT;
        let mapped = map_request(validated(&api, &request)?, &api)?;
        match mapped.call {
            Call::Aws(_, target) => Ok(*target),
            Call::Mock(_) => panic!("not a mock"),
        }
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
}
