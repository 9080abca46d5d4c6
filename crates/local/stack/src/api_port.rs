//! The API port: the `api-gateway` crate with this machine's credentials and services.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use api_gateway::{
    Api, ApiKey, AuthorizationError, Authorizer, Backend, BackendError, BackendResponse, Caller,
    Request, RequestBody, Service, Target,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};

use crate::REGION;
use crate::access::{self, AccessControl};
use crate::aws_port::AwsPort;
use crate::signature::{SigV4Authorization, SignatureError, SignedParts, sign};

const SERVICE: &str = "apigateway.amazonaws.com";

/// The API key of a stage with `API_KEY` authorization.
#[derive(Debug, Clone)]
pub struct StageKey {
    /// The id, which is the output `ApiKeyId`.
    pub id: String,
    /// The value of `x-api-key`.
    pub value: String,
}

/// Verifies signatures and keys.
pub struct ApiAuthorizer {
    /// The principals.
    pub access_control: Arc<AccessControl>,
    /// The keys of the stage's usage plans.
    pub keys: Vec<StageKey>,
}

impl Authorizer for ApiAuthorizer {
    fn iam(&self, request: &Request, method_arn: &str) -> Result<Caller, AuthorizationError> {
        let query = request.query.as_deref().unwrap_or_default();
        let authorization =
            SigV4Authorization::read(&request.headers, query).map_err(|error| denied(&error))?;
        let principal = self
            .access_control
            .principal(
                &authorization.access_key,
                authorization.session_token.as_deref(),
            )
            .map_err(|_| {
                AuthorizationError::UnrecognizedClient(
                    "The security token included in the request is invalid.".to_owned(),
                )
            })?;
        let signed = SignedParts {
            method: &request.method,
            path: &request.path,
            query,
            headers: &request.headers,
            body: &request.body.bytes(),
        };
        authorization
            .verify(
                &principal.credentials.secret_key,
                ("execute-api", REGION),
                &signed,
                SystemTime::now(),
            )
            .map_err(|error| denied(&error))?;
        self.access_control
            .check(
                access::Caller::Principal(principal),
                "execute-api:Invoke",
                method_arn,
            )
            .map_err(|error| AuthorizationError::AccessDenied(error.to_string()))?;
        Ok(Caller {
            arn: principal.arn.clone(),
            account_id: principal
                .arn
                .split(':')
                .nth(4)
                .unwrap_or_default()
                .to_owned(),
            user_id: principal.credentials.access_key.clone(),
            access_key: principal.credentials.access_key.clone(),
        })
    }

    fn api_key(&self, key: Option<&str>) -> Result<ApiKey, AuthorizationError> {
        let known = self
            .keys
            .iter()
            .find(|known| Some(known.value.as_str()) == key);
        known
            .map(|known| ApiKey {
                id: known.id.clone(),
                value: known.value.clone(),
            })
            .ok_or(AuthorizationError::InvalidApiKey)
    }
}

fn denied(error: &SignatureError) -> AuthorizationError {
    match error {
        SignatureError::Missing => AuthorizationError::MissingAuthenticationToken,
        SignatureError::Incomplete(_) => AuthorizationError::IncompleteSignature(error.to_string()),
        _ => AuthorizationError::InvalidSignature(error.to_string()),
    }
}

/// Calls this machine's services with the roles of the integrations.
pub struct IntegrationBackend {
    /// The services.
    pub aws: Arc<AwsPort>,
    /// `127.0.0.1:4566`
    pub address: SocketAddr,
}

#[async_trait]
impl Backend for IntegrationBackend {
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError> {
        let aws = &self.aws;
        let role = aws
            .access_control
            .assume(role_arn, SERVICE, None)
            .map_err(|error| BackendError::Role(error.to_string()))?;
        // Signed as it is sent. S3 reads a `+` as a space, so the signature of a path with one does not match, as was
        // reported of AWS; no other object is reached.
        let path = match target.service {
            Service::S3 => {
                let parts = target.path.split('+').map(local_s3::canonical_path);
                parts.collect::<Vec<_>>().join("+")
            }
            Service::DynamoDb => target.path,
        };
        let mut headers: HeaderMap = target.headers;
        if let Ok(host) = HeaderValue::from_str(&self.address.to_string()) {
            headers.insert(http::header::HOST, host);
        }
        sign(
            &role.credentials,
            &target.region,
            target.service.name(),
            &target.method,
            (&path, &target.query),
            &mut headers,
            &target.body,
        );
        let uri = if target.query.is_empty() {
            path
        } else {
            format!("{path}?{}", target.query)
        };
        if !target.body.is_empty() {
            // There is no HTTP client in between that would set it.
            headers.insert(CONTENT_LENGTH, target.body.len().into());
        }
        let line = format!("{} {} {uri}", target.service.name(), target.method);
        let mut request = http::Request::builder()
            .method(target.method)
            .uri(uri)
            .body(local_s3::Body::from(target.body))
            .map_err(|error| BackendError::Connection(Box::new(error)))?;
        *request.headers_mut() = headers;
        let response = async {
            let response = aws.handle(request, self.address).await;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, api_gateway::MAX_PAYLOAD)
                .collect()
                .await
                .map_err(|_| BackendError::TooLarge)?;
            Ok(BackendResponse {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let response = tokio::time::timeout(target.timeout, response)
            .await
            .unwrap_or(Err(BackendError::Timeout))?;
        log_back_end(&line, role_arn, &response);
        Ok(response)
    }
}

/// The API port: one stage of one API.
pub struct ApiPort {
    /// The stage's API.
    pub api: Api,
    /// Authenticates callers.
    pub authorizer: ApiAuthorizer,
    /// The services behind the API.
    pub backend: IntegrationBackend,
}

impl ApiPort {
    /// Responds to a request from the wire.
    pub async fn handle<B>(
        &self,
        request: http::Request<B>,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>>
    where
        B: hyper::body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let line = format!("{} {}", head.method, head.uri);
        let body = match read(body).await {
            Ok(body) => body,
            Err(error) => {
                tracing::info!("{line} 400: the body cannot be read: {error}");
                return malformed_body();
            }
        };
        let request = api_gateway::Request::new(http::Request::from_parts(head, body), peer.ip());
        let response = self
            .api
            .handle(request, &self.authorizer, &self.backend)
            .await;
        log(&line, &response, started.elapsed());
        let mut sent = Response::new(Full::new(response.body));
        *sent.status_mut() = response.status;
        *sent.headers_mut() = response.headers;
        sent
    }
}

/// Reads a body up to the limit of a payload.
async fn read<B>(body: B) -> Result<RequestBody, Box<dyn std::error::Error + Send + Sync>>
where
    B: hyper::body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, api_gateway::MAX_PAYLOAD).collect().await {
        Ok(body) => Ok(RequestBody::from(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(RequestBody::TooLarge),
        Err(error) => Err(error),
    }
}

fn malformed_body() -> Response<Full<Bytes>> {
    let body = r#"{"message":"the request's body is incomplete or not well-formed"}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Logs one line for each request; a failure of the stack itself is a warning.
fn log(line: &str, response: &api_gateway::Response, elapsed: Duration) {
    let status = response.status.as_u16();
    let ms = elapsed.as_millis();
    let id = response
        .headers
        .get("x-amzn-requestid")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    match &response.diagnostic {
        Some(cause) if response.status.is_server_error() => {
            tracing::warn!("{line} {status} {ms} ms {id}: {cause}");
        }
        Some(cause) => tracing::info!("{line} {status} {ms} ms {id}: {cause}"),
        None => tracing::info!("{line} {status} {ms} ms {id}"),
    }
}

/// Logs why a service refused or failed; the response to the client does not say.
fn log_back_end(request: &str, role_arn: &str, response: &BackendResponse) {
    if response.status.is_server_error() || response.status == StatusCode::FORBIDDEN {
        let body = String::from_utf8_lossy(&response.body);
        let body: String = body.chars().filter(|c| !c.is_control()).take(500).collect();
        tracing::warn!(
            "{request} as {role_arn}: {} {body}",
            response.status.as_u16()
        );
    }
}
