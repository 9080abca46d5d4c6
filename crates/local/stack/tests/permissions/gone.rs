//! An image may be deleted before a function handles the event of its upload.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use local_stack::Stack;
use local_stack::command_line::Data;

use crate::machine::{Machine, options};
use crate::shipped;

const FUNCTIONS: [&str; 2] = ["CreateThumbnail", "AnalyzeImage"];

/// The template with event source mappings disabled, except that of `working`, which handles one event at a time and
/// fails on each at most once.
fn template(path: &Path, working: Option<&str>) {
    let mut text = String::new();
    let mut mapping = None;
    let mut mappings = 0;
    for line in shipped::text().lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            mapping = line.trim().strip_suffix("EventSource:");
        }
        if let Some(function) = mapping
            && line.contains("MaximumConcurrency:")
        {
            let _ = writeln!(text, "      ScalingConfig: {{MaximumConcurrency: 1}}");
            let _ = writeln!(text, "      Enabled: {}", working == Some(function));
            mappings += 1;
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    assert_eq!(mappings, FUNCTIONS.len());
    let receives = "maxReceiveCount: 100";
    assert_eq!(text.matches(receives).count(), FUNCTIONS.len());
    std::fs::write(path, text.replace(receives, "maxReceiveCount: 1")).unwrap();
}

/// Messages of a queue, in flight or not.
fn messages(data: &Path, queue: &str) -> u32 {
    let database = rusqlite::Connection::open(data.join("sqs.sqlite")).unwrap();
    let count = "SELECT count(*) FROM messages WHERE queue LIKE ?";
    let name = format!("%-{queue}-%");
    database.query_row(count, [name], |row| row.get(0)).unwrap()
}

/// Runs a stack to its end: none of its tasks is left when this returns.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

#[test]
fn an_image_deleted_before_its_event_is_handled_is_not_a_failure() {
    // Each function alone: with a tombstone written by the other, it would not look at the bucket.
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
    // Two test events of the notifications, an upload and a deletion.
    let queue = format!("{function}Queue");
    assert_eq!(messages(&data, &queue), 4);

    template(&folder.join("infra.yaml"), Some(function));
    run(async {
        let stack = Stack::start(&options).await.unwrap();
        while messages(&data, &queue) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = stack.logs.join(format!("{function}Function.log"));
        let log = std::fs::read_to_string(log).unwrap();
        let dead = messages(&data, &format!("{function}DeadLetterQueue"));
        assert_eq!(dead, 0, "{function}: {log}");
    });
}
