//! What a run of these tests leaves behind: nothing.

use serde_json::Value;
use system_tests::{System, eventually};

/// For after a run of the others with the same `STACK_RUN`, to which it would otherwise come too early.
#[test]
#[ignore = "looks at what an earlier run, named by STACK_RUN, has left"]
fn nothing_is_left_of_this_run() {
    let system = System::shared();
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
