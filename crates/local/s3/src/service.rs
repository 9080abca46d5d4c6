//! The service: `s3s`, and what S3 does before and after it.

use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE, SERVER, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use s3s::dto::{ETagCondition, Range};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Error, S3Result, s3_error};
use uuid::Uuid;

use crate::access::{Access, S3AccessAdapter};
use crate::observer::Observer;
use crate::operations::Operations;
use crate::request_context::{BucketNames, RequestContext, VirtualHosts, is_percent_encoded};
use crate::signature::{self, Refusal};
use crate::store::Store;
use crate::xml;

/// Responds to S3 requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    protocol: S3Service,
    region: Arc<str>,
}

/// The owner of the buckets, and their region.
#[derive(Clone, Debug)]
pub struct Account {
    /// 12 digits.
    pub id: String,
    /// `us-east-1`
    pub region: String,
}

/// A service that keeps its objects in `store`, checks every action with `access`, and notifies `observer` of changes.
#[must_use]
pub fn service(
    account: Account,
    store: Arc<Store>,
    access: Arc<dyn Access>,
    observer: Arc<dyn Observer>,
) -> Service {
    let region = account.region.as_str().into();
    let access = S3AccessAdapter(access, account.clone());
    let mut builder = S3ServiceBuilder::new(Operations {
        account,
        store,
        access: access.clone(),
        observer,
    });
    builder.set_auth(access.clone());
    builder.set_access(access);
    builder.set_host(VirtualHosts);
    builder.set_validation(BucketNames);
    Service {
        protocol: builder.build(),
        region,
    }
}

impl Service {
    /// Responds to a request, whose body may be a [`hyper::body::Incoming`](https://docs.rs/hyper), [`bytes::Bytes`], or
    /// any other body by [`Body::http_body`]. Bodies are streamed in both directions. A [`std::net::SocketAddr`] among
    /// the request's extensions is taken for the client's address.
    pub async fn call<B: Into<Body>>(&self, request: Request<B>) -> Response<Body> {
        let request = request.map(Into::into);
        let id = format!("{:016X}", Uuid::new_v4().as_u64_pair().0);
        let is_head = request.method() == Method::HEAD;
        let has_body = has_body(request.headers());
        let resource = request.uri().path().to_owned();

        let (response, detail) = match self.respond(request, &id).await {
            Ok(response) => (Ok(response), None),
            Err(Refusal { error, detail }) => (error.to_http_response(), detail),
        };
        let mut response = response.unwrap_or_else(|error| {
            tracing::error!(%error, request_id = id, "cannot respond to an S3 request");
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });

        if is_bodiless(response.status(), is_head) {
            *response.body_mut() = Body::empty();
        } else if response.status().is_client_error() || response.status().is_server_error() {
            response = complete_error(response, &resource, &id, detail).await;
        } else {
            response = escape_xml(response);
        }
        let is_refused = !response.status().is_success();
        let headers = response.headers_mut();
        if is_refused && has_body {
            // The body may not have been read or even sent: a client that expects `100 Continue` would send its next
            // request on this connection, and it would be read as this one's body. S3 closes it, too.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(HeaderName::from_static("x-amz-request-id"), id);
        }
        response
    }

    async fn respond(
        &self,
        mut request: Request<Body>,
        id: &str,
    ) -> Result<Response<Body>, Refusal> {
        if !is_percent_encoded(request.uri().path()) {
            return Err(s3_error!(InvalidURI, "Couldn't parse the specified URI.").into());
        }
        read_plus_as_space(request.uri_mut());
        let query = request.uri().query().unwrap_or_default();
        signature::check(request.headers(), query, &self.region)?;
        let context = RequestContext::new(&request, id);
        request.extensions_mut().insert(context);
        merge_repeated_headers(request.headers_mut());
        ignore_malformed(request.headers_mut());
        let response: S3Result<_> =
            self.protocol.call(request).await.map_err(|error| {
                S3Error::with_source(s3s::S3ErrorCode::InternalError, error.into())
            });
        Ok(response?)
    }
}

/// S3 reads a `+` in a path as a space before it compares signatures, so that a request that was signed with the plus is
/// refused and does not reach another object (aws/aws-sdk-java#1902).
fn read_plus_as_space(uri: &mut Uri) {
    if !uri.path().contains('+') {
        return;
    }
    let path = uri.path().replace('+', "%20");
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // Replacing a plus leaves a valid target.
    if let Ok(target) = target.parse() {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(target);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length != "0")
}

/// `s3s` writes XML into memory, and streams objects.
fn escape_xml(response: Response<Body>) -> Response<Body> {
    let is_xml = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value == "application/xml");
    let (mut head, body) = response.into_parts();
    let Some(bytes) = body.bytes().filter(|_| is_xml) else {
        return Response::from_parts(head, body);
    };
    head.headers.remove(CONTENT_LENGTH);
    let body = match String::from_utf8(bytes.into()) {
        Ok(xml) => Body::from(xml::escape_controls(xml)),
        Err(error) => Body::from(error.into_bytes()),
    };
    Response::from_parts(head, body)
}

/// Joins headers of the same name, as in the canonical request; `s3s` refuses `Content-Encoding: gzip` followed by
/// `Content-Encoding: aws-chunked`, which SDKs send.
fn merge_repeated_headers(headers: &mut HeaderMap) {
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

/// Removes malformed headers, for which `s3s` would refuse the request. S3 ignores such a `Range`, as `GetObjectHandler`
/// in `minio/minio` notes; an invalid date is ignored (RFC 9110, 13.1.3); no object has a malformed `ETag`; a type that
/// is not ASCII is ignored, which S3's documentation leaves open. A signed header has to stay for the signature, and is
/// refused.
fn ignore_malformed(headers: &mut HeaderMap) {
    let says_something = |name: &HeaderName, value: &HeaderValue| match *name {
        RANGE => value
            .to_str()
            .is_ok_and(|value| Range::parse(value).is_ok()),
        IF_NONE_MATCH => ETagCondition::parse_http_header(value.as_bytes()).is_ok(),
        CONTENT_TYPE | IF_MODIFIED_SINCE | IF_UNMODIFIED_SINCE => value.to_str().is_ok(),
        _ => true,
    };
    let signed = headers.get(AUTHORIZATION).and_then(signed_headers);
    let signed: Vec<&str> = signed.into_iter().flatten().collect();
    let malformed: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| !says_something(name, value) && !signed.contains(&name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in malformed {
        headers.remove(name);
    }
}

/// The names in `SignedHeaders` of an `Authorization`.
fn signed_headers(authorization: &HeaderValue) -> Option<impl Iterator<Item = &str>> {
    let (_, names) = authorization.to_str().ok()?.split_once("SignedHeaders=")?;
    Some(names.split(',').next()?.split(';'))
}

/// Whether a response has no body; `s3s` writes the XML of an error even then.
fn is_bodiless(status: StatusCode, is_head: bool) -> bool {
    status == StatusCode::NOT_MODIFIED || (is_head && !status.is_success())
}

/// Adds what the errors of `s3s` lack: a message in every case, the resource and the request's id.
async fn complete_error(
    response: Response<Body>,
    resource: &str,
    id: &str,
    detail: Option<(&'static str, String)>,
) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(head, Body::empty());
    };
    let xml = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let Some(mut inner) = xml
        .split_once("<Error>")
        .and_then(|(_, rest)| rest.strip_suffix("</Error>"))
        .map(str::to_owned)
    else {
        return Response::from_parts(head, Body::from(xml));
    };
    if let Some(condition) = violated_policy(&inner) {
        // S3 calls this a denied access: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>.
        inner = format!(
            "<Code>AccessDenied</Code><Message>Invalid according to Policy: {condition}</Message>"
        );
        head.status = StatusCode::FORBIDDEN;
    }
    let message = if inner.contains("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", default_message(&inner))
    };
    let detail = detail
        .map(|(name, value)| format!("<{name}>{}</{name}>", xml::escape(&value)))
        .unwrap_or_default();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error>{inner}{message}{detail}<Resource>{resource}</Resource><RequestId>{id}</RequestId></Error>",
        resource = xml::escape(resource),
    );
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(xml::escape_controls(xml)))
}

/// The condition of a form's policy that does not hold. `s3s` has one code for that and for a malformed policy.
fn violated_policy(error: &str) -> Option<&str> {
    let message = error
        .strip_prefix("<Code>InvalidPolicyDocument</Code><Message>")?
        .split_once("</Message>")?
        .0;
    ["Policy condition", "Bucket in form field"]
        .iter()
        .any(|beginning| message.starts_with(beginning))
        .then_some(message)
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
