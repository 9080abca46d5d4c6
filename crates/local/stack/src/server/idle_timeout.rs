//! A timeout for request bodies.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// A body that fails if no data arrives for a given time.
#[derive(Debug)]
pub struct IdleTimeout<B> {
    body: B,
    timeout: Duration,
    deadline: Pin<Box<Sleep>>,
}

/// Why reading a body failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadBodyError<E> {
    /// Nothing arrived in time.
    #[error("no data arrived for {} seconds", .0.as_secs())]
    Idle(Duration),
    /// The connection or the encoding is broken.
    #[error("the body cannot be read")]
    Body(#[source] E),
}

impl<B> IdleTimeout<B> {
    /// A body that fails if no data arrives for `timeout`.
    pub fn new(body: B, timeout: Duration) -> Self {
        Self {
            body,
            timeout,
            deadline: Box::pin(sleep(timeout)),
        }
    }
}

impl<B: Body + Unpin> Body for IdleTimeout<B> {
    type Data = B::Data;
    type Error = ReadBodyError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.deadline.as_mut().reset(Instant::now() + this.timeout);
            return Poll::Ready(frame.map(|frame| frame.map_err(ReadBodyError::Body)));
        }
        match this.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(ReadBodyError::Idle(this.timeout)))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt as _;

    use super::*;

    /// A body that never sends anything.
    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_silent_client_is_disconnected() {
        let body = IdleTimeout::new(Silent, Duration::from_millis(1));
        let error = body.collect().await.unwrap_err();
        assert!(matches!(error, ReadBodyError::Idle(_)), "{error}");
    }

    #[tokio::test]
    async fn what_arrives_passes() {
        let body = http_body_util::Full::new(Bytes::from_static(b"image"));
        let body = IdleTimeout::new(body, Duration::from_secs(30));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "image");
    }
}
