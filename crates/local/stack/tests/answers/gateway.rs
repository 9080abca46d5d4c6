//! The shipped API, with services that return what a test specifies.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, OnceLock};

use api_gateway::{
    Api, ApiKey, AuthorizationError, Authorizer, Backend, BackendError, BackendResponse, Caller,
    PathParameters, Request, Response, Settings, Target,
};
use bytes::Bytes;
use cfn::ResourceTypes as _;
use http::{HeaderName, Method};
use serde_json::Value;

use crate::shipped::{ACCOUNT, names, resolved};

/// The values of `ApiAuthorization`.
pub const AUTHORIZATIONS: [&str; 3] = ["NONE", "API_KEY", "AWS_IAM"];

/// The shipped API.
pub struct Gateway {
    api: Api,
    stack: cfn::Stack,
    /// The document's paths.
    paths: Value,
}

impl Gateway {
    /// The API that needs no credentials.
    pub fn open() -> &'static Self {
        Self::shared("NONE")
    }

    /// The API with one of [`AUTHORIZATIONS`].
    pub fn shared(authorization: &str) -> &'static Self {
        static ALL: [OnceLock<Gateway>; 3] = [const { OnceLock::new() }; 3];
        let index = AUTHORIZATIONS
            .iter()
            .position(|known| *known == authorization)
            .unwrap();
        ALL[index].get_or_init(|| Self::new(authorization))
    }

    fn new(authorization: &str) -> Self {
        let (stack, _) = resolved(&[
            ("ApiAuthorization", authorization),
            ("RawBucketName", "raw"),
            ("ThumbnailBucketName", "small"),
        ]);
        let variables = stack
            .resource("ApiStage")
            .unwrap()
            .properties
            .get("Variables");
        let variables = variables.unwrap().as_map().unwrap().iter();
        let settings = Settings {
            api_id: "abc123".to_owned(),
            stage: "v1".to_owned(),
            account_id: ACCOUNT.to_owned(),
            region: names().environment.region,
            stage_variables: variables
                .map(|(name, _, value)| (name.clone(), value.scalar_text().unwrap()))
                .collect(),
            binary_media_types: Vec::new(),
            path_parameters: PathParameters::AsSent,
        };
        let body = stack
            .resource("ApiGatewayRest")
            .unwrap()
            .properties
            .get("Body");
        Self {
            api: Api::from_openapi(body.unwrap(), settings).unwrap(),
            paths: body.unwrap().to_json()["paths"].take(),
            stack,
        }
    }

    /// The name of a table.
    pub fn table(&self, logical_id: &str) -> String {
        let table = self.stack.resource(logical_id).unwrap();
        names().reference(table).unwrap()
    }

    /// The ARN of a role.
    pub fn role(&self, logical_id: &str) -> String {
        let role = self.stack.resource(logical_id).unwrap();
        let arn = names().attribute(role, "Arn").unwrap();
        arn.scalar_text().unwrap()
    }

    /// Sends a request below the stage, such as `GET /images?limit=1`.
    pub async fn ask(&self, request: &str, service: &Service) -> Reply {
        self.send(asked(request, &[], ""), service).await
    }

    /// Sends a request, and checks that the document describes the status of the response.
    pub async fn send(&self, request: Request, service: &Service) -> Reply {
        let method = request.method.as_str().to_lowercase();
        let path = request.path["/v1".len()..].to_owned();
        let response = self.api.handle(request, &Stranger, service).await;
        let status = response.status.as_u16();
        // 403 and 415 are the gateway's own, of any method.
        if ![403, 415].contains(&status) {
            let described = &self.item(&path)[method.as_str()]["responses"][status.to_string()];
            assert!(described.is_object(), "{method} {path}: {status}");
        }
        Reply { response }
    }

    /// The item of the document's paths that a path belongs to, by its first segment and whether there are more.
    fn item(&self, path: &str) -> &Value {
        let shape = |path: &str| {
            let mut segments = path.trim_start_matches('/').splitn(2, '/');
            (
                segments.next().map(str::to_owned),
                segments.next().is_some(),
            )
        };
        let mut items = self.paths.as_object().unwrap().iter();
        let item = items.find(|(known, _)| shape(known) == shape(path));
        item.map_or(&Value::Null, |(_, item)| item)
    }
}

/// `GET /images?limit=1` with headers and a body.
pub fn asked(request: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request {
    let (method, target) = request.split_once(' ').unwrap();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let mut request = Request::new(
        http::Request::new(body.into().into()),
        Ipv4Addr::LOCALHOST.into(),
    );
    request.method = method.parse().unwrap();
    request.path = format!("/v1{path}");
    request.query = query;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers.append(name, value.parse().unwrap());
    }
    request
}

/// A caller whom no policy allows and who has no key.
struct Stranger;

impl Authorizer for Stranger {
    fn iam(&self, _: &Request, method_arn: &str) -> Result<Caller, AuthorizationError> {
        let message =
            format!("User: arn:aws:iam::{ACCOUNT}:user/x is not authorized to {method_arn}");
        Err(AuthorizationError::AccessDenied(message))
    }

    fn api_key(&self, _: Option<&str>) -> Result<ApiKey, AuthorizationError> {
        Err(AuthorizationError::InvalidApiKey)
    }
}

/// The response that S3 or `DynamoDB` is to return, and the request that it got.
pub struct Service {
    answer: Mutex<Option<Result<BackendResponse, BackendError>>>,
    asked: Mutex<Option<(String, Target)>>,
}

impl Service {
    /// Returns a status, headers and a body.
    pub fn answers(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        Self::comes_to(Ok(BackendResponse {
            status: status.try_into().unwrap(),
            headers: headers.collect(),
            body: body.into(),
        }))
    }

    /// Responds as `DynamoDB` does.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = [("content-type", "application/x-amz-json-1.0")];
        Self::answers(status, &headers, body.to_string())
    }

    /// Returns one of S3's errors, of which a HEAD gets only the status.
    pub fn s3_error(status: u16, code: &str, method: &Method) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>"
        );
        let body = if *method == Method::HEAD {
            String::new()
        } else {
            body
        };
        Self::answers(status, &[("content-type", "application/xml")], body)
    }

    /// Returns the response, or never responds.
    pub fn comes_to(answer: Result<BackendResponse, BackendError>) -> Self {
        Self {
            answer: Mutex::new(Some(answer)),
            asked: Mutex::default(),
        }
    }

    /// The role and the request that came.
    pub fn asked(&self) -> (String, Target) {
        let asked = self.asked.lock().unwrap().take();
        asked.expect("the service was not asked")
    }

    /// Whether no request came.
    pub fn idle(&self) -> bool {
        self.asked.lock().unwrap().is_none()
    }

    /// The action and the JSON that `DynamoDB` was sent as `role`.
    pub fn asked_for(&self, role: &str) -> (String, Value) {
        let (asked_as, target) = self.asked();
        assert_eq!(asked_as, role);
        assert_eq!((target.path.as_str(), target.query.as_str()), ("/", ""));
        let action = target.headers["x-amz-target"].to_str().unwrap();
        let body = serde_json::from_slice(&target.body);
        let body = body.unwrap_or_else(|error| panic!("{error}: {:?}", target.body));
        (action.to_owned(), body)
    }
}

#[async_trait::async_trait]
impl Backend for Service {
    async fn call(&self, role_arn: &str, target: Target) -> Result<BackendResponse, BackendError> {
        let before = self
            .asked
            .lock()
            .unwrap()
            .replace((role_arn.to_owned(), target));
        assert!(before.is_none(), "the service was asked twice");
        self.answer.lock().unwrap().take().unwrap()
    }
}

/// What the client got.
#[derive(Debug)]
pub struct Reply {
    response: Response,
}

impl Reply {
    /// Compares the status, the headers with those of every response, and the body.
    #[track_caller]
    pub fn is(&self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let every = [
            ("access-control-allow-origin", "*"),
            (
                "access-control-expose-headers",
                "ETag,Content-Range,x-amzn-RequestId",
            ),
            ("content-type", "application/json"),
        ];
        let mut expected = BTreeMap::from(every);
        expected.extend(headers.iter().copied());
        let mut seen = BTreeMap::new();
        for (name, value) in &self.response.headers {
            if !name.as_str().starts_with("x-amz") {
                seen.insert(name.as_str(), value.to_str().unwrap());
            }
        }
        assert_eq!(self.response.status.as_u16(), status, "{self:?}");
        assert_eq!(seen, expected, "{self:?}");
        assert_eq!(self.response.body, body.as_ref(), "{self:?}");
    }

    /// Compares with a response in JSON.
    #[track_caller]
    pub fn is_json(&self, status: u16, headers: &[(&str, &str)], body: &Value) {
        let seen: Value = serde_json::from_slice(&self.response.body)
            .unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(seen, *body, "{self:?}");
        self.is(status, headers, &self.response.body);
    }

    /// Compares with a refusal: JSON of a message, which a HEAD does not carry.
    #[track_caller]
    pub fn refuses(&self, method: &Method, status: u16, message: &str) {
        if *method == Method::HEAD {
            self.is(status, &[], "");
        } else {
            self.is_json(status, &[], &serde_json::json!({"message": message}));
        }
    }
}
