//! analyze-image finds and remembers content with its own role.

use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::Machine;

fn photo() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../photos/coffee.png");
    std::fs::read(path).unwrap()
}

/// The function's log line for a key.
async fn logged(machine: &Machine, key: &str) -> Value {
    let log = machine.stack.logs.join("AnalyzeImageFunction.log");
    for _ in 0..600 {
        let lines = std::fs::read_to_string(&log).unwrap_or_default();
        let mut lines = lines.lines().filter_map(|line| {
            let start = line.find('{')?;
            serde_json::from_str::<Value>(&line[start..]).ok()
        });
        if let Some(line) = lines.find(|line| line["key"] == key) {
            return line;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no line for {key} in {}", log.display());
}

#[tokio::test]
async fn the_same_content_is_analysed_once() {
    let machine = Machine::start().await;
    let client = machine.stack.credentials.clone();
    for key in ["first", "second"] {
        let path = format!("/raw/{key}");
        let put = machine.request_bytes(&client, "s3", "PUT", (&path, ""), &[], photo());
        assert!(put.await.status.is_success());
        let line = logged(&machine, key).await;
        assert_eq!(line["Outcome"], "done", "{line}");
        let same_as = if key == "second" {
            json!("first")
        } else {
            Value::Null
        };
        assert_eq!(line["sameAs"], same_as, "{line}");
    }
}
