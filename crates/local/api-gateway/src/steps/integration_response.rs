//! Integration response: selects the one whose pattern matches the back end's status, or else the default.

use http::HeaderMap;

use crate::backend::BackendResponse;
use crate::gateway_error::GatewayError;
use crate::model::IntegrationResponse;
use crate::steps::integration::Integrated;
use crate::steps::request_validator::Validated;
use crate::steps::template::Overrides;

/// A back end's response, with the integration response that it selects.
#[derive(Debug)]
pub(crate) struct Selected<'a> {
    validated: Validated<'a>,
    overrides: Overrides,
    backend_response: BackendResponse,
    response: &'a IntegrationResponse,
    trace: bool,
}

impl<'a> Selected<'a> {
    pub(super) fn response(&self) -> &'a IntegrationResponse {
        self.response
    }

    pub(super) fn validated(&self) -> &Validated<'a> {
        &self.validated
    }

    /// The back end's headers.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.backend_response.headers
    }

    pub(super) fn backend_response(&self) -> &BackendResponse {
        &self.backend_response
    }

    pub(super) fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Whether the response carries a trace id: those of AWS services do.
    pub(super) fn trace(&self) -> bool {
        self.trace
    }
}

/// Matches patterns on the whole status, in document order.
pub(crate) fn select_response(integrated: Integrated) -> Result<Selected, GatewayError> {
    let status = integrated.backend_response().status;
    let method = integrated.validated().method();
    // The default has no pattern and is last.
    let response = method
        .integration
        .responses
        .iter()
        .find(|response| {
            response
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(status.as_str()))
        })
        .ok_or_else(|| {
            GatewayError::configuration(format!(
                "no integration response for the back end's status {}",
                status.as_u16()
            ))
        })?;
    let trace = !integrated.mock();
    let (validated, overrides, backend_response) = integrated.into_parts();
    Ok(Selected {
        validated,
        overrides,
        backend_response,
        response,
        trace,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Canned, api, get, selected};

    const PATHS: &str = r#"
  /both:
    get:
      responses: {"200": {}, "404": {}, "502": {}, "304": {}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: GET
        uri: arn:aws:apigateway:eu-west-1:s3:path/b/k
        credentials: arn:aws:iam::1:role/r
        responses:
          default: {statusCode: 502}
          "2\\d{2}": {statusCode: 200}
          "404|403": {statusCode: 404}
          "30": {statusCode: 304}
  /none:
    get:
      responses: {"200": {}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: GET
        uri: arn:aws:apigateway:eu-west-1:s3:path/b/k
        credentials: arn:aws:iam::1:role/r
        responses: {"200": {statusCode: 200}}
"#;

    async fn chosen(path: &str, status: u16) -> Option<u16> {
        let api = api(PATHS);
        let request = get(path);
        let selected = selected(&api, &request, &Canned::status(status))
            .await
            .ok()?;
        Some(selected.response.status.as_u16())
    }

    #[tokio::test]
    async fn a_pattern_matches_the_whole_status() {
        assert_eq!(chosen("/v1/both", 206).await, Some(200));
        assert_eq!(chosen("/v1/both", 403).await, Some(404));
        assert_eq!(
            chosen("/v1/both", 304).await,
            Some(502),
            "`30` is not all of 304"
        );
    }

    #[tokio::test]
    async fn the_rest_is_the_default() {
        assert_eq!(chosen("/v1/both", 500).await, Some(502));
    }

    #[tokio::test]
    async fn no_match_and_no_default_is_an_error() {
        assert_eq!(chosen("/v1/none", 200).await, Some(200));
        assert_eq!(chosen("/v1/none", 404).await, None);
    }
}
