//! What holds data outlives the stack, and every resource that could says whether it does.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

#[test]
fn what_holds_data_is_kept_and_what_does_not_says_so() {
    let (stack, _) = shipped::resolved(&[("AccessLogs", "true")]);
    let mut seen = 0;
    for resource in &stack.resources {
        let expected = match resource.kind.as_str() {
            // A bucket or table that failed to be made holds nothing, and would be in the way of the next try.
            "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" | "AWS::DynamoDB::Table" => {
                ("RetainExceptOnCreate", "Retain")
            }
            // Logs go by their age, and with what they are of.
            "AWS::Logs::LogGroup" => ("Delete", "Delete"),
            _ => continue,
        };
        let (deletion, replacement) = expected;
        let id = &resource.logical_id;
        assert_eq!(resource.deletion_policy.as_deref(), Some(deletion), "{id}");
        assert_eq!(
            resource.update_replace_policy.as_deref(),
            Some(replacement),
            "{id}"
        );
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}
