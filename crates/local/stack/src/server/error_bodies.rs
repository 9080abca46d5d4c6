//! JSON bodies for the errors that hyper itself sends.
//!
//! A request that is not HTTP, or whose head is too large, never reaches a service: hyper writes 400, 414, 431 or 505
//! without a body, which it has no setting for, and closes the connection. Clients of the API are promised a `message`
//! in every error.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

/// A connection that adds a body to hyper's own error responses.
pub struct ErrorBodies<IO> {
    io: IO,
    /// The rest of a response that replaces hyper's.
    pending: Vec<u8>,
}

impl<IO> ErrorBodies<IO> {
    /// Wraps a connection.
    pub fn new(io: IO) -> Self {
        Self {
            io,
            pending: Vec::new(),
        }
    }
}

/// The replacement for one of hyper's own responses. hyper writes these in one piece, with no headers but `connection`,
/// `content-length: 0` and `date`; every response of a service has others.
fn replacement(response: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(response)
        .ok()?
        .strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?;
    let message = match status.split(' ').next()? {
        "400" => "the request is not well-formed HTTP",
        "414" => "the request's URI is too long",
        "431" => "the request's headers are too large",
        "505" => "the request's HTTP version is not supported",
        _ => return None,
    };
    let own = lines.all(|line| {
        let name = line.split(':').next().unwrap_or_default();
        line == "content-length: 0" || name == "connection" || name == "date"
    });
    let body = format!("{{\"message\":\"{message}\"}}");
    own.then(|| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
}

impl<IO: Write + Unpin> ErrorBodies<IO> {
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.pending) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => drop(self.pending.drain(..written)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: Read + Unpin> Read for ErrorBodies<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<IO: Write + Unpin> Write for ErrorBodies<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_pending(cx))?;
        if let Some(response) = replacement(buffer) {
            self.pending = response;
            return Poll::Ready(Ok(buffer.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_pending(cx))?;
        if let [buffer] = buffers
            && let Some(response) = replacement(buffer)
        {
            self.pending = response;
            return Poll::Ready(Ok(buffer.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::replacement;

    #[test]
    fn only_responses_without_any_header_of_ours_are_replaced() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let text = String::from_utf8(replacement(own).unwrap()).unwrap();
        assert!(text.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        assert!(text.ends_with("\r\n\r\n{\"message\":\"the request's headers are too large\"}"));
        for other in [
            &b"HTTP/1.1 400 Bad Request\r\nx-amzn-requestid: 1\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nbody",
        ] {
            assert_eq!(replacement(other), None);
        }
    }
}
