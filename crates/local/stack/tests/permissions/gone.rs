//! A picture may be gone before anybody looks at it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use local_stack::Stack;
use local_stack::command_line::Data;

use crate::machine::{Machine, options};
use crate::shipped;

const FUNCTIONS: [&str; 2] = ["CreateThumbnail", "AnalyzeImage"];

/// The template with functions that do nothing, but for `working`, which does one thing after the other and gives up
/// at once.
fn template(path: &Path, working: Option<&str>) {
    let mut text = String::new();
    let mut function = String::new();
    let mut reserved = 0;
    for line in shipped::text()
        .lines()
        .filter(|line| !line.contains("ReservedConcurrentExecutions"))
    {
        if let Some(name) = line.strip_suffix("Function:") {
            name.trim().clone_into(&mut function);
        }
        text.push_str(line);
        text.push('\n');
        if line == "      Runtime: provided.al2023" {
            let slots = u8::from(working == Some(&function));
            let _ = writeln!(text, "      ReservedConcurrentExecutions: {slots}");
            reserved += 1;
        }
    }
    assert_eq!(reserved, FUNCTIONS.len());
    let retries = "MaximumRetryAttempts: 2";
    assert_eq!(text.matches(retries).count(), FUNCTIONS.len());
    std::fs::write(path, text.replace(retries, "MaximumRetryAttempts: 0")).unwrap();
}

/// Events of a function that still wait, or are being handled.
fn waiting(data: &Path, function: &str) -> usize {
    let folder = data.join("lambda").join(format!("{function}Function"));
    std::fs::read_dir(folder).unwrap().count()
}

/// Runs a stack to its end: nothing of it is left when this returns.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

#[test]
fn what_is_gone_before_it_is_looked_at_is_no_failure() {
    // Each function alone: a tombstone that the other one has written would spare it the look.
    for function in FUNCTIONS {
        let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
        std::fs::create_dir(&folder).unwrap();
        gone_before(function, &folder);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

fn gone_before(function: &str, folder: &Path) {
    let data = folder.join("data");
    let mut options = options();
    options.template = Some(folder.join("infra.yaml"));
    options.data = Data::Kept(data.clone());

    template(&folder.join("infra.yaml"), None);
    run(async {
        let machine = Machine::with(&options).await;
        let administrator = &machine.stack.credentials;
        let deleted = machine.request(administrator, "s3", "DELETE", ("/raw/o", ""), &[], "");
        let deleted = deleted.await;
        assert!(deleted.status.is_success(), "{deleted:?}");
    });
    // Two tests of the notifications, an upload and a deletion.
    assert_eq!(waiting(&data, function), 4);

    template(&folder.join("infra.yaml"), Some(function));
    run(async {
        let stack = Stack::start(&options).await.unwrap();
        while waiting(&data, function) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let queues = std::fs::read_dir(data.join("sqs")).unwrap();
        let queue = queues.map(|entry| entry.unwrap().path()).find(|path| {
            path.to_string_lossy()
                .contains(&format!("-{function}FailureQueue-"))
        });
        let failures = std::fs::read_dir(queue.unwrap()).unwrap().count();
        let log = stack.logs.join(format!("{function}Function.log"));
        let log = std::fs::read_to_string(log).unwrap();
        assert_eq!(failures, 0, "{function}: {log}");
    });
}
