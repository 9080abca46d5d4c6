//! The API's description is importable by API Gateway, complete, and usable by client generators.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::collections::BTreeSet;

use local_stack::api_description::describe;
use serde_json::{Map, Value, json};

fn document() -> Value {
    let (stack, _) = shipped::resolved(&[("ApiAuthorization", "NONE")]);
    let api = stack.resource("ApiGatewayRest").unwrap();
    api.properties.get("Body").unwrap().to_json()
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Path, method and operation of everything but the preflights.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            if method != "options" && operation["operationId"].is_string() {
                found.push((path.clone(), method.clone(), operation.clone()));
            }
        }
    }
    found
}

/// What models may hold: "Amazon API Gateway important notes" lists what they may not.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>
const KEYWORDS: [&str; 7] = [
    "$ref",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "type",
];

fn check_schema(place: &str, schema: &Value, names: &BTreeSet<&str>) {
    for keyword in members(schema).keys() {
        assert!(KEYWORDS.contains(&keyword.as_str()), "{place}: {keyword}");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(names.contains(name), "{place}: {reference}");
        assert_eq!(members(schema).len(), 1, "{place}");
        return;
    }
    let kind = schema["type"].as_str().unwrap_or_else(|| panic!("{place}"));
    match kind {
        "object" => {
            let properties = members(&schema["properties"]);
            for (name, property) in properties {
                check_schema(&format!("{place}.{name}"), property, names);
            }
            for name in schema["required"].as_array().unwrap() {
                assert!(properties.contains_key(name.as_str().unwrap()), "{place}");
            }
        }
        "array" => {
            // An array's description breaks the export.
            assert!(schema["description"].is_null(), "{place}");
            check_schema(place, &schema["items"], names);
        }
        _ => assert!(
            ["string", "integer", "number", "boolean"].contains(&kind),
            "{place}: {kind}"
        ),
    }
}

#[test]
fn schemas_are_what_import_takes() {
    let document = document();
    let schemas = members(&document["components"]["schemas"]);
    let names: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    for (name, schema) in schemas {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        assert_eq!(schema["type"], "object", "{name}");
        check_schema(name, schema, &names);
    }
    // Each is used.
    let text = document.to_string();
    for name in names {
        let reference = format!("#/components/schemas/{name}\"");
        assert!(text.contains(&reference), "{name}");
    }
}

#[test]
fn every_operation_id_is_unique() {
    let operations = operations(&document());
    let names: BTreeSet<&str> = operations
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), operations.len());
    let routes: usize = members(&document()["paths"])
        .values()
        .map(|item| members(item).keys().filter(|key| *key != "options").count())
        .sum();
    assert_eq!(operations.len(), routes);
}

/// The statuses of an operation's integration responses. Those that a template sets are tested where each error of S3
/// and `DynamoDB` is: in `answers`, no client may get a status that is not described.
fn returned(operation: &Value) -> BTreeSet<&str> {
    let responses = &operation["x-amazon-apigateway-integration"]["responses"];
    let responses = members(responses).values();
    responses
        .map(|response| response["statusCode"].as_str().unwrap())
        .collect()
}

#[test]
fn every_status_has_its_own_description() {
    for (path, method, operation) in operations(&document()) {
        let described = members(&operation["responses"]);
        for status in returned(&operation) {
            assert!(described.contains_key(status), "{method} {path}: {status}");
        }
        for (status, response) in described {
            let description = response["description"].as_str().unwrap();
            assert!(
                !description.contains("50"),
                "{method} {path}: {description}"
            );
            let bytes = ["/thumbnails", "/originals"]
                .iter()
                .any(|start| path.starts_with(start));
            let has_body = method != "head"
                && !["204", "304", "413"].contains(&status.as_str())
                && !(bytes && status.starts_with('2'));
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            let page = path == "/" && status == "200";
            assert_eq!(
                schema.is_string(),
                has_body && !page,
                "{method} {path}: {status}"
            );
        }
    }
}

#[test]
fn the_export_adds_what_import_does_not_take() {
    let whole = describe(&shipped::text(), false).unwrap();
    let page = &whole["components"]["schemas"]["ImagePage"];
    assert_eq!(page["properties"]["next"]["nullable"], true);
    assert_eq!(page["required"], json!(["images", "next"]));
    let page = &whole["paths"]["/"]["get"]["responses"]["200"]["content"];
    assert!(page["text/html"].is_object());
    let original = &whole["paths"]["/originals/{key+}"]["get"];
    let bytes = &original["responses"]["206"]["content"]["*/*"]["schema"];
    assert_eq!(*bytes, json!({"type": "string", "format": "binary"}));
    assert!(original["x-amazon-apigateway-integration"].is_object());

    let plain = describe(&shipped::text(), true).unwrap();
    let text = plain.to_string();
    assert!(!text.contains("x-amazon-apigateway-"), "{text}");
    assert!(!text.contains("arn:aws"), "{text}");
    let paths = members(&plain["paths"]);
    assert!(paths.contains_key("/uploads/{key}"));
    assert!(paths.values().all(|item| item["options"].is_null()));
    assert_eq!(
        plain["paths"]["/images/{key}"]["put"]["requestBody"]["content"],
        json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
    );
}
