//! Every call that can be made to the stack's resources over the AWS port.

use serde_json::{Value, json};

/// A request, and the permissions that it needs. In `path` and `body`, resources are named by their logical ids in angle
/// brackets: `</RawBucket>` is a bucket's name.
pub struct Call {
    pub service: &'static str,
    pub method: &'static str,
    pub path: String,
    pub query: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub needs: Vec<(&'static str, String)>,
}

const BUCKETS: [&str; 3] = ["RawBucket", "ThumbnailBucket", "ArtifactsBucket"];
const TABLES: [&str; 3] = ["ImageTable", "LabelTable", "ContentTable"];
const QUEUES: [&str; 4] = [
    "CreateThumbnailQueue",
    "AnalyzeImageQueue",
    "CreateThumbnailDeadLetterQueue",
    "AnalyzeImageDeadLetterQueue",
];

/// Every call.
pub fn all() -> Vec<Call> {
    let mut calls = Vec::new();
    for bucket in BUCKETS {
        calls.extend(on_bucket(bucket));
    }
    calls.push(s3(
        "GET",
        "/<ArtifactsBucket>/gallery-local.html".to_owned(),
        "",
        vec![("s3:GetObject", "ArtifactsBucket/gallery-*".to_owned())],
    ));
    for table in TABLES {
        calls.extend(on_table(table));
    }
    for (operation, action) in [("Query", "dynamodb:Query"), ("Scan", "dynamodb:Scan")] {
        calls.push(on_index(operation, action));
    }
    for queue in QUEUES {
        calls.extend(on_queue(queue));
        calls.extend(message_moves(queue));
    }
    let anything = |action| vec![(action, "*".to_owned())];
    calls.push(s3(
        "GET",
        "/".to_owned(),
        "",
        anything("s3:ListAllMyBuckets"),
    ));
    calls.push(json_call(
        "dynamodb",
        "ListTables",
        &json!({}),
        anything("dynamodb:ListTables"),
    ));
    calls.push(json_call(
        "sqs",
        "ListQueues",
        &json!({}),
        anything("sqs:ListQueues"),
    ));
    let picture = json!({"Image": {"Bytes": "bm8gcGljdHVyZQ=="}});
    let detect = "rekognition:DetectLabels";
    calls.push(json_call(
        "rekognition",
        "DetectLabels",
        &picture,
        anything(detect),
    ));
    calls
}

/// Rekognition reads `o` of a bucket.
pub fn detect_labels(bucket: &str) -> Call {
    let image = json!({"Image": {"S3Object": {"Bucket": format!("<{bucket}>"), "Name": "o"}}});
    json_call("rekognition", "DetectLabels", &image, Vec::new())
}

fn s3(
    method: &'static str,
    path: String,
    query: &'static str,
    needs: Vec<(&'static str, String)>,
) -> Call {
    Call {
        service: "s3",
        method,
        path,
        query,
        headers: Vec::new(),
        body: String::new(),
        needs,
    }
}

/// `o` exists, and is kept; deletes and aborts name what never existed.
fn on_bucket(bucket: &str) -> Vec<Call> {
    let object = |method, name: &str, query, action| {
        let needs = vec![(action, format!("{bucket}/*"))];
        s3(method, format!("/<{bucket}>/{name}"), query, needs)
    };
    let itself = |method, query, action| {
        let needs = vec![(action, bucket.to_owned())];
        s3(method, format!("/<{bucket}>"), query, needs)
    };
    let mut calls = vec![
        object("GET", "o", "", "s3:GetObject"),
        object("HEAD", "o", "", "s3:GetObject"),
        object("PUT", "o", "", "s3:PutObject"),
        object("DELETE", "gone", "", "s3:DeleteObject"),
        object("POST", "o", "uploads=", "s3:PutObject"),
        object("PUT", "o", "partNumber=1&uploadId=x", "s3:PutObject"),
        object("GET", "o", "uploadId=x", "s3:ListMultipartUploadParts"),
        object("POST", "o", "uploadId=x", "s3:PutObject"),
        object("DELETE", "o", "uploadId=x", "s3:AbortMultipartUpload"),
        itself("GET", "list-type=2", "s3:ListBucket"),
        itself("GET", "", "s3:ListBucket"),
        itself("HEAD", "", "s3:ListBucket"),
        itself("GET", "location=", "s3:GetBucketLocation"),
        itself("GET", "uploads=", "s3:ListBucketMultipartUploads"),
    ];
    for source in BUCKETS {
        let mut copy = object("PUT", "o", "", "s3:PutObject");
        copy.needs
            .insert(0, ("s3:GetObject", format!("{source}/*")));
        copy.headers = vec![("x-amz-copy-source", format!("/<{source}>/o"))];
        calls.push(copy);
    }
    calls
}

fn json_call(
    service: &'static str,
    operation: &str,
    body: &Value,
    needs: Vec<(&'static str, String)>,
) -> Call {
    let prefix = match service {
        "dynamodb" => "DynamoDB_20120810",
        "sqs" => "AmazonSQS",
        _ => "RekognitionService",
    };
    let version = if service == "rekognition" {
        "1.1"
    } else {
        "1.0"
    };
    Call {
        service,
        method: "POST",
        path: "/".to_owned(),
        query: "",
        headers: vec![
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{prefix}.{operation}")),
        ],
        body: body.to_string(),
        needs,
    }
}

fn on_index(operation: &str, action: &'static str) -> Call {
    let mut body = json!({"TableName": "<ImageTable>", "IndexName": "Newest"});
    if operation == "Query" {
        body["KeyConditionExpression"] = "Listed = :l".into();
        body["ExpressionAttributeValues"] = json!({":l": {"S": "image"}});
    }
    let index = "ImageTable/index/Newest".to_owned();
    json_call("dynamodb", operation, &body, vec![(action, index)])
}

#[expect(clippy::too_many_lines, reason = "a table of calls")]
fn on_table(table: &str) -> Vec<Call> {
    let name = format!("<{table}>");
    let key = match table {
        "ImageTable" => json!({"Id": {"S": "k"}}),
        "ContentTable" => json!({"Content": {"S": "c"}}),
        _ => json!({"Label": {"S": "l"}, "Rank": {"S": "r"}}),
    };
    let partition_key = match table {
        "ImageTable" => "Id",
        "ContentTable" => "Content",
        _ => "Label",
    };
    let of_item = json!({"TableName": name, "Key": key});
    let of_table = json!({"TableName": name});
    let put = json!({"TableName": name, "Item": key});
    let query = json!({
        "TableName": name,
        "KeyConditionExpression": "#h = :h",
        "ExpressionAttributeNames": {"#h": partition_key},
        "ExpressionAttributeValues": {":h": {"S": "x"}},
    });
    let check = json!({"TableName": name, "Key": key, "ConditionExpression": "attribute_not_exists(Never)"});
    let update = json!({
        "TableName": name,
        "Key": key,
        "UpdateExpression": "SET Seen = :s",
        "ExpressionAttributeValues": {":s": {"N": "1"}},
    });
    let single = [
        ("GetItem", "dynamodb:GetItem", &of_item),
        ("PutItem", "dynamodb:PutItem", &put),
        ("UpdateItem", "dynamodb:UpdateItem", &update),
        ("DeleteItem", "dynamodb:DeleteItem", &of_item),
        ("Query", "dynamodb:Query", &query),
        ("Scan", "dynamodb:Scan", &of_table),
        ("DescribeTable", "dynamodb:DescribeTable", &of_table),
        (
            "DescribeTimeToLive",
            "dynamodb:DescribeTimeToLive",
            &of_table,
        ),
    ];
    let mut calls: Vec<Call> = single
        .map(|(operation, action, body)| {
            json_call(
                "dynamodb",
                operation,
                body,
                vec![(action, table.to_owned())],
            )
        })
        .into();
    let batches = [
        (
            "BatchGetItem",
            "dynamodb:BatchGetItem",
            json!({"Keys": [key]}),
        ),
        (
            "BatchWriteItem",
            "dynamodb:BatchWriteItem",
            json!([{"DeleteRequest": {"Key": key}}]),
        ),
    ];
    for (operation, action, items) in batches {
        let body = json!({"RequestItems": {name.as_str(): items}});
        calls.push(json_call(
            "dynamodb",
            operation,
            &body,
            vec![(action, table.to_owned())],
        ));
    }
    let transactions = [
        ("TransactGetItems", "Get", "dynamodb:GetItem", &of_item),
        ("TransactWriteItems", "Put", "dynamodb:PutItem", &put),
        (
            "TransactWriteItems",
            "Update",
            "dynamodb:UpdateItem",
            &update,
        ),
        (
            "TransactWriteItems",
            "Delete",
            "dynamodb:DeleteItem",
            &of_item,
        ),
        (
            "TransactWriteItems",
            "ConditionCheck",
            "dynamodb:ConditionCheckItem",
            &check,
        ),
    ];
    for (operation, kind, action, item) in transactions {
        let body = json!({"TransactItems": [{kind: item}]});
        calls.push(json_call(
            "dynamodb",
            operation,
            &body,
            vec![(action, table.to_owned())],
        ));
    }
    calls
}

fn on_queue(queue: &str) -> Vec<Call> {
    let url = json!(format!("http://x/0/<{queue}>"));
    let handle = json!({"QueueUrl": url, "ReceiptHandle": "none"});
    [
        (
            "GetQueueUrl",
            "sqs:GetQueueUrl",
            json!({"QueueName": format!("<{queue}>")}),
        ),
        (
            "GetQueueAttributes",
            "sqs:GetQueueAttributes",
            json!({"QueueUrl": url}),
        ),
        (
            "SendMessage",
            "sqs:SendMessage",
            json!({"QueueUrl": url, "MessageBody": "m"}),
        ),
        (
            "ReceiveMessage",
            "sqs:ReceiveMessage",
            json!({"QueueUrl": url}),
        ),
        ("DeleteMessage", "sqs:DeleteMessage", handle.clone()),
        (
            "ChangeMessageVisibility",
            "sqs:ChangeMessageVisibility",
            handle,
        ),
        ("PurgeQueue", "sqs:PurgeQueue", json!({"QueueUrl": url})),
    ]
    .map(|(operation, action, body)| {
        json_call("sqs", operation, &body, vec![(action, queue.to_owned())])
    })
    .into()
}

/// Moving a dead-letter queue's messages needs the permissions to receive them and to send them elsewhere.
fn message_moves(queue: &str) -> Vec<Call> {
    let source = json!({"SourceArn": format!("<arn:{queue}>")});
    let mut calls: Vec<Call> = [
        ("ListMessageMoveTasks", "sqs:ListMessageMoveTasks"),
        ("StartMessageMoveTask", "sqs:StartMessageMoveTask"),
    ]
    .into_iter()
    .map(|(operation, action)| {
        let needs = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            action,
        ]
        .map(|action| (action, queue.to_owned()));
        json_call("sqs", operation, &source, needs.into())
    })
    .collect();
    if let (Some(start), Some(function)) = (calls.last_mut(), queue.strip_suffix("DeadLetterQueue"))
    {
        start
            .needs
            .push(("sqs:SendMessage", format!("{function}Queue")));
    }
    calls
}
