//! `kill -9`: functions end with the stack, and the next stack handles the events that they were working on.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

struct Running {
    process: Child,
    api_url: String,
}

impl Running {
    fn start(data: &Path, latency_ms: u32) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-stack"));
        command
            .args(["--quiet", "--api-port", "0", "--aws-port", "0", "--latency"])
            .arg(latency_ms.to_string())
            .arg("--data")
            .arg(data)
            .arg("--template")
            .arg(shipped::path())
            .stdout(Stdio::piped());
        if let Some(artifacts) = std::env::var_os("STACK_ARTIFACTS") {
            command.arg("--artifacts").arg(artifacts);
        }
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let api_url = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.strip_prefix("ready ")?.to_owned()));
        Self {
            process,
            api_url: api_url.expect("the stack is ready"),
        }
    }

    async fn image(&self, method: &str, body: Vec<u8>) -> (u16, String) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/images/coffee.png", self.api_url))
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processes that a process has started for functions.
fn functions_of(process: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?;
            let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
            let is_function = name.starts_with("create-thumb") || name.starts_with("analyze-image");
            let id = entry.file_name().to_str()?.parse().ok()?;
            (is_function && parent == process.to_string()).then_some(id)
        })
        .collect()
}

/// Whether a process exists and is not a zombie.
fn runs(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn functions_end_with_the_stack_and_their_events_are_handled_by_the_next_one() {
    let data = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
    // Slow enough that both functions are working when the stack is killed.
    let mut stack = Running::start(&data, 3000);
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../photos/coffee.png");
    let (status, _) = stack.image("PUT", std::fs::read(image).unwrap()).await;
    assert_eq!(status, 201);
    let functions = loop {
        let functions = functions_of(stack.process.id());
        if functions.len() >= 2 {
            break functions;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let (status, _) = stack.image("GET", Vec::new()).await;
    assert_eq!(status, 404, "handled before the kill");
    stack.process.kill().unwrap();
    stack.process.wait().unwrap();
    // The kernel closes the pipe of the processes' group; its leader kills it.
    for _ in 0..100 {
        if !functions.iter().copied().any(runs) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for function in functions {
        assert!(!runs(function), "{function} has outlived the stack");
    }

    let stack = Running::start(&data, 0);
    loop {
        let (status, record) = stack.image("GET", Vec::new()).await;
        if status == 200 && !record.contains(r#""pending""#) {
            assert!(record.contains(r#""done""#) && !record.contains(r#""failed""#));
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stack);
    std::fs::remove_dir_all(data).unwrap();
}
