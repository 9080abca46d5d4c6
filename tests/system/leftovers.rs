//! A run of these tests leaves nothing behind.

use std::{env, fs};

use serde_json::Value;
use system_tests::{System, eventually, path};

/// Runs after the other tests, with the same `STACK_RUN` or `STACK_KEYS`; together with them it would run too early.
#[test]
#[ignore = "looks at what an earlier run, named by STACK_RUN or STACK_KEYS, has left"]
fn nothing_is_left_of_this_run() {
    let system = System::shared();
    if let Ok(file) = env::var("STACK_KEYS") {
        let keys = fs::read_to_string(&file).expect("the file of keys");
        assert!(!keys.is_empty(), "{file} names no key");
        for key in keys.lines() {
            eventually(&format!("the end of the record of {key}"), || {
                (system.get(format!("/images/{}", path(key))).status == 404).then_some(())
            });
        }
        return;
    }
    let run = system.keys_of_this_run();
    eventually(&format!("the end of every record of {run}"), || {
        let list = system.list("/images", 100);
        let ours = |entry: &Value| {
            entry["key"]
                .as_str()
                .is_some_and(|key| key.starts_with(&run))
        };
        (!list.iter().any(ours)).then_some(())
    });
}
