//! Requests that an SDK would not send, signed by hand and sent in process.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;

use super::{ADMIN, Stack};

/// A response.
#[derive(Debug)]
pub struct RawResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl RawResponse {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of an element of the XML body.
    pub fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text().split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How a request is signed.
#[derive(Clone, Copy)]
pub enum Signed {
    /// Not at all.
    Not,
    /// In its headers, over the path as it is sent.
    Header,
    /// In its query, signed this long ago.
    Query(Duration),
}

pub fn request(method: &str, target: &str, body: &'static [u8]) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "s3.eu-central-1.amazonaws.com")
        .body(Bytes::from_static(body))
        .unwrap()
}

impl Stack {
    /// Signs as the administrator and calls the service in process.
    pub async fn send(&self, mut request: Request<Bytes>, signed: Signed) -> RawResponse {
        add_signature(&mut request, signed, ADMIN);
        self.send_as_is(request).await
    }

    pub async fn send_as_is(&self, request: Request<Bytes>) -> RawResponse {
        let (head, body) = self.service.call(request).await.into_parts();
        RawResponse {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// Signs the headers of a request whose `x-amz-content-sha256` is not a digest.
pub fn add_signature_over(request: &mut Request<Bytes>, payload: &str) {
    let body = SignableBody::Precomputed(payload.to_owned());
    sign_with(request, Signed::Header, ADMIN, Some(body));
}

pub fn add_signature(request: &mut Request<Bytes>, signed: Signed, caller: (&str, &str)) {
    sign_with(request, signed, caller, None);
}

fn sign_with(
    request: &mut Request<Bytes>,
    signed: Signed,
    (key, secret): (&str, &str),
    precomputed: Option<SignableBody<'_>>,
) {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let mut time = SystemTime::now();
    match signed {
        Signed::Not => return,
        Signed::Header => {}
        Signed::Query(age) => {
            time -= age;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_mins(1));
        }
    }
    let identity = Credentials::new(key, secret, None, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("s3")
        .time(time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let uri = match request.uri().scheme() {
        Some(_) => request.uri().to_string(),
        None => format!("http://s3.eu-central-1.amazonaws.com{}", request.uri()),
    };
    let body = match (precomputed, signed) {
        (Some(body), _) => body,
        (None, Signed::Query(_)) => SignableBody::UnsignedPayload,
        (None, _) => SignableBody::Bytes(request.body()),
    };
    let signable = SignableRequest::new(
        request.method().as_str(),
        uri,
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        body,
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    instructions.apply_to_request_http1x(request);
}
