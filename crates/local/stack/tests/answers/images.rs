//! Reading records: the list and one of them.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::{Gateway, Service};

const BROKEN: &str = "the storage behind the API failed";
const THROTTLED: &str = "too many requests for the storage behind the API; try again";
/// The message for a malformed page.
pub const MALFORMED_PAGE: &str =
    "limit must be a whole number from 1 to 100, and next what the page before returned";

/// `DynamoDB`'s errors of status 400, and what a client gets for each.
pub const ERRORS: [(&str, u16, &str); 6] = [
    (
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        503,
        THROTTLED,
    ),
    (
        "com.amazon.coral.availability#ThrottlingException",
        503,
        THROTTLED,
    ),
    (
        "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded",
        503,
        THROTTLED,
    ),
    (
        "com.amazon.coral.service#AccessDeniedException",
        502,
        BROKEN,
    ),
    (
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        502,
        BROKEN,
    ),
    ("com.amazon.coral.validate#ValidationException", 502, BROKEN),
];

/// A key of every character that a template could mishandle, and its form in a path and in a page token.
const KEY: &str = "it's \"q\"/\\n\t{}$x #if *~+é";
const IN_PATH: &str = "it's%20%22q%22/%5Cn%09%7B%7D$x%20%23if%20*~%2B%C3%A9";
const IN_TOKEN: &str = "it~27s~20~22q~22~2F~5Cn~09~7B~7D~24x~20~23if~20~2A~7E~2B~C3~A9";

/// When the last image of a page was uploaded.
const AT: &str = "1795352400000";

fn query(gateway: &Gateway) -> Value {
    json!({
        "TableName": gateway.table("ImageTable"),
        "IndexName": "Newest",
        "KeyConditionExpression": "#l = :l",
        "ExpressionAttributeNames": {"#l": "Listed"},
        "ExpressionAttributeValues": {":l": {"S": "image"}},
    })
}

fn start(key: &str) -> Value {
    json!({"Listed": {"S": "image"}, "ListedAt": {"S": AT}, "Id": {"S": key}})
}

fn item(key: &str, analysis: &str) -> Value {
    json!({
        "Id": {"S": key},
        "UploadedAt": {"S": "2026-11-22T13:00:00.000Z"},
        "Bytes": {"N": "1234567"},
        analysis: {"S": "{\"status\":\"pending\"}"},
        "Thumbnails": {"S": "{\"status\":\"done\",\"items\":[]}"},
    })
}

fn shown(key: &str) -> Value {
    json!({
        "key": key,
        "uploadedAt": "2026-11-22T13:00:00.000Z",
        "bytes": 1_234_567,
        "analysis": {"status": "pending"},
        "thumbnails": {"status": "done", "items": []},
    })
}

#[tokio::test]
async fn a_list_is_one_query() {
    let gateway = Gateway::open();
    let longest = format!("i2.{AT}.{}", "~C3~A9".repeat(512));
    let token = format!("i2.{AT}.{IN_TOKEN}");
    for (parameters, limit, after) in [
        (String::new(), 50, None),
        ("?limit=&next=".to_owned(), 50, None),
        ("?limit=1".to_owned(), 1, None),
        ("?limit=100".to_owned(), 100, None),
        (format!("?next={token}&limit=99"), 99, Some(KEY.to_owned())),
        (format!("?next={longest}"), 50, Some("é".repeat(512))),
        ("?TableName=x&Limit=9".to_owned(), 50, None),
    ] {
        let service = Service::json(200, &json!({"Items": []}));
        let _ = gateway
            .ask(&format!("GET /images{parameters}"), &service)
            .await;
        let mut expected = query(gateway);
        expected["ScanIndexForward"] = json!(false);
        expected["Limit"] = json!(limit);
        if let Some(key) = after {
            expected["ExclusiveStartKey"] = start(&key);
        }
        let asked = service.asked_for(&gateway.role("ApiTablesRole"));
        assert_eq!(
            asked,
            ("DynamoDB_20120810.Query".to_owned(), expected),
            "{parameters}"
        );
    }
}

#[tokio::test]
async fn a_page_holds_what_the_query_found() {
    let gateway = Gateway::open();
    let items: Vec<Value> = [KEY, "b", "c"]
        .map(|key| item(key, "AnalysisSummary"))
        .into();
    for found in 0..=items.len() {
        let service = Service::json(200, &json!({"Items": items[..found], "Count": found}));
        let reply = gateway.ask("GET /images", &service).await;
        let images: Vec<Value> = [KEY, "b", "c"][..found]
            .iter()
            .map(|key| shown(key))
            .collect();
        reply.is_json(200, &[], &json!({"images": images, "next": null}));
    }
    let more = json!({"Items": [], "LastEvaluatedKey": start(KEY)});
    let reply = gateway.ask("GET /images", &Service::json(200, &more)).await;
    let next = format!("i2.{AT}.{IN_TOKEN}");
    reply.is_json(200, &[], &json!({"images": [], "next": next}));
}

#[tokio::test]
async fn a_malformed_page_is_only_counted() {
    let gateway = Gateway::open();
    let too_long = format!("next=i2.{AT}.{}", "~C3~A9".repeat(512) + "k");
    for parameters in [
        "limit=0",
        "limit=101",
        "limit=x&next=i2.1795352400000.a",
        "limit=x&next=x",
        "next=x",
        "next=i1.a",
        "next=i2.",
        "next=i2.1795352400000",
        "next=i2.1795352400000.",
        "next=i2.179535240000.a",
        "next=i2.17953524000000.a",
        "next=i2.-795352400000.a",
        "next=i2.1795352400000.~41",
        "next=i2.1795352400000.~c3~a9",
        "next=i2.1795352400000.~FF",
        "next=i2.1795352400000.a~",
        "next=i2.1795352400000.a~4",
        "next=l1.098.7100~23x",
        &too_long,
    ] {
        let service = Service::json(200, &json!({"Count": 1, "ScannedCount": 1}));
        let reply = gateway
            .ask(&format!("GET /images?{parameters}"), &service)
            .await;
        let asked = service.asked_for(&gateway.role("ApiTablesRole"));
        let mut count = query(gateway);
        count["Select"] = json!("COUNT");
        count["Limit"] = json!(1);
        assert_eq!(asked.1, count, "{parameters}");
        reply.refuses(&Method::GET, 400, MALFORMED_PAGE);
    }
}

#[tokio::test]
async fn a_record_is_one_item() {
    let gateway = Gateway::open();
    let service = Service::json(200, &json!({}));
    let request = format!("GET /images/{IN_PATH}?key=other");
    let _ = gateway.ask(&request, &service).await;
    let asked = service.asked_for(&gateway.role("ApiTablesRole"));
    let expected = json!({
        "TableName": gateway.table("ImageTable"),
        "Key": {"Id": {"S": KEY}},
        "ConsistentRead": true,
    });
    assert_eq!(asked, ("DynamoDB_20120810.GetItem".to_owned(), expected));
}

#[tokio::test]
async fn a_record_is_shown_unless_it_is_a_tombstone() {
    let mut tombstone = item(KEY, "Analysis");
    tombstone["Deleted"] = json!({"BOOL": true});
    let gateway = Gateway::open();
    let request = format!("GET /images/{IN_PATH}");
    let found = json!({"Item": item(KEY, "Analysis")});
    let reply = gateway.ask(&request, &Service::json(200, &found)).await;
    reply.is_json(200, &[], &shown(KEY));
    for missing in [json!({}), json!({"Item": tombstone})] {
        let reply = gateway.ask(&request, &Service::json(200, &missing)).await;
        reply.refuses(&Method::GET, 404, "no such image");
    }
}

/// Bytes that are not UTF-8 are decoded to U+FFFD, under which another image may be stored.
#[tokio::test]
async fn a_key_that_is_no_utf8_is_not_the_key_that_it_is_decoded_to() {
    let key = "\u{fffd}.jpg";
    let found = json!({"Item": item(key, "Analysis")});
    for (path, known) in [
        ("%EF%BF%BD.jpg", true),
        ("%ef%bf%bd.jpg", true),
        ("%ff.jpg", false),
        ("%EF%BF.jpg", false),
    ] {
        let request = format!("GET /images/{path}");
        let service = Service::json(200, &found);
        let reply = Gateway::open().ask(&request, &service).await;
        if known {
            reply.is_json(200, &[], &shown(key));
        } else {
            reply.refuses(&Method::GET, 404, "no such image");
        }
    }
}

#[tokio::test]
async fn errors_of_dynamodb_are_told_apart() {
    let token = format!("i2.{AT}.{IN_TOKEN}");
    let gateway = Gateway::open();
    for request in [
        "GET /images".to_owned(),
        format!("GET /images?limit=100&next={token}"),
        format!("GET /images/{}", "%C3%a9".repeat(512)),
        // Neither belongs to this operation.
        format!("GET /images?key={0}&name={0}", "k".repeat(2049)),
    ] {
        for (kind, status, message) in ERRORS {
            let service = Service::json(400, &json!({"__type": kind, "message": "m"}));
            let reply = gateway.ask(&request, &service).await;
            reply.refuses(&Method::GET, status, message);
        }
        let service = Service::json(500, &json!({"__type": "InternalServerError"}));
        let reply = gateway.ask(&request, &service).await;
        reply.refuses(&Method::GET, 502, BROKEN);
    }
    let service = Service::json(400, &json!({"__type": ERRORS[5].0}));
    let request = format!("GET /images/{}", "k".repeat(1025));
    let reply = gateway.ask(&request, &service).await;
    reply.refuses(&Method::GET, 404, "no such image");
}
