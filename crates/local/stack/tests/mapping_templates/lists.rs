//! `GET /images` and `GET /labels/{name}`: pages, tokens, limits.

use api_gateway::Service;
use http::Method;
use serde_json::{Value, json};

use crate::draw::{Draw, queried};
use crate::exchange::{BackEndResponse, Exchange, Sent, World, same};
use crate::json;
use crate::tokens::{List, page_size};

/// DynamoDB's error codes, and whether each means throttling.
pub const REFUSALS: &[(&str, bool)] = &[
    ("com.amazon.coral.availability#ThrottlingException", true),
    (
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        true,
    ),
    (
        "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded",
        true,
    ),
    ("com.amazon.coral.validate#ValidationException", false),
    ("com.amazon.coral.service#AccessDeniedException", false),
];

pub const BUSY: &str = "too many requests for the storage behind the API; try again";
pub const FAILED: &str = "the storage behind the API failed";
const MALFORMED_PAGE: &str =
    "limit must be a whole number from 1 to 100, and next what the page before returned";
/// Bytes of DynamoDB's longest partition key.
const MAX_LABEL_LENGTH: usize = 2048;

/// A GET of a table's route, with everything that it does not use.
pub fn get(path: &str, draw: &Draw, query: &[(&str, Option<&str>)]) -> Sent {
    let mut pairs: Vec<String> = ["key", "name", "TableName", &draw.noise]
        .iter()
        .filter(|name| !matches!(**name, "limit" | "next"))
        .map(|name| format!("{}={}", queried(name), queried(&draw.noise)))
        .collect();
    for (name, value) in query {
        pairs.extend(value.map(|value| format!("{name}={}", queried(value))));
    }
    let noise: String = draw.noise.chars().filter(|c| !c.is_control()).collect();
    Sent {
        method: Method::GET,
        target: format!("{path}?{}", pairs.join("&")),
        headers: vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("x-amz-target", "DynamoDB_20120810.DeleteTable".to_owned()),
            ("key", noise.clone()),
            ("name", noise),
        ],
        body: draw.noise.clone().into_bytes(),
    }
}

/// Checks that the one call was for this action of DynamoDB as the role of the tables; returns its JSON.
pub fn asked(world: &World, exchange: &Exchange, action: &str) -> Result<Value, String> {
    let (role, target) = exchange.call()?;
    same("the role", &role, &world.shipped.role("ApiTablesRole"))?;
    same("the service", &target.service, &Service::DynamoDb)?;
    let address = (
        target.method.as_str(),
        target.path.as_str(),
        target.query.as_str(),
    );
    same("the address", &address, &("POST", "/", ""))?;
    let mut headers: Vec<_> = target
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let expected = [
        "content-type: application/x-amz-json-1.0".to_owned(),
        format!("x-amz-target: DynamoDB_20120810.{action}"),
    ];
    same("the headers", &headers.as_slice(), &expected.as_slice())?;
    json::parse(&target.body)
}

fn ask(world: &World, draw: &Draw, list: List, reply: &BackEndResponse) -> Exchange {
    let next = list.spelt(&draw.next);
    page(world, draw, list, next.as_deref(), reply)
}

fn page(
    world: &World,
    draw: &Draw,
    list: List,
    next: Option<&str>,
    reply: &BackEndResponse,
) -> Exchange {
    let path = match list {
        List::Images => "/images".to_owned(),
        List::Labels => format!("/labels/{}", draw.segment()),
    };
    let query = [("limit", draw.limit.as_deref()), ("next", next)];
    world.play(&get(&path, draw, &query), reply)
}

/// Where a page starts.
enum Start {
    First,
    /// After the row that a token holds.
    After(String),
    /// The list cannot have written the token.
    Nowhere,
}

/// The limit, if it is valid, and where the page starts.
fn wanted(draw: &Draw, list: List) -> (Option<u8>, Start) {
    let next = list.spelt(&draw.next).filter(|next| !next.is_empty());
    let start = match next {
        None => Start::First,
        Some(token) => list.read(&token).map_or(Start::Nowhere, Start::After),
    };
    (page_size(draw.limit.as_deref()), start)
}

/// The parameters of every Query of the index.
fn newest(world: &World) -> Value {
    json!({
        "TableName": world.shipped.image_table,
        "IndexName": "Newest",
        "KeyConditionExpression": "#l = :l",
        "ExpressionAttributeNames": {"#l": "Listed"},
        "ExpressionAttributeValues": {":l": {"S": "image"}},
    })
}

/// The index's key for the contents of a token.
fn index_key(stored: &str) -> Value {
    let (at, key) = stored.split_once('.').expect("a time and a key");
    json!({"Listed": {"S": "image"}, "ListedAt": {"S": at}, "Id": {"S": key}})
}

/// The Query of the index that the route is meant to send.
fn newest_query(world: &World, size: u8, after: Option<&str>) -> Value {
    let mut query = newest(world);
    query["ScanIndexForward"] = false.into();
    query["Limit"] = size.into();
    if let Some(stored) = after {
        query["ExclusiveStartKey"] = index_key(stored);
    }
    query
}

/// The Query that the route is meant to send.
fn query(world: &World, label: &str, size: u8, after: Option<&str>) -> Value {
    let mut query = json!({
        "TableName": world.shipped.label_table,
        "KeyConditionExpression": "#l = :l",
        "ExpressionAttributeNames": {"#l": "Label"},
        "ExpressionAttributeValues": {":l": {"S": label}},
        "ScanIndexForward": false,
        "ConsistentRead": true,
        "Limit": size,
    });
    if let Some(rank) = after {
        query["ExclusiveStartKey"] = json!({"Label": {"S": label}, "Rank": {"S": rank}});
    }
    query
}

/// The request for a malformed limit or token, which reads only a count.
fn count(world: &World, list: List) -> Value {
    match list {
        List::Images => {
            let mut count = newest(world);
            count["Select"] = "COUNT".into();
            count["Limit"] = 1.into();
            count
        }
        List::Labels => json!({
            "TableName": world.shipped.label_table,
            "KeyConditionExpression": "#l = :l",
            "ExpressionAttributeNames": {"#l": "Label"},
            "ExpressionAttributeValues": {":l": {"S": "-"}},
            "Select": "COUNT",
            "Limit": 1,
        }),
    }
}

fn whole(world: &World, draw: &Draw, list: List, size: u8, after: Option<&str>) -> Value {
    match list {
        List::Images => newest_query(world, size, after),
        List::Labels => query(world, &draw.text(), size, after),
    }
}

fn request(world: &World, draw: &Draw, list: List) -> Result<(), String> {
    let page = BackEndResponse::Json(200, json!({"Items": [], "Count": 0}));
    let counted = BackEndResponse::Json(200, json!({"Count": 1, "ScannedCount": 1}));
    let (expected, reply) = match wanted(draw, list) {
        (Some(size), Start::First) => (whole(world, draw, list, size, None), page),
        (Some(size), Start::After(stored)) => (whole(world, draw, list, size, Some(&stored)), page),
        (None, _) | (_, Start::Nowhere) => (count(world, list), counted),
    };
    let exchange = ask(world, draw, list, &reply);
    same(
        "what was asked",
        &asked(world, &exchange, "Query")?,
        &expected,
    )
}

pub fn images_request(world: &World, draw: &Draw) -> Result<(), String> {
    request(world, draw, List::Images)
}

pub fn label_request(world: &World, draw: &Draw) -> Result<(), String> {
    request(world, draw, List::Labels)
}

/// Checks the page's response, and that its token continues after the last row that was read.
fn pages(
    world: &World,
    draw: &Draw,
    list: List,
    rows: &Value,
    shown: &Value,
) -> Result<(), String> {
    let lasts = draw
        .stored
        .iter()
        .filter(|key| !key.is_empty() && key.len() <= 1024);
    for last in std::iter::once(None).chain(lasts.map(Some)) {
        let stored = last.map(|key| list.stored(key));
        let mut reply = json!({"Items": rows, "Count": draw.stored.len()});
        if let Some(stored) = &stored {
            reply["LastEvaluatedKey"] = match list {
                List::Images => index_key(stored),
                List::Labels => json!({"Label": {"S": draw.text()}, "Rank": {"S": stored}}),
            };
        }
        let good = Draw {
            limit: None,
            ..draw.clone()
        };
        let exchange = page(world, &good, list, None, &BackEndResponse::Json(200, reply));
        let token = stored.as_deref().map(|stored| list.token(stored));
        let mut expected = json!({"images": shown, "next": token});
        if matches!(list, List::Labels) {
            expected["label"] = draw.text().into();
        }
        exchange.responds(200, &expected)?;
        if let Some(token) = token {
            let exchange = page(
                world,
                &good,
                list,
                Some(&token),
                &BackEndResponse::Json(200, json!({"Items": []})),
            );
            let expected = whole(world, draw, list, 50, stored.as_deref());
            same(
                "the next page",
                &asked(world, &exchange, "Query")?,
                &expected,
            )?;
        }
    }
    Ok(())
}

/// Checks that a response with only a count becomes an error about a malformed request.
fn counted(world: &World, draw: &Draw, list: List) -> Result<(), String> {
    let counted = BackEndResponse::Json(200, json!({"Count": 1, "ScannedCount": 1}));
    ask(world, draw, list, &counted).refused(400, MALFORMED_PAGE)
}

pub fn images_200(world: &World, draw: &Draw) -> Result<(), String> {
    counted(world, draw, List::Images)?;
    // As the functions store a part: the JSON that the API returns.
    let analysis =
        json!({"status": "done", "labels": [{"name": draw.service_text, "confidence": 98.71}]});
    let thumbnails = json!({"status": "failed", "reason": {"code": "CorruptImage", "message": draw.service_text}});
    let at = "2026-11-22T13:00:00.000Z";
    let rows = draw.stored.iter().map(|key| {
        json!({
            "Id": {"S": key}, "UploadedAt": {"S": at}, "Bytes": {"N": "1234567"},
            "AnalysisSummary": {"S": analysis.to_string()}, "Thumbnails": {"S": thumbnails.to_string()},
        })
    });
    let shown = draw.stored.iter().map(|key| {
        json!({"key": key, "uploadedAt": at, "bytes": 1_234_567, "analysis": analysis, "thumbnails": thumbnails})
    });
    pages(world, draw, List::Images, &rows.collect(), &shown.collect())
}

pub fn label_200(world: &World, draw: &Draw) -> Result<(), String> {
    counted(world, draw, List::Labels)?;
    let rows = draw.stored.iter().map(|key| {
        json!({
            "Label": {"S": draw.text()}, "Rank": {"S": List::Labels.stored(key)},
            "Key": {"S": key}, "Confidence": {"N": "98.71"},
        })
    });
    let shown = draw
        .stored
        .iter()
        .map(|key| json!({"key": key, "confidence": 98.71}));
    pages(world, draw, List::Labels, &rows.collect(), &shown.collect())
}

/// An error of DynamoDB, whose message no client may see.
pub fn refusal(kind: &str, draw: &Draw) -> BackEndResponse {
    BackEndResponse::Json(
        400,
        json!({"__type": kind, "message": draw.service_text, "Item": {"Id": {"S": draw.service_text}}}),
    )
}

fn refused(world: &World, draw: &Draw, list: List) -> Result<(), String> {
    for (kind, busy) in REFUSALS {
        let exchange = ask(world, draw, list, &refusal(kind, draw));
        let too_long = matches!(list, List::Labels) && draw.key.len() > MAX_LABEL_LENGTH;
        if too_long && kind.ends_with("ValidationException") {
            exchange.responds(
                200,
                &json!({"label": draw.text(), "images": [], "next": null}),
            )?;
        } else if *busy {
            exchange.refused(503, BUSY)?;
        } else {
            exchange.refused(502, FAILED)?;
        }
    }
    Ok(())
}

pub fn images_default(world: &World, draw: &Draw) -> Result<(), String> {
    refused(world, draw, List::Images)
}

pub fn label_default(world: &World, draw: &Draw) -> Result<(), String> {
    refused(world, draw, List::Labels)
}
