//! HTTP/1.1 on a loopback port.

mod error_bodies;
mod idle_timeout;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::origin_policy::OriginPolicy;
use error_bodies::ErrorBodies;
pub use idle_timeout::IdleTimeout;

/// How long a client may take for the head of a request, and between two pieces of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Passes every request that `policy` allows to `handler`, with the address of the client; ends when it is aborted.
pub async fn serve<H, F, B>(listener: TcpListener, policy: Arc<OriginPolicy>, handler: H)
where
    H: Fn(Request<IdleTimeout<Incoming>>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Connections are dropped with the listener.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: accepting again at once would spin.
                        tracing::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                let _ = stream.set_nodelay(true);
                let handler = handler.clone();
                let policy = Arc::clone(&policy);
                let service = service_fn(move |request: Request<Incoming>| {
                    let refusal = policy.refuse(&request);
                    let response = refusal.is_none().then(|| {
                        handler(request.map(|body| IdleTimeout::new(body, READ_TIMEOUT)), peer)
                    });
                    async move {
                        Ok::<_, Infallible>(match (response, refusal) {
                            (Some(response), _) => response.await,
                            (None, refusal) => refusal.unwrap_or_default().map(B::from),
                        })
                    }
                });
                connections.spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(READ_TIMEOUT)
                        .serve_connection(ErrorBodies::new(TokioIo::new(stream)), service);
                    if let Err(error) = connection.await {
                        tracing::debug!("a connection ended: {error}");
                    }
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
