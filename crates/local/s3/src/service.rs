//! Requests in, answers out: `s3s` with what S3 does around it.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SERVER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Error, s3_error};
use uuid::Uuid;

use crate::access::{Access, Gate};
use crate::arrival::{Arrival, Hosts, is_well_encoded};
use crate::observer::Observer;
use crate::operations::Operations;
use crate::store::Store;

/// Answers S3 requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    protocol: S3Service,
}

/// A service that keeps its objects in `store`, asks `access` before it does anything and tells `observer` what it did.
#[must_use]
pub fn service(store: Arc<Store>, access: Arc<dyn Access>, observer: Arc<dyn Observer>) -> Service {
    let gate = Gate(access);
    let mut builder = S3ServiceBuilder::new(Operations {
        store,
        gate: gate.clone(),
        observer,
    });
    builder.set_auth(gate.clone());
    builder.set_access(gate);
    builder.set_host(Hosts);
    Service {
        protocol: builder.build(),
    }
}

impl Service {
    /// Answers a request, whose body may be a [`hyper::body::Incoming`](https://docs.rs/hyper), [`bytes::Bytes`], or
    /// any other body by [`Body::http_body`]. Bodies are streamed in both directions. A [`std::net::SocketAddr`] among
    /// the request's extensions is taken for the client's address.
    pub async fn call<B: Into<Body>>(&self, request: Request<B>) -> Response<Body> {
        let mut request = request.map(Into::into);
        let id = format!("{:016X}", Uuid::new_v4().as_u64_pair().0);
        let is_head = request.method() == Method::HEAD;
        let resource = request.uri().path().to_owned();

        let answer = if is_well_encoded(&resource) {
            let arrival = Arrival::new(&request, &id);
            request.extensions_mut().insert(arrival);
            join_lines(request.headers_mut());
            self.protocol.call(request).await.map_err(|error| {
                S3Error::with_source(s3s::S3ErrorCode::InternalError, error.into())
            })
        } else {
            s3_error!(InvalidURI, "Couldn't parse the specified URI.").to_http_response()
        };
        let mut answer = answer.unwrap_or_else(|error| {
            tracing::error!(%error, request_id = id, "an S3 request got no answer");
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        });

        if is_bodiless(answer.status(), is_head) {
            *answer.body_mut() = Body::empty();
        } else if answer.status().is_client_error() || answer.status().is_server_error() {
            answer = complete_error(answer, &resource, &id).await;
        }
        let headers = answer.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(HeaderName::from_static("x-amz-request-id"), id);
        }
        answer
    }
}

/// Makes one line of several of a name, as signatures count them; `s3s` refuses `Content-Encoding: gzip` followed by
/// `Content-Encoding: aws-chunked`, which is what SDKs send.
fn join_lines(headers: &mut HeaderMap) {
    let repeated: Vec<HeaderName> = headers
        .keys()
        .filter(|name| headers.get_all(*name).iter().count() > 1)
        .cloned()
        .collect();
    for name in repeated {
        let lines: Vec<&[u8]> = headers
            .get_all(&name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        if let Ok(line) = HeaderValue::from_bytes(&lines.join(&b","[..])) {
            headers.insert(name, line);
        }
    }
}

/// `s3s` writes the XML of an error into these answers, too.
fn is_bodiless(status: StatusCode, is_head: bool) -> bool {
    status == StatusCode::NOT_MODIFIED || (is_head && !status.is_success())
}

/// Adds what S3's errors have and those of `s3s` lack: a message in every case, the resource and the request's id.
async fn complete_error(answer: Response<Body>, resource: &str, id: &str) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(head, Body::empty());
    };
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let Some(inner) = text
        .split_once("<Error>")
        .and_then(|(_, rest)| rest.strip_suffix("</Error>"))
    else {
        return Response::from_parts(head, Body::from(text));
    };
    let message = if inner.contains("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", default_message(inner))
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error>{inner}{message}<Resource>{resource}</Resource><RequestId>{id}</RequestId></Error>",
        resource = resource.replace('&', "&amp;").replace('<', "&lt;"),
    );
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(text))
}

/// The messages of the [error responses] that `s3s` sends without one.
///
/// [error responses]: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
fn default_message(error: &str) -> &'static str {
    let code = error
        .strip_prefix("<Code>")
        .and_then(|rest| rest.split_once("</Code>"));
    match code.map(|(code, _)| code) {
        Some("SignatureDoesNotMatch") => {
            "The request signature we calculated does not match the signature you provided. Check your key and \
             signing method."
        }
        Some("InvalidBucketName") => "The specified bucket is not valid.",
        Some("InvalidURI") => "Couldn't parse the specified URI.",
        Some("KeyTooLongError") => "Your key is too long",
        Some("MethodNotAllowed") => "The specified method is not allowed against this resource.",
        Some("InvalidRange") => "The requested range is not satisfiable",
        Some("MissingContentLength") => "You must provide the Content-Length HTTP header.",
        Some("MaxMessageLengthExceeded") => "Your request was too big.",
        Some("IncompleteBody") => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header"
        }
        _ => "We could not fulfil the request.",
    }
}
