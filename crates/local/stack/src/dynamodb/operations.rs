//! The operations of `DynamoDB`'s JSON protocol on the embedded database, in this process.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Runs an operation; `None` if there is none of that name.
pub fn run(database: &Database, operation: &str, body: &str) -> Option<dynoxide::Result<String>> {
    macro_rules! on_database {
        ($($operation:literal => $method:ident,)+) => {
            match operation {
                $($operation => call(body, |request| database.$method(request)),)+
                _ => return None,
            }
        };
    }
    let result = on_database! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    };
    Some(result.map_err(|error| worded_for(operation, error)))
}

fn call<Request: DeserializeOwned, Response: Serialize>(
    body: &str,
    operation: impl FnOnce(Request) -> dynoxide::Result<Response>,
) -> dynoxide::Result<String> {
    let request = serde_json::from_str(body).map_err(|error| unreadable(&error))?;
    let response = operation(request)?;
    serde_json::to_string(&response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Makes an error from its message.
type Kind = fn(String) -> DynoxideError;

/// The error for a body that is not the operation's request.
///
/// The database's request types put the kind of error before the message that `DynamoDB` returns.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let message = text
        .rfind(" at line ")
        .map_or(text.as_str(), |end| &text[..end]);
    let kinds: [(&str, Kind); 5] = [
        ("VALIDATION_REQUEST:", DynoxideError::EnvelopedValidation),
        ("VALIDATION_AS_READ:", DynoxideError::ValidationException),
        ("VALIDATION:", DynoxideError::ValidationException),
        (
            "SERIALIZATION_AS_READ:",
            DynoxideError::SerializationException,
        ),
        ("SERIALIZATION:", DynoxideError::SerializationException),
    ];
    for (prefix, kind) in kinds {
        if let Some(message) = message.strip_prefix(prefix) {
            return kind(message.to_owned());
        }
    }
    let invalid = ["missing field", "unknown variant", "invalid type: null"];
    if invalid.iter().any(|part| message.contains(part)) {
        DynoxideError::ValidationException(message.to_owned())
    } else {
        DynoxideError::SerializationException(message.to_owned())
    }
}

/// `DynamoDB` counts the errors of a request in some operations' messages, and not in others'.
fn worded_for(operation: &str, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        ("PutItem" | "UpdateItem" | "DeleteItem", DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(message)
        }
        (_, error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(operation: &str, body: &str) -> String {
        let database = Database::memory().unwrap();
        run(&database, operation, body)
            .unwrap()
            .unwrap_err()
            .to_json()
    }

    #[test]
    fn requests_are_run_and_errors_are_dynamodbs() {
        let database = Database::memory().unwrap();
        let table = r#"{"TableName": "names", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}]}"#;
        run(&database, "CreateTable", table).unwrap().unwrap();
        let put = r#"{"TableName": "names", "Item": {"Id": {"S": "a"}, "N": {"N": "1.50"}}}"#;
        assert_eq!(run(&database, "PutItem", put).unwrap().unwrap(), "{}");
        let get = r#"{"TableName": "names", "Key": {"Id": {"S": "a"}}}"#;
        let item = run(&database, "GetItem", get).unwrap().unwrap();
        let item: serde_json::Value = serde_json::from_str(&item).unwrap();
        assert_eq!(item["Item"]["N"]["N"], "1.5");
        assert!(run(&database, "DescribeLimits", "{}").is_none());
    }

    #[test]
    fn unreadable_requests_are_refused_without_traces_of_the_parser() {
        for (operation, body) in [
            ("GetItem", r#"{"TableName": 5}"#),
            ("PutItem", r#"{"TableName": "t", "Item": {"Id": {}}}"#),
            (
                "PutItem",
                r#"{"TableName": "t", "Item": {"Id": {"S": "a", "N": "1"}}}"#,
            ),
            (
                "GetItem",
                r#"{"TableName": "t", "Key": {"Id": {"N": "one"}}}"#,
            ),
        ] {
            let error = error(operation, body);
            assert!(
                error.contains("#SerializationException") || error.contains("#ValidationException"),
                "{error}"
            );
            for trace in [" at line ", "VALIDATION", "SERIALIZATION"] {
                assert!(!error.contains(trace), "{error}");
            }
        }
    }
}
