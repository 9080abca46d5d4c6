//! Reading the label index.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::{Gateway, Service};
use crate::images::{ERRORS, MALFORMED_PAGE};

const NAME: &str = "it's \"q\" {}$x\\n é";
const IN_PATH: &str = "it's%20%22q%22%20%7B%7D$x%5Cn%20%C3%A9";
const KEY: &str = "it's \"q\"/\\n\t{}$x #if *~+é";
const RANK: &str = "l1.098.7100~23it~27s~20~22q~22~2F~5Cn~09~7B~7D~24x~20~23if~20~2A~7E~2B~C3~A9";

fn query(gateway: &Gateway, name: &str) -> Value {
    json!({
        "TableName": gateway.table("LabelTable"),
        "KeyConditionExpression": "#l = :l",
        "ExpressionAttributeNames": {"#l": "Label"},
        "ExpressionAttributeValues": {":l": {"S": name}},
        "ScanIndexForward": false,
        "ConsistentRead": true,
        "Limit": 50,
    })
}

#[tokio::test]
async fn a_list_is_one_query_of_its_label() {
    let gateway = Gateway::open();
    let longest = format!("l1.100.0000~23{}", "~C3~A9".repeat(512));
    for (query_string, limit, start) in [
        (String::new(), 50, None),
        ("?limit=&next=&name=other".to_owned(), 50, None),
        ("?limit=7".to_owned(), 7, None),
        (
            format!("?next={RANK}&limit=100"),
            100,
            Some(format!("098.7100#{KEY}")),
        ),
        (
            format!("?next={longest}"),
            50,
            Some(format!("100.0000#{}", "é".repeat(512))),
        ),
    ] {
        let service = Service::json(200, &json!({"Items": []}));
        let request = format!("GET /labels/{IN_PATH}{query_string}");
        let _ = gateway.ask(&request, &service).await;
        let mut expected = query(gateway, NAME);
        expected["Limit"] = json!(limit);
        if let Some(rank) = start {
            expected["ExclusiveStartKey"] = json!({"Label": {"S": NAME}, "Rank": {"S": rank}});
        }
        let asked = service.asked_for(&gateway.role("ApiTablesRole"));
        assert_eq!(
            asked,
            ("DynamoDB_20120810.Query".to_owned(), expected),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_page_holds_what_the_query_found() {
    let row = |key: &str| json!({"Key": {"S": key}, "Confidence": {"N": "98.71"}});
    let gateway = Gateway::open();
    let request = format!("GET /labels/{IN_PATH}");
    for keys in [&[][..], &[KEY], &[KEY, "b", "c"]] {
        let rows: Vec<Value> = keys.iter().map(|key| row(key)).collect();
        let service = Service::json(200, &json!({"Items": rows, "Count": rows.len()}));
        let reply = gateway.ask(&request, &service).await;
        let shown = |key: &&str| json!({"key": key, "confidence": 98.71});
        let images: Vec<Value> = keys.iter().map(shown).collect();
        reply.is_json(
            200,
            &[],
            &json!({"label": NAME, "images": images, "next": null}),
        );
    }
    let last = json!({"Label": {"S": NAME}, "Rank": {"S": format!("098.7100#{KEY}")}});
    let service = Service::json(200, &json!({"Items": [], "LastEvaluatedKey": last}));
    let reply = gateway.ask(&request, &service).await;
    reply.is_json(
        200,
        &[],
        &json!({"label": NAME, "images": [], "next": RANK}),
    );
}

#[tokio::test]
async fn a_malformed_page_is_only_counted() {
    let gateway = Gateway::open();
    let too_long = format!("next=l1.100.0000~23{}", "~C3~A9".repeat(512) + "k");
    for query_string in [
        "limit=0",
        "limit=x&next=l1.098.7100~23a",
        "limit=x&next=x",
        "next=x",
        "next=i1.a",
        "next=l1.098.7100~23",
        "next=l1.098.7100~23~41",
        "next=l1.098.7100~23~FF",
        "next=l1.098.7100~24a",
        "next=l1.098.7100_a",
        "next=l1.298.7100~23a",
        &too_long,
    ] {
        let service = Service::json(200, &json!({"Count": 0, "ScannedCount": 0}));
        let request = format!("GET /labels/Cat?{query_string}");
        let reply = gateway.ask(&request, &service).await;
        let asked = service.asked_for(&gateway.role("ApiTablesRole"));
        let count = json!({
            "TableName": gateway.table("LabelTable"),
            "KeyConditionExpression": "#l = :l",
            "ExpressionAttributeNames": {"#l": "Label"},
            "ExpressionAttributeValues": {":l": {"S": "-"}},
            "Select": "COUNT",
            "Limit": 1,
        });
        assert_eq!(asked.1, count, "{query_string}");
        reply.refuses(&Method::GET, 400, MALFORMED_PAGE);
    }
}

#[tokio::test]
async fn errors_of_dynamodb_are_told_apart() {
    let gateway = Gateway::open();
    for request in [
        "GET /labels/Cat".to_owned(),
        format!("GET /labels/Cat?limit=100&next={RANK}"),
        format!("GET /labels/{}", "%C3%a9".repeat(1024)),
        format!("GET /labels/Cat?key={}", "k".repeat(1025)),
    ] {
        for (kind, status, message) in ERRORS {
            let service = Service::json(400, &json!({"__type": kind, "message": "m"}));
            let reply = gateway.ask(&request, &service).await;
            reply.refuses(&Method::GET, status, message);
        }
        let service = Service::json(500, &json!({"__type": "InternalServerError"}));
        let reply = gateway.ask(&request, &service).await;
        reply.refuses(&Method::GET, 502, "the storage behind the API failed");
    }
    // DynamoDB takes partition keys of 2,048 bytes.
    let service = Service::json(400, &json!({"__type": ERRORS[5].0}));
    let name = format!("it's \"{}", "x".repeat(2043));
    let request = format!("GET /labels/it's%20%22{}", "x".repeat(2043));
    let reply = gateway.ask(&request, &service).await;
    reply.is_json(
        200,
        &[],
        &json!({"label": name, "images": [], "next": null}),
    );
}
