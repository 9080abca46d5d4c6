//! The AWS port: S3, `DynamoDB`, SQS and Rekognition behind one address, told apart by the signature's service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Limited};

use crate::REGION;
use crate::access::{AccessControl, Caller, Principal, UnknownCredentialsError};
use crate::dynamodb::Tables;
use crate::rekognition::Rekognition;
use crate::service_error::ServiceError;
use crate::signature::{SigV4Authorization, SignatureError, SignedParts};
use crate::sqs::Queues;

/// `DynamoDB` takes requests of 16 MB, Rekognition pictures of 5 MB in base64.
const MAX_BODY: usize = 17 * 1024 * 1024;

/// The services behind the port.
pub struct AwsPort {
    /// Who may do what.
    pub access_control: Arc<AccessControl>,
    /// S3.
    pub s3: local_s3::Service,
    /// `DynamoDB`.
    pub tables: Tables,
    /// SQS.
    pub queues: Arc<Queues>,
    /// Rekognition.
    pub rekognition: Rekognition,
}

impl AwsPort {
    /// Answers a request from the wire, or one of the gateway's.
    pub async fn handle(
        &self,
        mut request: Request<local_s3::Body>,
        peer: SocketAddr,
    ) -> Response<local_s3::Body> {
        let service = match SigV4Authorization::read(
            request.headers(),
            request.uri().query().unwrap_or_default(),
        ) {
            Ok(authorization) => authorization.service,
            Err(_) if request.headers().contains_key("x-amz-target") => "json".to_owned(),
            // S3 answers what is not signed, or not well.
            Err(_) => "s3".to_owned(),
        };
        if service == "s3" {
            request.extensions_mut().insert(peer);
            return self.s3.call(request).await;
        }
        let answer = match self.json(&service, request).await {
            Ok(answer) => answer,
            Err(failure) => {
                let mut answer = Response::new(failure.body());
                *answer.status_mut() = failure.status;
                answer
            }
        };
        let (mut head, body) = answer.into_parts();
        let json = HeaderValue::from_static(match service.as_str() {
            "rekognition" => "application/x-amz-json-1.1",
            _ => "application/x-amz-json-1.0",
        });
        head.headers
            .entry(http::header::CONTENT_TYPE)
            .or_insert(json);
        if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
            head.headers.entry("x-amzn-requestid").or_insert(id);
        }
        Response::from_parts(head, local_s3::Body::from(body))
    }

    async fn json(
        &self,
        service: &str,
        request: Request<local_s3::Body>,
    ) -> Result<Response<Bytes>, ServiceError> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| {
            ServiceError::new(
                "RequestEntityTooLargeException",
                "the request is larger than 17 MB, or broke off",
            )
        })?;
        let body = body.to_bytes();
        let caller = self.caller(&head, &body)?;
        let target = head
            .headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let action = target.rsplit('.').next().unwrap_or_default().to_owned();
        let value = match service {
            "dynamodb" => {
                return self
                    .tables
                    .answer(
                        &self.access_control,
                        caller,
                        Request::from_parts(head, body),
                    )
                    .await;
            }
            "rekognition" => {
                self.rekognition
                    .answer(&self.access_control, caller, &action, &body)
                    .await?
            }
            "sqs" => {
                let request = serde_json::from_slice(&body).map_err(|_| {
                    ServiceError::new(
                        "SerializationException",
                        "the body is not JSON: SQS is spoken here in its JSON protocol",
                    )
                })?;
                let host = head
                    .headers
                    .get("host")
                    .and_then(|host| host.to_str().ok())
                    .unwrap_or_default();
                self.queues
                    .answer(&self.access_control, caller, host, &action, &request)
                    .await?
            }
            other => {
                return Err(ServiceError::new(
                    "UnknownServiceException",
                    &format!(
                        "{other} is not a service of this machine: s3, dynamodb, sqs and rekognition are"
                    ),
                ));
            }
        };
        Ok(Response::new(Bytes::from(value.to_string())))
    }

    fn caller(
        &self,
        head: &http::request::Parts,
        body: &[u8],
    ) -> Result<&Arc<Principal>, ServiceError> {
        let query = head.uri.query().unwrap_or_default();
        let authorization =
            SigV4Authorization::read(&head.headers, query).map_err(|error| invalid(&error))?;
        let principal = self
            .access_control
            .principal(
                &authorization.access_key,
                authorization.session_token.as_deref(),
            )
            .map_err(unknown)?;
        let request = SignedParts {
            method: &head.method,
            path: head.uri.path(),
            query,
            headers: &head.headers,
            body,
        };
        authorization
            .verify(
                &principal.credentials.secret_key,
                (&authorization.service, REGION),
                &request,
                SystemTime::now(),
            )
            .map_err(|error| invalid(&error))?;
        Ok(principal)
    }
}

fn invalid(error: &SignatureError) -> ServiceError {
    let code = match error {
        SignatureError::Missing => "MissingAuthenticationTokenException",
        SignatureError::Incomplete(_) => "IncompleteSignatureException",
        _ => "InvalidSignatureException",
    };
    ServiceError::new(code, &error.to_string())
}

fn unknown(_: UnknownCredentialsError) -> ServiceError {
    ServiceError::new(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
}

/// S3 asks the stack's policies.
pub struct S3AccessAdapter(pub Arc<AccessControl>);

#[async_trait::async_trait]
impl local_s3::Access for S3AccessAdapter {
    fn secret_key(&self, access_key: &str) -> Option<String> {
        self.0.secret_key(access_key).map(str::to_owned)
    }

    async fn check(
        &self,
        access_key: Option<&str>,
        session_token: Option<&str>,
        action: &str,
        resource_arn: &str,
        _: &local_s3::Context<'_>,
    ) -> Result<(), String> {
        let principal = self
            .0
            .principal(access_key.unwrap_or_default(), session_token)
            .map_err(|error| error.to_string())?;
        self.0
            .check(Caller::Principal(principal), action, resource_arn)
    }
}
