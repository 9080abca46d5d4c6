//! A REST API of API Gateway, run from its `OpenAPI` document with `x-amazon-apigateway-…` extensions.
//!
//! [`Api::handle`] is the list of the steps in AWS's own diagram. This crate has no sockets and no signing: the server
//! passes a [`Request`], an [`Authorizer`] holds the credentials, and a [`Backend`] calls the services.
//!
//! It supports what a service-proxy API in front of S3 and `DynamoDB` uses; everything else in a document is refused by
//! name and line. This crate's `README.md` lists which behaviour was recorded from AWS, which comes from its
//! documentation, and which was chosen because neither covers it.

mod authorizer;
mod backend;
mod content_handling;
mod gateway_error;
mod gateway_response;
mod mapping;
mod media_types;
mod model;
mod openapi;
mod request;
mod request_context;
mod response_type;

mod steps;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::gateway_error::GatewayError;
use crate::model::{Address, Authorization, Endpoint, Integration, Piece};
use crate::openapi::Document;
use crate::request_context::{Ids, RequestContext};
use crate::steps::authorizer::authorize;
use crate::steps::integration::integrate;
use crate::steps::integration_request::map_request;
use crate::steps::integration_response::select_response;
use crate::steps::method_response::{MethodResponse, map_response};
use crate::steps::request_validator::{body_size, validate};
use crate::steps::route::route;

pub use authorizer::{ApiKey, AuthorizationError, Authorizer, Caller};
pub use backend::{Backend, BackendError, BackendResponse, Service, Target};
pub use request::{Request, RequestBody, Response};

/// The largest payload in bytes, either way ("Amazon API Gateway quotas": 10 MB).
pub const MAX_PAYLOAD: usize = 10 * 1024 * 1024;

/// Settings outside the document: the API, its stage, and what the `RestApi` resource adds.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The API's id, as in its host name.
    pub api_id: String,
    /// The stage: the first segment of every path.
    pub stage: String,
    /// The account, twelve digits.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// The stage's variables.
    pub stage_variables: BTreeMap<String, String>,
    /// `BinaryMediaTypes` of the `RestApi` resource, joined with the document's.
    pub binary_media_types: Vec<String>,
    /// How path parameters reach a back end's URI.
    pub path_parameters: PathParameters,
}

/// How a path parameter is mapped into a back end's URI. AWS's documentation differs from recorded proxy events, so the
/// gateway supports both; `$input.params` is percent-encoded with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathParameters {
    /// Decoded, then encoded again except for `+`: "REST APIs decode URL-encoded request parameters before passing them to
    /// backend integrations" ("Amazon API Gateway important notes"), and S3 responded to a PUT of a key with `%2B` with
    /// `SignatureDoesNotMatch` (aws/aws-sdk-java#1902).
    #[default]
    Decoded,
    /// As the client sent them, which is what recorded proxy events show.
    AsSent,
}

/// A deployed API: routes, templates, patterns and expressions are parsed.
#[derive(Debug)]
pub struct Api {
    settings: Settings,
    document: Document,
}

impl Api {
    /// Compiles an API.
    ///
    /// # Errors
    /// A part of the document that this gateway does not support, that API Gateway refuses at import, or that is certainly
    /// a mistake (a URI variable that nothing fills), with its place.
    pub fn from_openapi(body: &cfn::Node, settings: Settings) -> Result<Self, cfn::Error> {
        let document = openapi::read(
            body,
            &settings.stage_variables,
            settings.binary_media_types.clone(),
        )?;
        Ok(Self { settings, document })
    }

    /// Responds to a request. `X-HTTP-Method-Override` first replaces its method ("Amazon API Gateway important notes").
    pub async fn handle(
        &self,
        mut request: Request,
        authorizer: &dyn Authorizer,
        backend: &dyn Backend,
    ) -> Response {
        if let Some(Ok(method)) = request.header("x-http-method-override").map(str::parse) {
            request.method = method;
        }
        let ids = Ids::new(&request);
        let mut response = match self.steps(&request, &ids, authorizer, backend).await {
            Ok(response) => {
                let mut headers = response.headers;
                if response.trace {
                    insert(&mut headers, "x-amzn-trace-id", &ids.trace);
                }
                Response {
                    status: response.status,
                    headers,
                    body: response.body,
                    diagnostic: None,
                }
            }
            Err(failure) => self.gateway_response(&request, &ids, failure),
        };
        insert(&mut response.headers, "x-amzn-requestid", &ids.request);
        insert(&mut response.headers, "x-amz-apigw-id", &ids.extended);
        if request.method == Method::HEAD || has_no_body(response.status) {
            response.body = Bytes::new();
        }
        response
    }

    /// The steps of AWS's diagram.
    async fn steps(
        &self,
        request: &Request,
        ids: &Ids,
        authorizer: &dyn Authorizer,
        backend: &dyn Backend,
    ) -> Result<MethodResponse, GatewayError> {
        let request_context = RequestContext::new(request, ids, &self.settings);
        body_size(request)?;
        let routed = route(self, request, request_context)?;
        let admitted = authorize(routed, &self.settings, authorizer)?;
        let validated = validate(admitted)?;
        let mapped = map_request(validated, self)?;
        let integrated = integrate(mapped, backend).await?;
        let selected = select_response(integrated)?;
        map_response(&selected, self)
    }

    fn gateway_response(&self, request: &Request, ids: &Ids, failure: GatewayError) -> Response {
        let mut request_context = RequestContext::new(request, ids, &self.settings);
        request_context.error(&failure.message, failure.kind.name());
        let rendered = self
            .document
            .gateway_responses
            .render(&failure, &request_context);
        let mut headers = HeaderMap::new();
        insert(&mut headers, "content-type", &rendered.content_type);
        insert(&mut headers, "x-amzn-errortype", failure.error_type);
        for (name, value) in rendered.headers {
            insert(&mut headers, name, &value);
        }
        Response {
            status: rendered.status,
            headers,
            body: rendered.body.into(),
            diagnostic: Some(failure.diagnostic),
        }
    }

    /// The methods, in the order in which they are tried.
    pub fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        self.document.methods.iter().map(|method| Route {
            method: method.verb.as_ref().map_or("ANY", Method::as_str),
            path: &method.resource,
            iam: method.authorization == Authorization::AwsIam,
            api_key: method.api_key_required,
            integration: &method.integration,
        })
    }

    /// The roles that integrations are called as.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<&str> {
        self.routes().filter_map(|route| route.role()).collect()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// A method of the API. Displayed as `GET /images/{key+} → dynamodb:GetItem`.
#[derive(Debug, Clone, Copy)]
pub struct Route<'api> {
    /// `GET`, or `ANY`.
    pub method: &'api str,
    /// `/images/{key+}`.
    pub path: &'api str,
    /// Whether it requires a signature.
    pub iam: bool,
    /// Whether it requires an API key.
    pub api_key: bool,
    integration: &'api Integration,
}

impl<'api> Route<'api> {
    /// The role of its integration.
    #[must_use]
    pub fn role(&self) -> Option<&'api str> {
        match &self.integration.endpoint {
            Endpoint::Mock => None,
            Endpoint::Aws(endpoint) => Some(&endpoint.credentials),
        }
    }
}

impl fmt::Display for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} → ", self.method, self.path)?;
        let endpoint = match &self.integration.endpoint {
            Endpoint::Mock => return f.write_str("mock"),
            Endpoint::Aws(endpoint) => endpoint,
        };
        let service = endpoint.service.name();
        match &endpoint.address {
            Address::Action(action) => write!(f, "{service}:{action}"),
            Address::Path(pieces, _) => {
                write!(f, "{service} {} /", endpoint.method)?;
                for piece in pieces {
                    match piece {
                        Piece::Literal(text) => f.write_str(text)?,
                        Piece::Parameter(name) => write!(f, "{{{name}}}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// Statuses whose responses have no body in HTTP.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
}

/// Adds a header. A value that is invalid in HTTP is left out; only a gateway response's mapped header can have one.
fn insert<N: TryInto<HeaderName>>(headers: &mut HeaderMap, name: N, value: &str) {
    if let (Ok(name), Ok(value)) = (name.try_into(), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}
