//! A picture may be gone before anybody looks at it.

use std::path::Path;
use std::time::Duration;

use local_stack::Stack;
use local_stack::options::Data;

use crate::machine::{Machine, options};
use crate::shipped;

const FUNCTIONS: [&str; 2] = ["CreateThumbnail", "AnalyzeImage"];

/// The template with functions that do nothing, or give up at once.
fn template(path: &Path, working: bool) {
    let text = if working {
        let retries = "MaximumRetryAttempts: 2";
        assert_eq!(shipped::text().matches(retries).count(), FUNCTIONS.len());
        shipped::text().replace(retries, "MaximumRetryAttempts: 0")
    } else {
        let mut idle = String::new();
        for line in shipped::text()
            .lines()
            .filter(|line| !line.contains("ReservedConcurrentExecutions"))
        {
            idle.push_str(line);
            idle.push('\n');
            if line == "      Runtime: provided.al2023" {
                idle.push_str("      ReservedConcurrentExecutions: 0\n");
            }
        }
        assert_eq!(
            idle.matches("ReservedConcurrentExecutions: 0").count(),
            FUNCTIONS.len()
        );
        idle
    };
    std::fs::write(path, text).unwrap();
}

/// Events that still wait for a function, or are being handled.
fn waiting(data: &Path) -> usize {
    let events = FUNCTIONS.iter().flat_map(|function| {
        let folder = data.join("lambda").join(format!("{function}Function"));
        std::fs::read_dir(folder).unwrap()
    });
    events.count()
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
    let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
    std::fs::create_dir(&folder).unwrap();
    let data = folder.join("data");
    let mut options = options();
    options.template = Some(folder.join("infra.yaml"));
    options.data = Data::Kept(data.clone());

    template(&folder.join("infra.yaml"), false);
    run(async {
        let machine = Machine::with(&options).await;
        let administrator = &machine.stack.credentials;
        let deleted = machine
            .request(administrator, "s3", "DELETE", ("/raw/o", ""), &[], "")
            .await;
        assert!(deleted.status.is_success(), "{deleted:?}");
    });
    // Two tests of the notifications, an upload and a deletion, for each function.
    assert_eq!(waiting(&data), 8);

    template(&folder.join("infra.yaml"), true);
    run(async {
        let stack = Stack::start(&options).await.unwrap();
        while waiting(&data) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for function in FUNCTIONS {
            let queues = std::fs::read_dir(data.join("sqs")).unwrap();
            let queue = queues.map(|entry| entry.unwrap().path()).find(|path| {
                path.to_string_lossy()
                    .contains(&format!("-{function}FailureQueue-"))
            });
            let failures = std::fs::read_dir(queue.unwrap()).unwrap().count();
            let log = stack.logs.join(format!("{function}Function.log"));
            let log = std::fs::read_to_string(log).unwrap();
            assert_eq!(failures, 0, "{function}: {log}");
        }
    });
    std::fs::remove_dir_all(folder).unwrap();
}
