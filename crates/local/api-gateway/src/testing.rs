//! Shared by the tests of single steps: small documents, requests, and the steps before the one under test.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};

use crate::authorizer::{ApiKey, AuthorizationError, Authorizer, Caller};
use crate::backend::{Backend, BackendError, BackendResponse, Target};
use crate::gateway_error::GatewayError;
use crate::request_context::{Ids, RequestContext};
use crate::steps::authorizer::authorize;
use crate::steps::integration::integrate;
use crate::steps::integration_request::map_request;
use crate::steps::integration_response::{Selected, select_response};
use crate::steps::request_validator::{Validated, validate};
use crate::steps::route::route;
use crate::{Api, PathParameters, Request, Settings};

/// Settings of stage `v1`.
pub(crate) fn settings() -> Settings {
    Settings {
        api_id: "abc123".to_owned(),
        stage: "v1".to_owned(),
        account_id: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        stage_variables: BTreeMap::from([("bucket".to_owned(), "raw".to_owned())]),
        binary_media_types: Vec::new(),
        path_parameters: PathParameters::AsSent,
    }
}

/// An API of these paths. `M` is a mock, `IAM` one that requires a signature, `KEY` one that requires an API key.
pub(crate) fn api(paths: &str) -> Api {
    let mock = "x-amazon-apigateway-integration: {type: mock}";
    let paths = paths
        .replace(": M", &format!(": {{{mock}}}"))
        .replace(": IAM", &format!(": {{security: [{{sigv4: []}}], {mock}}}"))
        .replace(": KEY", &format!(": {{security: [{{key: []}}], {mock}}}"));
    let text = format!(
        "
openapi: 3.0.1
info: {{title: t, version: '1'}}
components:
  securitySchemes:
    sigv4: {{type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}}
    key: {{type: apiKey, name: x-api-key, in: header}}
x-amazon-apigateway-request-validators:
  parameters: {{validateRequestParameters: true}}
paths:{paths}"
    );
    let node = cfn::Node::parse(&text).unwrap();
    Api::from_openapi(&node, settings()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A GET of any path.
pub(crate) fn get(target: &str) -> Request {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    Request {
        method: Method::GET,
        path: path.to_owned(),
        query,
        headers: HeaderMap::new(),
        body: bytes::Bytes::new().into(),
        source_ip: Ipv4Addr::LOCALHOST.into(),
        received: SystemTime::UNIX_EPOCH + Duration::from_hours(498_717),
    }
}

/// The context of a request before routing.
pub(crate) fn request_context(api: &Api, request: &Request) -> RequestContext {
    RequestContext::new(request, &Ids::new(request), &api.settings)
}

/// The steps up to validation.
pub(crate) fn validated<'a>(
    api: &'a Api,
    request: &'a Request,
) -> Result<Validated<'a>, GatewayError> {
    let routed = route(api, request, request_context(api, request))?;
    validate(authorize(routed, &api.settings, &KeyRing::open())?)
}

/// The steps up to selection.
pub(crate) async fn selected<'a>(
    api: &'a Api,
    request: &'a Request,
    canned: &Canned,
) -> Result<Selected<'a>, GatewayError> {
    let mapped = map_request(validated(api, request)?, api)?;
    select_response(integrate(mapped, canned).await?)
}

/// Allows every request, or none.
pub(crate) struct KeyRing {
    open: bool,
}

impl KeyRing {
    pub(crate) fn open() -> Self {
        Self { open: true }
    }

    pub(crate) fn closed() -> Self {
        Self { open: false }
    }
}

impl Authorizer for KeyRing {
    fn iam(&self, _: &Request, method_arn: &str) -> Result<Caller, AuthorizationError> {
        let caller = Caller {
            arn: format!("may {method_arn}"),
            ..Caller::default()
        };
        self.open
            .then_some(caller)
            .ok_or(AuthorizationError::MissingAuthenticationToken)
    }

    fn api_key(&self, key: Option<&str>) -> Result<ApiKey, AuthorizationError> {
        let value = key.unwrap_or_default().to_owned();
        let key = ApiKey {
            id: "id".to_owned(),
            value,
        };
        self.open
            .then_some(key)
            .ok_or(AuthorizationError::InvalidApiKey)
    }
}

/// A back end that always gives the same response.
pub(crate) struct Canned(BackendResponse);

impl Canned {
    pub(crate) fn json(body: &str) -> Self {
        Self(BackendResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        })
    }

    pub(crate) fn status(status: u16) -> Self {
        let mut canned = Self::json("");
        canned.0.status = StatusCode::from_u16(status).unwrap();
        canned
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.insert(name, value.parse().unwrap());
        self
    }
}

#[async_trait::async_trait]
impl Backend for Canned {
    async fn call(&self, _: &str, _: Target) -> Result<BackendResponse, BackendError> {
        Ok(self.0.clone())
    }
}
