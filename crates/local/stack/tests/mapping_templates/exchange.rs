//! One request through the gateway, to a back end that gives a prepared response and records the calls.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::sync::Mutex;

use api_gateway::{
    Api, ApiKey, AuthorizationError, Authorizer, Backend, BackendError, BackendResponse, Caller,
    Request, Response, Target,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Shipped;
use crate::json;

/// Headers that a response of this API may have.
const RESPONSE_HEADERS: &[&str] = &[
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "content-range",
    "content-type",
    "etag",
    "x-amz-apigw-id",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-amzn-trace-id",
];

/// The shipped API, compiled.
pub struct World {
    pub shipped: Shipped,
    api: Api,
    runtime: tokio::runtime::Runtime,
}

/// A client's request.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: Method,
    /// Path and query below the stage.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// The response of the back end.
#[derive(Debug, Clone)]
pub enum BackEndResponse {
    Json(u16, Value),
    Xml(u16, String),
    /// A body that the service is not known to return.
    Other(u16, Vec<u8>),
    TimesOut,
    HangsUp,
}

/// The result of a request.
pub struct Exchange {
    pub response: Response,
    calls: Vec<(String, Target)>,
}

impl World {
    pub fn new(shipped: Shipped) -> Result<Self, cfn::Error> {
        Ok(Self {
            api: shipped.open()?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            shipped,
        })
    }

    /// Sends it to the API that anyone may call.
    pub fn play(&self, sent: &Sent, reply: &BackEndResponse) -> Exchange {
        self.send(&self.api, sent, reply)
    }

    /// Sends it to the API that requires a signature, which is refused.
    pub fn denied(&self, sent: &Sent) -> Exchange {
        self.send(
            &self.shipped.closed().unwrap(),
            sent,
            &BackEndResponse::TimesOut,
        )
    }

    fn send(&self, api: &Api, sent: &Sent, reply: &BackEndResponse) -> Exchange {
        let target = format!("/{}{}", api.settings().stage, sent.target);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target.as_str(), None),
        };
        let request = http::Request::new(Bytes::from(sent.body.clone()));
        let mut request = Request::new(request.map(Into::into), Ipv4Addr::LOCALHOST.into());
        request.method = sent.method.clone();
        path.clone_into(&mut request.path);
        request.query = query;
        for (name, value) in &sent.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers.append(HeaderName::from_static(name), value);
        }
        let service = Recorder {
            reply: reply.clone(),
            calls: Mutex::default(),
        };
        let response = self
            .runtime
            .block_on(api.handle(request, &Refusing, &service));
        Exchange {
            response,
            calls: service.calls.into_inner().unwrap(),
        }
    }
}

impl Exchange {
    /// The one call that was made.
    pub fn call(&self) -> Result<(&str, &Target), String> {
        match self.calls.as_slice() {
            [(role, target)] => Ok((role, target)),
            calls => Err(format!("{} calls: {:?}", calls.len(), self.response)),
        }
    }

    /// Checks that no back end was called.
    pub fn called_nobody(&self) -> Result<(), String> {
        same("calls", &self.calls.len(), &0)
    }

    /// Checks that the client got this status with exactly this JSON, and no header beyond those of the API.
    pub fn responds(&self, status: u16, body: &Value) -> Result<(), String> {
        let response = &self.response;
        same("the status", &response.status.as_u16(), &status)
            .map_err(|error| format!("{error}, {}", String::from_utf8_lossy(&response.body)))?;
        let kind = response.headers.get(CONTENT_TYPE);
        same(
            "the type",
            &kind,
            &Some(&HeaderValue::from_static("application/json")),
        )?;
        for name in response.headers.keys() {
            if !RESPONSE_HEADERS.contains(&name.as_str()) {
                return Err(format!("a header {name} in the response"));
            }
        }
        same("the reply", &json::parse(&response.body)?, body)
    }

    /// Checks that the client got this status and message, and nothing else.
    pub fn refused(&self, status: u16, message: &str) -> Result<(), String> {
        self.responds(status, &json!({ "message": message }))
    }
}

pub fn same<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: got {got:?}\n  expected {expected:?}"))
}

struct Recorder {
    reply: BackEndResponse,
    calls: Mutex<Vec<(String, Target)>>,
}

#[async_trait]
impl Backend for Recorder {
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError> {
        self.calls
            .lock()
            .unwrap()
            .push((role_arn.to_owned(), target));
        let (status, kind, body) = match self.reply.clone() {
            BackEndResponse::Json(status, json) => (
                status,
                "application/x-amz-json-1.0",
                json.to_string().into(),
            ),
            BackEndResponse::Xml(status, xml) => (status, "application/xml", xml.into_bytes()),
            BackEndResponse::Other(status, body) => (status, "text/html", body),
            BackEndResponse::TimesOut => return Err(BackendError::Timeout),
            BackEndResponse::HangsUp => return Err(BackendError::Connection("closed".into())),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(
            "x-amz-request-id",
            HeaderValue::from_static("of the service"),
        );
        Ok(BackendResponse {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.into(),
        })
    }
}

/// Refuses every caller; an open API never calls it.
struct Refusing;

impl Authorizer for Refusing {
    fn iam(&self, _: &Request, method_arn: &str) -> Result<Caller, AuthorizationError> {
        Err(AuthorizationError::AccessDenied(format!(
            "User: arn:aws:iam::111122223333:user/m is not authorized to perform: execute-api:Invoke on resource: {method_arn}"
        )))
    }

    fn api_key(&self, _: Option<&str>) -> Result<ApiKey, AuthorizationError> {
        Err(AuthorizationError::InvalidApiKey)
    }
}
