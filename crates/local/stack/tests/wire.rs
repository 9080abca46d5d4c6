//! Requests that reach no service: those that are not HTTP, and those of foreign web pages.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use local_stack::{Options, Stack};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn start(allowed_origins: &[&str]) -> Stack {
    let origins = allowed_origins.iter();
    let options = Options {
        allowed_origins: origins.map(|&origin| origin.to_owned()).collect(),
        ..shipped::ephemeral(&[])
    };
    Stack::start(&options).await.unwrap()
}

/// Sends bytes to the port of a URL and returns everything received until the connection is closed.
async fn exchange(url: &str, request: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let address = address.split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8_lossy(&response).into_owned()
}

#[track_caller]
fn assert_json_error(response: &str, status: &str) {
    assert!(
        response.starts_with(&format!("HTTP/1.1 {status} ")),
        "{response}"
    );
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/json"),
        "{response}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(body["message"].is_string(), "{response}");
}

#[tokio::test]
async fn what_is_not_http_is_refused_in_json() {
    let stack = start(&[]).await;
    let large = format!(
        "GET /v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: {}\r\n\r\n",
        "x".repeat(500_000)
    );
    let many = format!(
        "GET /v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
        "X-Many: x\r\n".repeat(200)
    );
    let chunk = "PUT /v1/images/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    for (request, status) in [
        ("hello\r\n\r\n", "400"),
        ("GET /v1/im ages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "400"),
        (chunk, "400"),
        (&large, "431"),
        (&many, "431"),
    ] {
        let response = exchange(&stack.api_url, request).await;
        assert_json_error(&response, status);
    }
}

#[tokio::test]
async fn foreign_pages_are_refused_on_both_ports() {
    let stack = start(&["https://allowed.example"]).await;
    let get =
        |header: &str| format!("GET /v1/images HTTP/1.1\r\nConnection: close\r\n{header}\r\n\r\n");
    for url in [&stack.api_url, &stack.aws_url] {
        for header in [
            "Host: 127.0.0.1\r\nOrigin: https://foreign.example",
            "Host: 127.0.0.1\r\nOrigin: null",
            "Host: rebound.example",
            "Host: rebound.example\r\nOrigin: https://allowed.example",
        ] {
            let response = exchange(url, &get(header)).await;
            assert_json_error(&response, "403");
            assert!(
                !response
                    .to_lowercase()
                    .contains("access-control-allow-origin"),
                "{response}"
            );
        }
    }
    for header in [
        "Host: 127.0.0.1",
        "Host: localhost\r\nOrigin: http://localhost:3000",
        "Host: 127.0.0.1\r\nOrigin: https://allowed.example",
    ] {
        let response = exchange(&stack.api_url, &get(header)).await;
        assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    }
}
