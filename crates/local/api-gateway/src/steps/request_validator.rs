//! Validate: checks the request validator's required parameters.

use crate::gateway_error::GatewayError;
use crate::model::{Method, Required};
use crate::request::{Request, RequestBody};
use crate::request_context::{RequestContext, title_case};
use crate::steps::authorizer::Authorized;

/// A request that has the parameters that its method requires.
#[derive(Debug)]
pub(crate) struct Validated<'a> {
    request: &'a Request,
    method: &'a Method,
    request_context: RequestContext,
}

impl<'a> Validated<'a> {
    pub(super) fn request(&self) -> &'a Request {
        self.request
    }

    pub(super) fn method(&self) -> &'a Method {
        self.method
    }

    pub(super) fn request_context(&self) -> &RequestContext {
        &self.request_context
    }
}

/// Refuses a body over the limit from any caller: a signature cannot be verified without reading the body.
pub(crate) fn body_size(request: &Request) -> Result<(), GatewayError> {
    match request.body {
        RequestBody::Complete(_) => Ok(()),
        RequestBody::TooLarge => Err(GatewayError::too_large()),
    }
}

/// Refuses a request with missing or blank parameters, and lists them.
///
/// "The required request parameters in the URI, query string, and headers of an incoming request are included and not
/// blank": <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html>
pub(crate) fn validate(authorized: Authorized) -> Result<Validated, GatewayError> {
    let request_context = authorized.request_context();
    let missing: Vec<&str> = authorized
        .method()
        .required
        .iter()
        .filter(|required| {
            let value = match required {
                Required::Header(name) => request_context.header.get(&title_case(name)),
                Required::Path(name) => request_context.path.get(name),
                Required::Query(name) => request_context.query.get(name),
            };
            value.is_none_or(|value| value.trim().is_empty())
        })
        .map(Required::name)
        .collect();
    if !missing.is_empty() {
        return Err(GatewayError::missing_parameters(&missing));
    }
    let (request, method, request_context) = authorized.into_parts();
    Ok(Validated {
        request,
        method,
        request_context,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{api, get, validated};

    const PATHS: &str = "
  /{b}:
    get:
      x-amazon-apigateway-request-validator: parameters
      parameters:
        - {name: z, in: query, required: true}
        - {name: a, in: query, required: true}
        - {name: optional, in: query}
        - {name: X-Second, in: header, required: true}
        - {name: X-First, in: header, required: true}
      x-amazon-apigateway-integration: {type: mock}
  /unchecked/{b}:
    get:
      parameters: [{name: a, in: query, required: true}]
      x-amazon-apigateway-integration: {type: mock}
";

    #[test]
    fn what_is_missing_is_listed_headers_first() {
        let api = api(PATHS);
        let failure = validated(&api, &get("/v1/x")).unwrap_err();
        assert_eq!(
            failure.message,
            "Missing required request parameters: [X-First, X-Second, a, z]"
        );
        assert_eq!(
            (failure.status.as_u16(), failure.error_type),
            (400, "BadRequestException")
        );
    }

    #[test]
    fn a_blank_parameter_is_missing() {
        let api = api(PATHS);
        for (query, header, expected) in [
            ("a=0&z=1", "1", None),
            ("a=&z=1", "1", Some("[a]")),
            ("a=0&z=%20%09", "1", Some("[z]")),
            ("a=0&z=1", "", Some("[X-First]")),
        ] {
            let mut request = get(&format!("/v1/x?{query}"));
            request.headers.insert("x-first", header.parse().unwrap());
            request.headers.insert("x-second", "2".parse().unwrap());
            let message = validated(&api, &request).err().map(|error| error.message);
            let expected =
                expected.map(|names| format!("Missing required request parameters: {names}"));
            assert_eq!(message, expected, "{query} {header}");
        }
    }

    #[test]
    fn without_a_validator_nothing_is_required() {
        let api = api(PATHS);
        assert!(validated(&api, &get("/v1/unchecked/x")).is_ok());
    }

    #[test]
    fn a_body_of_more_than_ten_megabytes_is_refused() {
        let mut request = get("/v1/images");
        request.body = vec![0; crate::MAX_PAYLOAD].into();
        assert!(super::body_size(&request).is_ok());
        request.body = vec![0; crate::MAX_PAYLOAD + 1].into();
        let failure = super::body_size(&request).unwrap_err();
        assert_eq!(failure.status, http::StatusCode::PAYLOAD_TOO_LARGE);
        assert!(!failure.customisable);
    }
}
