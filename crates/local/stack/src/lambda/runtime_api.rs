//! The Lambda Runtime API of one execution environment
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
//!
//! Its URL contains a secret that only the environment's process gets, so that no other process on this machine and no
//! web page can take its invocations or complete them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use crate::clock::now_ms;
use crate::server::IdleTimeout;

/// The maximum size of a function's response: 6 MB and Lambda's allowance for the frame.
const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 100;

/// An invocation that waits for the function to take it.
pub struct Invocation {
    pub request_id: String,
    pub function_arn: String,
    pub payload: Bytes,
    pub timeout: Duration,
    /// Notified when the function has taken it.
    pub taken: oneshot::Sender<()>,
    /// Receives its result.
    pub result: oneshot::Sender<InvocationResult>,
}

/// The result of an invocation.
pub enum InvocationResult {
    /// `POST /invocation/{id}/response`
    Response,
    /// `POST /invocation/{id}/error`, the error object.
    Error(Bytes),
}

/// One environment's side of the API.
pub struct RuntimeApi {
    address: SocketAddr,
    secret: String,
    invocations: Mutex<mpsc::Receiver<Invocation>>,
    current: std::sync::Mutex<Option<(String, oneshot::Sender<InvocationResult>)>>,
    init_error: std::sync::Mutex<Option<Bytes>>,
}

impl RuntimeApi {
    pub fn new(address: SocketAddr, invocations: mpsc::Receiver<Invocation>) -> Arc<Self> {
        Arc::new(Self {
            address,
            secret: Uuid::new_v4().simple().to_string(),
            invocations: Mutex::new(invocations),
            current: std::sync::Mutex::default(),
            init_error: std::sync::Mutex::default(),
        })
    }

    /// `AWS_LAMBDA_RUNTIME_API`. On Lambda it is a host and a port; the Rust runtime client takes a path too, behind a
    /// scheme.
    pub fn endpoint(&self) -> String {
        format!("http://{}/{}", self.address, self.secret)
    }

    /// What the function reported when it could not start.
    pub fn init_error(&self) -> Option<Bytes> {
        lock(&self.init_error).clone()
    }

    pub async fn handle(&self, request: Request<IdleTimeout<Incoming>>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Some(path) = self.authorized_path(head.uri.path(), &head.headers) else {
            return response(StatusCode::FORBIDDEN, "Forbidden", "forbidden");
        };
        let path: Vec<&str> = path.split('/').collect();
        if (&head.method, path.as_slice()) == (&Method::GET, &["invocation", "next"]) {
            return self.next().await;
        }
        let body = match Limited::new(body, MAX_RESPONSE_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return self.too_large(&path),
            Err(_) => {
                return response(
                    StatusCode::BAD_REQUEST,
                    "InvalidRequest",
                    "the request body is incomplete",
                );
            }
        };
        match (&head.method, path.as_slice()) {
            (&Method::POST, ["init", "error"]) => {
                *lock(&self.init_error) = Some(body);
                accepted()
            }
            (&Method::POST, ["invocation", id, "response"]) => {
                self.end(id, InvocationResult::Response)
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                self.end(id, InvocationResult::Error(body))
            }
            _ => response(StatusCode::NOT_FOUND, "NotFound", "there is no such path"),
        }
    }

    /// The path after the secret; `None` if the request is not from the environment's own process.
    fn authorized_path<'a>(&self, path: &'a str, headers: &HeaderMap) -> Option<&'a str> {
        let host = headers.get(HOST)?.to_str().ok()?;
        if host != self.address.to_string() || headers.contains_key(ORIGIN) {
            return None;
        }
        path.strip_prefix('/')?
            .strip_prefix(&self.secret)?
            .strip_prefix("/2018-06-01/runtime/")
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(invocation) = self.invocations.lock().await.recv().await else {
            return response(
                StatusCode::GONE,
                "ShuttingDown",
                "the environment is shutting down",
            );
        };
        let deadline = now_ms() + u64::try_from(invocation.timeout.as_millis()).unwrap_or(u64::MAX);
        let trace = Uuid::new_v4().simple().to_string();
        let response = Response::builder()
            .header("Content-Type", "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &invocation.request_id)
            .header("Lambda-Runtime-Deadline-Ms", deadline)
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                &invocation.function_arn,
            )
            .header(
                "Lambda-Runtime-Trace-Id",
                format!(
                    "Root=1-{:08x}-{};Parent={};Sampled=0",
                    now_ms() / 1000,
                    &trace[..24],
                    &trace[16..]
                ),
            )
            .body(Full::new(invocation.payload))
            .unwrap_or_default();
        *lock(&self.current) = Some((invocation.request_id, invocation.result));
        let _ = invocation.taken.send(());
        response
    }

    /// Ends an invocation whose response is larger than Lambda takes
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
    fn too_large(&self, path: &[&str]) -> Response<Full<Bytes>> {
        if let ["invocation", id, "response" | "error"] = path {
            let error = serde_json::json!({
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
                ),
            });
            self.end(id, InvocationResult::Error(error.to_string().into()));
        }
        response(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            &format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
        )
    }

    fn end(&self, id: &str, result: InvocationResult) -> Response<Full<Bytes>> {
        let mut current = lock(&self.current);
        if current
            .as_ref()
            .is_none_or(|(request_id, _)| request_id != id)
        {
            return response(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID",
            );
        }
        if let Some((_, sender)) = current.take() {
            let _ = sender.send(result);
        }
        accepted()
    }
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(r#"{"status":"OK"}"#));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn response(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"errorMessage": message, "errorType": error_type});
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
