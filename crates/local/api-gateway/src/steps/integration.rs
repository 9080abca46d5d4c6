//! Integrate: call the back end, or mock it.

use bytes::Bytes;
use http::HeaderMap;

use crate::backend::{Backend, BackendError, BackendResponse};
use crate::gateway_error::GatewayError;
use crate::steps::integration_request::{Call, Mapped};
use crate::steps::request_validator::Validated;
use crate::steps::template::Overrides;

/// A request with the response of the back end.
#[derive(Debug)]
pub(crate) struct Integrated<'a> {
    validated: Validated<'a>,
    overrides: Overrides,
    backend_response: BackendResponse,
    mock: bool,
}

impl<'a> Integrated<'a> {
    pub(super) fn validated(&self) -> &Validated<'a> {
        &self.validated
    }

    pub(super) fn backend_response(&self) -> &BackendResponse {
        &self.backend_response
    }

    pub(super) fn mock(&self) -> bool {
        self.mock
    }

    pub(super) fn into_parts(self) -> (Validated<'a>, Overrides, BackendResponse) {
        (self.validated, self.overrides, self.backend_response)
    }
}

/// Calls the back end.
pub(crate) async fn integrate<'a>(
    mapped: Mapped<'a>,
    backend: &dyn Backend,
) -> Result<Integrated<'a>, GatewayError> {
    let (validated, call, overrides) = mapped.into_parts();
    let mock = matches!(call, Call::Mock(_));
    let backend_response = match call {
        Call::Mock(status) => BackendResponse {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        },
        Call::Aws(credentials, target) => backend.call(credentials, *target).await?,
    };
    if backend_response.body.len() > crate::MAX_PAYLOAD {
        return Err(BackendError::TooLarge.into());
    }
    Ok(Integrated {
        validated,
        overrides,
        backend_response,
        mock,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::StatusCode;

    use super::*;
    use crate::backend::Target;
    use crate::steps::integration_request::map_request;
    use crate::testing::{api, get, validated};

    const PATHS: &str = "
  /mock:
    get:
      x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{statusCode: 204}'}}
  /aws:
    get:
      x-amazon-apigateway-integration:
        {type: aws, httpMethod: GET, uri: 'arn:aws:apigateway:eu-west-1:s3:path/b/k', credentials: 'arn:aws:iam::1:role/r'}
";

    struct Once(Mutex<Option<Result<BackendResponse, BackendError>>>);

    #[async_trait::async_trait]
    impl Backend for Once {
        async fn call(
            &self,
            role_arn: &str,
            target: Target,
        ) -> Result<BackendResponse, BackendError> {
            assert_eq!(
                (role_arn, target.path.as_str()),
                ("arn:aws:iam::1:role/r", "/b/k")
            );
            self.0.lock().unwrap().take().expect("called once")
        }
    }

    async fn integrated(
        path: &str,
        backend_response: Option<Result<BackendResponse, BackendError>>,
    ) -> Result<u16, GatewayError> {
        let api = api(PATHS);
        let request = get(path);
        let mapped = map_request(validated(&api, &request).unwrap(), &api).unwrap();
        let backend = Once(Mutex::new(backend_response));
        let response = integrate(mapped, &backend).await?;
        Ok(response.backend_response.status.as_u16())
    }

    fn body(length: usize) -> BackendResponse {
        BackendResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: vec![0; length].into(),
        }
    }

    #[tokio::test]
    async fn a_mock_calls_no_back_end() {
        assert_eq!(integrated("/v1/mock", None).await.unwrap(), 204);
    }

    #[tokio::test]
    async fn a_service_is_called_as_the_role() {
        assert_eq!(integrated("/v1/aws", Some(Ok(body(1)))).await.unwrap(), 200);
    }

    #[tokio::test]
    async fn no_response_is_a_failure() {
        let failure = integrated("/v1/aws", Some(Err(BackendError::Timeout)))
            .await
            .unwrap_err();
        assert_eq!(
            (failure.status.as_u16(), failure.message.as_str()),
            (504, "Endpoint request timed out")
        );
        let failure = integrated("/v1/aws", Some(Err(BackendError::Role("r".into()))))
            .await
            .unwrap_err();
        assert_eq!(
            (failure.status.as_u16(), failure.message.as_str()),
            (500, "Internal server error")
        );
    }

    #[tokio::test]
    async fn a_response_over_the_limit_is_a_failure() {
        assert!(
            integrated("/v1/aws", Some(Ok(body(crate::MAX_PAYLOAD))))
                .await
                .is_ok()
        );
        let failure = integrated("/v1/aws", Some(Ok(body(crate::MAX_PAYLOAD + 1))))
            .await
            .unwrap_err();
        assert_eq!(failure.status.as_u16(), 500);
    }
}
