//! The AWS port: every service behind one address, chosen by the service in the signature's credential scope.

pub mod protocol;
pub mod service;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};

use crate::REGION;
use crate::access::{AccessControl, Caller, Principal, UnknownCredentialsError};
use crate::cloudformation::CloudFormation;
use crate::dynamodb::Tables;
use crate::rekognition::Rekognition;
use crate::signature::{SigV4Authorization, SignatureError, SignedParts};
use crate::sns::Topics;
use crate::sqs::Queues;
use crate::sts::Sts;
use protocol::Protocol;
use service::{Call, Output, Service, ServiceError};

/// `DynamoDB` takes requests of 16 MB, Rekognition images of 5 MB in base64.
const MAX_BODY: usize = 17 * 1024 * 1024;

/// The services behind the port.
pub struct AwsPort {
    /// The principals and their permissions.
    pub access_control: Arc<AccessControl>,
    /// S3.
    pub s3: local_s3::Service,
    /// `DynamoDB`.
    pub tables: Tables,
    /// SQS.
    pub queues: Arc<Queues>,
    /// SNS.
    pub topics: Arc<Topics>,
    /// Rekognition.
    pub rekognition: Rekognition,
    /// CloudFormation.
    pub cloudformation: CloudFormation,
}

impl AwsPort {
    /// Responds to a request from the wire and logs it: at level info, or debug for requests of the functions.
    pub async fn handle_logged(
        &self,
        request: Request<local_s3::Body>,
        peer: SocketAddr,
    ) -> Response<local_s3::Body> {
        let started = Instant::now();
        let head = request.headers();
        let mut line = format!("{} {}", request.method(), request.uri());
        if let Some(Ok(target)) = head.get("x-amz-target").map(HeaderValue::to_str) {
            line = format!("{line} {target}");
        }
        let of_function = head.contains_key("x-amz-security-token");
        let response = self.handle(request, peer).await;
        let status = response.status().as_u16();
        let ms = started.elapsed().as_millis();
        if of_function && !response.status().is_server_error() {
            tracing::debug!("{line} {status} {ms} ms");
        } else {
            tracing::info!("{line} {status} {ms} ms");
        }
        response
    }

    /// Responds to a request from the wire or from the gateway.
    pub async fn handle(
        &self,
        mut request: Request<local_s3::Body>,
        peer: SocketAddr,
    ) -> Response<local_s3::Body> {
        let query = request.uri().query().unwrap_or_default();
        let service = match SigV4Authorization::read(request.headers(), query) {
            Ok(authorization) => authorization.service,
            Err(_) => unsigned_service(&request).to_owned(),
        };
        if service == "s3" {
            request.extensions_mut().insert(peer);
            return self.s3.call(request).await;
        }
        let (head, body) = request.into_parts();
        let protocol = Protocol::detect(&head, &service);
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut response = self
            .call(&service, protocol, &request_id, &head, body)
            .await
            .unwrap_or_else(|error| protocol.encode_error(&service, &request_id, &error));
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response
                .headers_mut()
                .entry("x-amzn-requestid")
                .or_insert(id);
        }
        response.map(local_s3::Body::from)
    }

    async fn call(
        &self,
        service: &str,
        protocol: Protocol,
        request_id: &str,
        head: &Parts,
        body: local_s3::Body,
    ) -> Result<Response<Bytes>, ServiceError> {
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| {
            ServiceError::new(
                "RequestEntityTooLargeException",
                "the request is larger than 17 MB, or its body is incomplete",
            )
        })?;
        let body = body.to_bytes();
        let caller = self.caller(head, &body)?;
        let (action, input) = protocol.decode(head, &body)?;
        let handler = self
            .service(service, protocol)
            .ok_or_else(|| unsupported(service, &action))?;
        let call = Call {
            action: &action,
            input: &input,
            head,
            body: &body,
            caller,
            access_control: &self.access_control,
        };
        Ok(match handler.call(&call).await? {
            Output::Value(value) => protocol.encode(service, &action, request_id, &value),
            Output::Response(response) => response,
        })
    }

    /// The service of that name, if it exists and speaks that protocol.
    fn service(&self, name: &str, protocol: Protocol) -> Option<&dyn Service> {
        let json = matches!(protocol, Protocol::Json10 | Protocol::Json11);
        match name {
            "dynamodb" if json => Some(&self.tables),
            "rekognition" if json => Some(&self.rekognition),
            "sqs" if json => Some(&*self.queues),
            "cloudformation" if protocol == Protocol::Query => Some(&self.cloudformation),
            "sns" if protocol == Protocol::Query => Some(&*self.topics),
            "sts" if protocol == Protocol::Query => Some(&Sts),
            _ => None,
        }
    }

    fn caller(&self, head: &Parts, body: &[u8]) -> Result<&Arc<Principal>, ServiceError> {
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

/// The service that an unsigned request is meant for, which refuses it in its own protocol.
fn unsigned_service<B>(request: &Request<B>) -> &'static str {
    let form = request
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
    if request.headers().contains_key("x-amz-target") {
        "dynamodb"
    } else if form {
        "sts"
    } else {
        "s3"
    }
}

fn unsupported(service: &str, action: &str) -> ServiceError {
    let message = match service {
        "sqs" => format!(
            "{action}: SQS on this machine speaks AWS JSON, not AWS query; use an SDK or AWS CLI of 2024 or later"
        ),
        _ => format!(
            "{action}: {service} is not a service of this machine: s3, dynamodb, sqs, sns, rekognition, sts and \
             cloudformation are"
        ),
    };
    ServiceError {
        status: StatusCode::NOT_IMPLEMENTED,
        code: "NotImplemented".to_owned(),
        message,
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

/// Applies the stack's policies to S3.
pub struct S3AccessAdapter {
    /// The principals and their permissions.
    pub access_control: Arc<AccessControl>,
    /// The buckets' policies in JSON, by bucket.
    pub bucket_policies: HashMap<String, String>,
}

#[async_trait::async_trait]
impl local_s3::Access for S3AccessAdapter {
    fn secret_key(&self, access_key: &str) -> Option<String> {
        self.access_control
            .secret_key(access_key)
            .map(str::to_owned)
    }

    async fn check(
        &self,
        request: &local_s3::AccessRequest<'_>,
    ) -> Result<(), local_s3::AccessDeniedError> {
        let principal = self
            .access_control
            .principal(request.access_key, request.session_token)
            .map_err(|error| local_s3::AccessDeniedError(error.to_string()))?;
        self.access_control
            .check(
                Caller::Principal(principal),
                request.action,
                request.resource_arn,
            )
            .map_err(|error| local_s3::AccessDeniedError(error.0))
    }

    fn bucket_policy(&self, bucket: &str) -> Option<String> {
        self.bucket_policies.get(bucket).cloned()
    }
}
