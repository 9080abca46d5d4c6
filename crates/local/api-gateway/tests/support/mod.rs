//! Shared by the tests of a whole API: a back end in memory, keys, requests.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(dead_code, reason = "no test file uses all of it")]

use std::net::Ipv4Addr;
use std::sync::Mutex;

use api_gateway::{
    Api, ApiKey, AuthorizationError, Authorizer, Backend, BackendError, BackendResponse, Caller,
    PathParameters, Request, RequestBody, Response, Settings, Target,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};

/// Settings of stage `v1` of an API in Ireland.
pub fn settings() -> Settings {
    Settings {
        api_id: "abc123".to_owned(),
        stage: "v1".to_owned(),
        account_id: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        path_parameters: PathParameters::AsSent,
        ..Settings::default()
    }
}

/// The API of a document.
pub fn api(text: &str) -> Result<Api, cfn::Error> {
    Api::from_openapi(&cfn::Node::parse(text)?, settings())
}

/// A request with any target.
pub fn request(
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request {
    let mut request = Request::new(
        http::Request::new(RequestBody::from(body)),
        Ipv4Addr::LOCALHOST.into(),
    );
    request.method = method;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    path.clone_into(&mut request.path);
    request.query = query;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers.append(name, value.parse().unwrap());
    }
    request
}

/// A GET without headers.
pub fn get(target: &str) -> Request {
    request(Method::GET, target, &[], Bytes::new())
}

/// A back end that records its calls and always gives the same response.
pub struct Recorder {
    response: BackendResponse,
    calls: Mutex<Vec<(String, Target)>>,
}

impl Recorder {
    /// Responds with a status, headers and a body.
    pub fn new(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Self {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let response = BackendResponse {
            status,
            headers: all,
            body: body.into(),
        };
        Self {
            response,
            calls: Mutex::default(),
        }
    }

    /// The calls so far: role and target.
    pub fn calls(&self) -> Vec<(String, Target)> {
        self.calls.lock().unwrap().clone()
    }

    /// The only call.
    pub fn call(&self) -> Target {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1);
        calls.remove(0).1
    }
}

#[async_trait::async_trait]
impl Backend for Recorder {
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError> {
        self.calls
            .lock()
            .unwrap()
            .push((role_arn.to_owned(), target));
        Ok(self.response.clone())
    }
}

/// Knows the signature `signed` and the key `secret`.
pub struct KeyRing;

impl Authorizer for KeyRing {
    fn iam(&self, request: &Request, method_arn: &str) -> Result<Caller, AuthorizationError> {
        match request.header("authorization") {
            None => Err(AuthorizationError::MissingAuthenticationToken),
            Some("signed") => Ok(Caller {
                arn: "arn:aws:iam::123456789012:user/alice".to_owned(),
                account_id: "123456789012".to_owned(),
                user_id: "AIDAALICE".to_owned(),
                access_key: "AKIDALICE".to_owned(),
            }),
            Some("signed by mallory") => {
                let message = format!(
                    "User: mallory is not authorized to perform: execute-api:Invoke on resource: {method_arn}"
                );
                Err(AuthorizationError::AccessDenied(message))
            }
            Some(_) => Err(AuthorizationError::InvalidSignature(
                "The signature does not match.".to_owned(),
            )),
        }
    }

    fn api_key(&self, key: Option<&str>) -> Result<ApiKey, AuthorizationError> {
        match key {
            Some("secret") => Ok(ApiKey {
                id: "key1".to_owned(),
                value: "secret".to_owned(),
            }),
            Some("spent") => Err(AuthorizationError::QuotaExceeded),
            _ => Err(AuthorizationError::InvalidApiKey),
        }
    }
}

/// A response's body as text.
pub fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

/// A response's header.
pub fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}
