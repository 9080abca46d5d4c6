//! The system under test: the shipped template on this machine, or a deployed stack.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::access::Credentials;
use local_stack::command_line::{Data, PathParameters};
use local_stack::signature::sign;
use local_stack::{Options, REGION, Stack};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::{Prefix, Response, UploadedImage};

/// The timeout of a request; API Gateway's own limit is 29 s.
const REQUEST: Duration = Duration::from_mins(1);
/// The timeout for everything that follows an upload or a deletion, with the images of all other tests queued before
/// it, unless `STACK_PATIENCE` is set.
const FOLLOWS: Duration = Duration::from_mins(5);
/// How often a condition is polled.
const LOOK: Duration = Duration::from_millis(50);

/// The system under test; on this machine it runs until the last test drops it.
pub struct System {
    base: String,
    access: Access,
    run: String,
    prefixes: AtomicU32,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    // Declared before the stack, so that the stack's tasks are dropped first.
    runtime: Runtime,
    stack: Option<Stack>,
}

/// The credentials of a request.
#[derive(Clone)]
pub enum Access {
    /// None.
    Open,
    /// `x-api-key`.
    Key(String),
    /// A signature.
    Signed {
        /// The signer's credentials.
        credentials: Credentials,
        /// The region of the signature.
        region: String,
        /// The service of the signature; `execute-api` is the correct one.
        service: String,
    },
}

static SHARED: Mutex<Weak<System>> = Mutex::new(Weak::new());

impl System {
    /// The system that all tests share.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let system = Arc::new(match env::var("STACK_URL") {
                Ok(url) => Self::deployed(&url),
                Err(_) => Self::local(&[]),
            });
            *shared = Arc::downgrade(&system);
            system
        })
    }

    /// A separate system with other parameters; not available with `STACK_URL`.
    #[must_use]
    pub fn with(parameters: &[(&str, &str)]) -> Option<Self> {
        if env::var_os("STACK_URL").is_some() {
            println!(
                "skipped: the parameters of a deployed stack are fixed, so {parameters:?} can't be tested"
            );
            return None;
        }
        Some(Self::local(parameters))
    }

    fn local(parameters: &[(&str, &str)]) -> Self {
        // `RUST_LOG=local_stack=info` logs what the services do.
        let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env());
        let _ = log.with_writer(io::stderr).try_init();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = Options {
            api_port: 0,
            aws_port: 0,
            template: env::var_os("STACK_TEMPLATE").map(|path| root.join(path)),
            artifacts: env::var_os("STACK_ARTIFACTS").map(|path| root.join(path)),
            parameters: parameters.collect(),
            data: Data::Ephemeral,
            path_parameters: match env::var("STACK_PATH_PARAMETERS").as_deref() {
                Ok("as-sent") => PathParameters::AsSent,
                Ok("decoded") => PathParameters::Decoded,
                Ok(other) => panic!("STACK_PATH_PARAMETERS is {other}, not decoded or as-sent"),
                Err(_) => Options::default().path_parameters,
            },
            // An origin that the user of the machine allows.
            allowed_origins: vec!["https://example.com".to_owned()],
            ..Options::default()
        };
        let runtime = runtime();
        let stack = runtime.block_on(Stack::start(&options));
        let stack = stack.unwrap_or_else(|error| panic!("the stack does not start: {error:#}"));
        let access = match &stack.api_key {
            Some(key) => Access::Key(key.clone()),
            None if stack.asks_signature => Access::signed(stack.credentials.clone(), REGION),
            None => Access::Open,
        };
        Self::new(stack.api_url.clone(), access, runtime, Some(stack))
    }

    fn deployed(url: &str) -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let credentials = set("AWS_ACCESS_KEY_ID").zip(set("AWS_SECRET_ACCESS_KEY"));
        let access = match (set("STACK_API_KEY"), credentials) {
            (Some(key), _) => Access::Key(key),
            (None, Some((access_key, secret_key))) => {
                let credentials = Credentials {
                    access_key,
                    secret_key,
                    session_token: set("AWS_SESSION_TOKEN"),
                };
                Access::signed(
                    credentials,
                    &set("AWS_REGION").expect("AWS_REGION, to sign for"),
                )
            }
            (None, None) => Access::Open,
        };
        Self::new(
            url.trim_end_matches('/').to_owned(),
            access,
            runtime(),
            None,
        )
    }

    fn new(base: String, access: Access, runtime: Runtime, stack: Option<Stack>) -> Self {
        let provider = rustls::crypto::ring::default_provider();
        let connector = if base.starts_with("https:") {
            HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(provider)
                .expect("this machine's root certificates")
        } else {
            // Plain HTTP: this machine needs no root certificates.
            let tls = ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .expect("the provider's versions of TLS")
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(tls)
        };
        let connector = connector.https_or_http().enable_http1().build();
        Self {
            base,
            access,
            run: env::var("STACK_RUN")
                .unwrap_or_else(|_| uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()),
            prefixes: AtomicU32::new(0),
            // Spelled as in the template's mappings: `.ci/probe` tests whether API Gateway finds names in lower case.
            client: Client::builder(TokioExecutor::new())
                .http1_title_case_headers(true)
                .build(connector),
            runtime,
            stack,
        }
    }

    /// The base URL of the API, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The credentials of requests, unless a request sets others.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Whether keys and labels may have the documented maximum length. With signatures, API Gateway refuses paths of about
    /// 1,500 bytes.
    #[must_use]
    pub fn takes_long_paths(&self) -> bool {
        !matches!(self.access, Access::Signed { .. })
    }

    /// The template's output, if the system runs on this machine.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&str> {
        self.stack.as_ref()?.outputs.get(name).map(String::as_str)
    }

    /// A request to a path below the base, which is sent exactly as given.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> Request<'_> {
        Request {
            system: self,
            method,
            path: path.as_ref().to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            access: self.access.clone(),
        }
    }

    /// GET.
    #[must_use]
    pub fn get(&self, path: impl AsRef<str>) -> Response {
        self.request(Method::GET, path).send()
    }

    /// PUT of some bytes.
    #[must_use]
    pub fn put(&self, path: impl AsRef<str>, bytes: impl Into<Bytes>) -> Response {
        self.request(Method::PUT, path).body(bytes).send()
    }

    /// DELETE.
    #[must_use]
    pub fn delete(&self, path: impl AsRef<str>) -> Response {
        self.request(Method::DELETE, path).send()
    }

    /// A unique key prefix without a slash.
    #[must_use]
    pub fn prefix(&self) -> Prefix<'_> {
        Prefix::new(self, format!("{}-", self.unique()))
    }

    /// A unique key prefix that ends with a slash.
    #[must_use]
    pub fn folder(&self) -> Prefix<'_> {
        Prefix::new(self, format!("{}/", self.unique()))
    }

    fn unique(&self) -> String {
        let number = self.prefixes.fetch_add(1, Ordering::Relaxed);
        format!("{}{number}", self.keys_of_this_run())
    }

    /// The prefix of every key of this run, shared by runs with the same `STACK_RUN`.
    #[must_use]
    pub fn keys_of_this_run(&self) -> String {
        format!("system-tests-{}-", self.run)
    }

    /// Uploads an image under a key that ends with `name`.
    #[must_use]
    pub fn upload(&self, name: &str, bytes: impl Into<Bytes>) -> UploadedImage<'_> {
        self.prefix().upload(name, bytes)
    }

    /// Every entry of a list such as `/images`, page by page to the end. Each page is checked.
    #[must_use]
    pub fn list(&self, path: &str, limit: usize) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut next = String::new();
        loop {
            let page = self
                .get(format!("{path}?limit={limit}{next}"))
                .expect(200)
                .json();
            let images = page["images"]
                .as_array()
                .unwrap_or_else(|| panic!("no images in {page}"));
            assert!(
                images.len() <= limit,
                "{} entries in a page of {limit}",
                images.len()
            );
            entries.extend(images.iter().cloned());
            match &page["next"] {
                Value::Null => return entries,
                Value::String(token) => {
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                    assert!(token.bytes().all(plain), "{token} would need encoding");
                    next = format!("&next={token}");
                }
                other => panic!("next is {other}"),
            }
        }
    }
}

impl Access {
    /// A signature for this API.
    #[must_use]
    pub fn signed(credentials: Credentials, region: &str) -> Self {
        Self::Signed {
            credentials,
            region: region.to_owned(),
            service: "execute-api".to_owned(),
        }
    }
}

/// A request that has not been sent yet.
#[must_use]
pub struct Request<'a> {
    system: &'a System,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    access: Access,
}

impl Request<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Sets the body.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Sets other credentials than the system's own.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Sends it and reads the whole response; a response of 429 is retried.
    #[must_use]
    pub fn send(self) -> Response {
        eventually("a response other than 429", || {
            let response = self.attempt();
            (response.status != 429).then_some(response)
        })
    }

    fn attempt(&self) -> Response {
        let asked = format!("{} {}", self.method, self.path);
        let uri = format!("{}{}", self.system.base, self.path);
        let uri: Uri = uri.parse().expect("a URL");
        let host = uri.authority().map_or("", |host| host.as_str());
        let mut headers = self.headers.clone();
        headers.insert(HOST, HeaderValue::from_str(host).expect("a host"));
        match &self.access {
            Access::Open => {}
            Access::Key(key) => {
                let key = HeaderValue::from_str(key).expect("an API key");
                headers.insert("x-api-key", key);
            }
            Access::Signed {
                credentials,
                region,
                service,
            } => {
                let target = (uri.path(), uri.query().unwrap_or_default());
                sign(
                    credentials,
                    region,
                    service,
                    &self.method,
                    target,
                    &mut headers,
                    &self.body,
                );
            }
        }
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let exchange = async {
            let (head, body) = self.system.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error>>((head, body))
        };
        let exchange = async { tokio::time::timeout(REQUEST, exchange).await? };
        match self.system.runtime.block_on(exchange) {
            Ok((head, body)) => Response::new(asked, head, body),
            Err(error) => panic!("{asked}: {error:?}"),
        }
    }
}

/// Polls until `look` returns a value. These tests wait nowhere else.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let patience = patience();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            start.elapsed() < patience,
            "{what}: not within {patience:?}"
        );
        thread::sleep(LOOK);
    }
}

fn patience() -> Duration {
    env::var("STACK_PATIENCE").map_or(FOLLOWS, |seconds| {
        Duration::from_secs(seconds.parse().expect("STACK_PATIENCE, in whole seconds"))
    })
}

/// A key or a label in a URL: everything but RFC 3986's unreserved characters and the slash is encoded.
#[must_use]
pub fn path(text: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'/');
    utf8_percent_encode(text, ENCODED).to_string()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
