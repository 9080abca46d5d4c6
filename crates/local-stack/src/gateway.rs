//! The API port: the crate `api-gateway` with this machine's credentials and services.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use api_gateway::{
    ApiKey, Authorizer, Backend, BackendError, BackendResponse, Caller, Denied, Request, Target,
};
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Limited};

use crate::access::{self, Authority};
use crate::aws::Aws;
use crate::signature::{Invalid, Presented, Signable, sign};

const SERVICE: &str = "apigateway.amazonaws.com";

/// The key that a stage with `API_KEY` asks for.
#[derive(Debug, Clone)]
pub struct StageKey {
    /// The key's id, which the output `ApiKeyId` gives.
    pub id: String,
    /// What `x-api-key` must be.
    pub value: String,
}

/// Verifies signatures and keys.
pub struct Credentials {
    /// Who there is.
    pub authority: Arc<Authority>,
    /// Keys that a usage plan of the stage knows.
    pub keys: Vec<StageKey>,
}

impl Authorizer for Credentials {
    fn iam(&self, request: &Request, method_arn: &str) -> Result<Caller, Denied> {
        let presented = Presented::read(&request.headers).map_err(|error| denied(&error))?;
        let principal = self
            .authority
            .principal(presented.access_key, presented.session_token)
            .map_err(|_| {
                Denied::UnrecognizedClient(
                    "The security token included in the request is invalid.".to_owned(),
                )
            })?;
        let signable = Signable {
            method: &request.method,
            path: &request.path,
            query: request.query.as_deref().unwrap_or_default(),
            headers: &request.headers,
            body: &request.body,
        };
        presented
            .verify(
                &principal.credentials.secret_key,
                &signable,
                SystemTime::now(),
            )
            .map_err(|error| denied(&error))?;
        self.authority
            .check(
                access::Caller::Principal(principal),
                "execute-api:Invoke",
                method_arn,
            )
            .map_err(Denied::AccessDenied)?;
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

    fn api_key(&self, key: Option<&str>) -> Result<ApiKey, Denied> {
        let known = self
            .keys
            .iter()
            .find(|known| Some(known.value.as_str()) == key);
        known
            .map(|known| ApiKey {
                id: known.id.clone(),
                value: known.value.clone(),
            })
            .ok_or(Denied::InvalidApiKey)
    }
}

fn denied(error: &Invalid) -> Denied {
    match error {
        Invalid::Missing => Denied::MissingAuthenticationToken,
        Invalid::Incomplete(_) => Denied::IncompleteSignature(error.to_string()),
        Invalid::Expired(_) | Invalid::Mismatch => Denied::InvalidSignature(error.to_string()),
    }
}

/// Calls this machine's services as the integrations' roles.
pub struct Services {
    /// The services, once they are there.
    pub aws: OnceLock<Arc<Aws>>,
    /// `127.0.0.1:4566`
    pub address: SocketAddr,
}

#[async_trait]
impl Backend for Services {
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError> {
        let aws = self
            .aws
            .get()
            .ok_or_else(|| BackendError::Role("services that are not up".to_owned()))?;
        let role = aws
            .authority
            .assume(role_arn, SERVICE)
            .map_err(BackendError::Role)?;
        let mut headers: HeaderMap = target.headers;
        if let Ok(host) = HeaderValue::from_str(&self.address.to_string()) {
            headers.insert(http::header::HOST, host);
        }
        sign(
            &role.credentials,
            &target.region,
            target.service.name(),
            &target.method,
            (&target.path, &target.query),
            &mut headers,
            &target.body,
        );
        let uri = if target.query.is_empty() {
            target.path
        } else {
            format!("{}?{}", target.path, target.query)
        };
        let mut request = http::Request::builder()
            .method(target.method)
            .uri(uri)
            .body(local_s3::Body::from(target.body))
            .map_err(|error| BackendError::Connection(Box::new(error)))?;
        *request.headers_mut() = headers;
        let answer = async {
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
        tokio::time::timeout(target.timeout, answer)
            .await
            .unwrap_or(Err(BackendError::Timeout))
    }
}
