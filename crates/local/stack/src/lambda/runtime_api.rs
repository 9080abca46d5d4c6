//! The Lambda Runtime API of one execution environment
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::clock::now_ms;
use crate::server::IdleTimeout;

/// What a function is asked.
pub struct Invocation {
    pub request_id: String,
    pub function_arn: String,
    pub payload: Bytes,
    pub timeout: Duration,
    /// Told when the function has taken it.
    pub taken: oneshot::Sender<()>,
    /// Told what came of it.
    pub answer: oneshot::Sender<Answer>,
}

/// What a function says.
pub enum Answer {
    /// `POST /invocation/{id}/response`
    Response,
    /// `POST /invocation/{id}/error`, the error object.
    Error(Bytes),
}

/// One environment's side of the API.
pub struct RuntimeApi {
    invocations: Mutex<mpsc::Receiver<Invocation>>,
    current: std::sync::Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    init_error: std::sync::Mutex<Option<Bytes>>,
}

impl RuntimeApi {
    pub fn new(invocations: mpsc::Receiver<Invocation>) -> Arc<Self> {
        Arc::new(Self {
            invocations: Mutex::new(invocations),
            current: std::sync::Mutex::default(),
            init_error: std::sync::Mutex::default(),
        })
    }

    /// What the function reported when it could not start.
    pub fn init_error(&self) -> Option<Bytes> {
        lock(&self.init_error).clone()
    }

    pub async fn handle(&self, request: Request<IdleTimeout<Incoming>>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Some(path) = head.uri.path().strip_prefix("/2018-06-01/runtime/") else {
            return answer(StatusCode::NOT_FOUND, r#"{"errorMessage":"no such path"}"#);
        };
        let path: Vec<&str> = path.split('/').collect();
        if (&head.method, path.as_slice()) == (&Method::GET, &["invocation", "next"]) {
            return self.next().await;
        }
        let Ok(body) = body.collect().await else {
            return answer(
                StatusCode::BAD_REQUEST,
                r#"{"errorMessage":"the body broke off"}"#,
            );
        };
        let body = body.to_bytes();
        match (&head.method, path.as_slice()) {
            (&Method::POST, ["init", "error"]) => {
                *lock(&self.init_error) = Some(body);
                answer(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
            }
            (&Method::POST, ["invocation", id, "response"]) => self.end(id, Answer::Response),
            (&Method::POST, ["invocation", id, "error"]) => self.end(id, Answer::Error(body)),
            _ => answer(StatusCode::NOT_FOUND, r#"{"errorMessage":"no such path"}"#),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(invocation) = self.invocations.lock().await.recv().await else {
            return answer(StatusCode::GONE, r#"{"errorMessage":"shutting down"}"#);
        };
        let deadline = now_ms() + u64::try_from(invocation.timeout.as_millis()).unwrap_or(u64::MAX);
        let trace = uuid::Uuid::new_v4().simple().to_string();
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
        *lock(&self.current) = Some((invocation.request_id, invocation.answer));
        let _ = invocation.taken.send(());
        response
    }

    fn end(&self, id: &str, result: Answer) -> Response<Full<Bytes>> {
        let mut current = lock(&self.current);
        if current
            .as_ref()
            .is_none_or(|(request_id, _)| request_id != id)
        {
            return answer(
                StatusCode::BAD_REQUEST,
                r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#,
            );
        }
        if let Some((_, sender)) = current.take() {
            let _ = sender.send(result);
        }
        answer(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
    }
}

fn answer(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
