//! Whole requests through an API in front of S3 and `DynamoDB` (`service_proxy.yaml`), against a back end in memory.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use api_gateway::{Api, MAX_PAYLOAD, Response, Service};
use http::Method;
use support::{KeyRing, Recorder, body, get, header, request};

fn api() -> Api {
    support::api(include_str!("service_proxy.yaml")).unwrap()
}

async fn respond(request: api_gateway::Request, backend: &Recorder) -> Response {
    api().handle(request, &KeyRing, backend).await
}

/// A server may share an API between threads, and spawn its futures.
#[test]
fn responses_can_be_spawned() {
    fn shared<T: Send + Sync>(_: &T) {}
    fn spawned<T: Send>(_: &T) {}
    let (api, backend) = (api(), Recorder::new(200, &[], ""));
    shared(&api);
    spawned(&api.handle(get("/v1"), &KeyRing, &backend));
}

#[test]
fn routes_and_roles_are_known() {
    let api = api();
    let routes: Vec<String> = api.routes().map(|route| route.to_string()).collect();
    assert_eq!(
        routes,
        [
            "GET /images → dynamodb:Scan",
            "PUT /images/{key+} → s3 PUT /raw/{key}",
            "DELETE /images/{key+} → s3 DELETE /raw/{key}",
            "OPTIONS /images/{key+} → mock",
            "GET /thumbnails/{key+} → s3 GET /thumbnails/{key}",
            "HEAD /thumbnails/{key+} → s3 HEAD /thumbnails/{key}",
        ]
    );
    let roles: Vec<&str> = api.roles().into_iter().collect();
    let role = "arn:aws:iam::123456789012:role/";
    assert_eq!(
        roles,
        ["tables", "thumbnails", "upload"].map(|name| format!("{role}{name}"))
    );
    assert!(api.routes().any(|route| route.iam) && api.routes().any(|route| route.api_key));
}

#[tokio::test]
async fn an_upload() {
    let s3 = Recorder::new(200, &[("etag", "\"1\""), ("x-amz-request-id", "s3")], "");
    let headers = [
        ("authorization", "signed"),
        ("content-type", "image/png"),
        ("x-amz-acl", "public-read"),
    ];
    let bytes = b"\x89PNG\xff".to_vec();
    let response = respond(
        request(
            Method::PUT,
            "/v1/images/pets/a%20b%2Bc.jpg",
            &headers,
            bytes.clone(),
        ),
        &s3,
    )
    .await;

    assert_eq!(response.status, 201);
    assert_eq!(
        body(&response),
        r#"{"key": "pets\/a b+c.jpg", "by": "arn:aws:iam::123456789012:user/alice"}"#
    );
    assert_eq!(header(&response, "etag"), Some("\"1\""));
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert_eq!(header(&response, "x-amz-request-id"), None);
    assert_eq!(
        header(&response, "x-amzn-requestid").map(str::len),
        Some(36)
    );
    assert_eq!(header(&response, "x-amz-apigw-id").map(str::len), Some(16));
    assert!(
        header(&response, "x-amzn-trace-id")
            .unwrap()
            .starts_with("Root=1-")
    );
    assert_eq!(response.diagnostic, None);

    let (role, target) = s3.calls().remove(0);
    assert_eq!(role, "arn:aws:iam::123456789012:role/upload");
    assert_eq!(
        (target.service, target.region.as_str()),
        (Service::S3, "eu-west-1")
    );
    assert_eq!(
        (target.method.as_str(), target.path.as_str()),
        ("PUT", "/raw/pets/a%20b%2Bc.jpg")
    );
    assert_eq!(
        target.headers.len(),
        1,
        "only the content type: {:?}",
        target.headers
    );
    assert_eq!(target.body, bytes);
    assert_eq!(target.timeout.as_secs(), 29);
}

#[tokio::test]
async fn who_may_not_call() {
    let s3 = Recorder::new(200, &[], "");
    let put = |authorization: &str| {
        let headers = [
            ("authorization", authorization),
            ("origin", "https://a.example"),
        ];
        let headers = if authorization.is_empty() {
            &headers[1..]
        } else {
            &headers
        };
        request(Method::PUT, "/v1/images/k", headers, "")
    };
    let response = respond(put(""), &s3).await;
    assert_eq!(response.status, 403);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        Some("MissingAuthenticationTokenException")
    );
    assert_eq!(
        body(&response),
        r#"{"message": "Missing Authentication Token", "type": "MISSING_AUTHENTICATION_TOKEN"}"#
    );
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        Some("https://a.example")
    );

    let response = respond(put("forged"), &s3).await;
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        Some("InvalidSignatureException")
    );

    // Customised, status and body; the type's own response does not inherit DEFAULT_4XX's headers.
    let response = respond(put("signed by mallory"), &s3).await;
    assert_eq!(
        (response.status.as_u16(), body(&response)),
        (404, r#"{"message": "Forbidden"}"#)
    );
    assert_eq!(header(&response, "access-control-allow-origin"), None);
    assert!(response.diagnostic.unwrap().contains("mallory"));

    let delete = |key: &str| request(Method::DELETE, "/v1/images/k", &[("x-api-key", key)], "");
    assert_eq!(respond(delete("guess"), &s3).await.status, 403);
    assert_eq!(respond(delete("spent"), &s3).await.status, 429);
    assert!(s3.calls().is_empty());
    assert_eq!(respond(delete("secret"), &s3).await.status, 204);
}

#[tokio::test]
async fn an_error_in_plain_text() {
    let response = respond(
        request(
            Method::GET,
            "/v1/nothing",
            &[("accept", "text/plain, */*")],
            "",
        ),
        &Recorder::new(200, &[], ""),
    )
    .await;
    let id = header(&response, "x-amzn-requestid").unwrap();
    assert_eq!(
        body(&response),
        format!("Missing Authentication Token ({id})")
    );
    assert_eq!(header(&response, "content-type"), Some("text/plain"));
    assert_eq!(header(&response, "x-amzn-trace-id"), None);
}

#[tokio::test]
async fn a_list_from_a_table() {
    let table = Recorder::new(
        200,
        &[],
        r#"{"Items": [{"Id": {"S": "a"}}, {"Id": {"S": "b"}}]}"#,
    );
    let response = respond(get("/v1/images?limit=1&limit=2"), &table).await;
    assert_eq!(
        (response.status.as_u16(), body(&response)),
        (200, r#"{"images": ["a","b"]}"#)
    );
    let target = table.call();
    assert_eq!(target.service, Service::DynamoDb);
    assert_eq!(target.headers["x-amz-target"], "DynamoDB_20120810.Scan");
    assert_eq!(target.body, r#"{"TableName": "images", "Limit": 2}"#);
}

#[tokio::test]
async fn an_unmatched_content_type_is_415() {
    let table = Recorder::new(200, &[], "{}");
    let raw = r#"{"TableName": "secrets"}"#;
    let sent = request(
        Method::GET,
        "/v1/images?limit=1",
        &[("content-type", "text/plain")],
        raw,
    );
    let response = respond(sent, &table).await;
    assert_eq!(response.status, 415);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        Some("BadRequestException")
    );
    let missing = respond(get("/v1/images"), &table).await;
    assert_eq!(missing.status, 400);
    assert!(body(&missing).contains("Missing required request parameters: [limit]"));
    assert!(table.calls().is_empty());
}

#[tokio::test]
async fn a_template_sets_the_status_of_a_failure() {
    let table = Recorder::new(
        400,
        &[],
        r#"{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#,
    );
    assert_eq!(respond(get("/v1/images?limit=1"), &table).await.status, 503);
    let table = Recorder::new(400, &[], r#"{"__type": "ValidationException"}"#);
    assert_eq!(respond(get("/v1/images?limit=1"), &table).await.status, 502);
}

#[tokio::test]
async fn a_thumbnail_and_its_headers() {
    let bytes = b"\xff\xd8\xff".to_vec();
    let s3 = Recorder::new(
        200,
        &[("content-type", "image/jpeg"), ("etag", "\"1\"")],
        bytes.clone(),
    );
    let sent = request(
        Method::GET,
        "/v1/thumbnails/256/k",
        &[("if-none-match", "\"0\""), ("range", "bytes=0-1")],
        "",
    );
    let response = respond(sent, &s3).await;
    assert_eq!(
        (response.status.as_u16(), &response.body[..]),
        (200, &bytes[..])
    );
    assert_eq!(header(&response, "content-type"), Some("image/jpeg"));
    let target = s3.call();
    assert_eq!(target.headers["if-none-match"], "\"0\"");
    assert_eq!(target.headers.len(), 1);

    let head = respond(request(Method::HEAD, "/v1/thumbnails/256/k", &[], ""), &s3).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(header(&head, "etag"), Some("\"1\""));

    let fresh = respond(get("/v1/thumbnails/256/k"), &Recorder::new(304, &[], "")).await;
    assert_eq!((fresh.status.as_u16(), fresh.body.len()), (304, 0));

    let gone = respond(
        get("/v1/thumbnails/256/k"),
        &Recorder::new(404, &[("content-type", "application/xml")], "<Error/>"),
    )
    .await;
    assert_eq!(
        (gone.status.as_u16(), body(&gone)),
        (404, r#"{"message": "no such thumbnail"}"#)
    );

    let other = respond(get("/v1/thumbnails/256/k"), &Recorder::new(503, &[], "")).await;
    assert_eq!(
        (other.status.as_u16(), body(&other)),
        (500, r#"{"message":"Internal server error"}"#)
    );
    assert!(other.diagnostic.unwrap().contains("503"));
}

#[tokio::test]
async fn options_need_no_credentials() {
    let s3 = Recorder::new(200, &[], "");
    let response = respond(request(Method::OPTIONS, "/v1/images/a/b", &[], ""), &s3).await;
    assert_eq!(response.status, 204);
    assert_eq!(
        header(&response, "access-control-allow-methods"),
        Some("PUT,DELETE")
    );
    assert_eq!(header(&response, "x-amzn-trace-id"), None);
    assert!(s3.calls().is_empty());
}

#[tokio::test]
async fn a_header_overrides_the_method() {
    let s3 = Recorder::new(200, &[], "");
    let headers = [
        ("authorization", "signed"),
        ("x-http-method-override", "PUT"),
    ];
    let _ = respond(request(Method::GET, "/v1/images/k", &headers, "b"), &s3).await;
    assert_eq!(s3.calls()[0].1.method, Method::PUT);
    // The overriding method is authorized: PUT needs a signature even if it is sent as OPTIONS, which needs none.
    let headers = [("X-HTTP-Method-Override", "PUT")];
    let response = respond(request(Method::OPTIONS, "/v1/images/k", &headers, ""), &s3).await;
    assert_eq!((response.status.as_u16(), s3.calls().len()), (403, 1));
    let headers = [("x-http-method-override", "OPTIONS")];
    let response = respond(request(Method::PUT, "/v1/images/k", &headers, ""), &s3).await;
    assert_eq!((response.status.as_u16(), s3.calls().len()), (204, 1));
    let headers = [("x-http-method-override", "no method")];
    let response = respond(request(Method::TRACE, "/v1/images/k", &headers, ""), &s3).await;
    assert_eq!(response.status, 403);
    assert_eq!(s3.calls().len(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit() {
    let s3 = Recorder::new(200, &[], "");
    let response = respond(
        request(Method::PUT, "/v1/images/k", &[], vec![0; MAX_PAYLOAD + 1]),
        &s3,
    )
    .await;
    assert_eq!(response.status, 413);
    // Not customised: the document's gateway responses do not apply.
    assert_eq!(body(&response), r#"{"message":"Request Too Long"}"#);
}

/// `*/*` makes everything binary (public reports; not recorded).
#[tokio::test]
async fn everything_binary_needs_text_where_templates_are() {
    let document = include_str!("service_proxy.yaml").replace("image/*", "*/*");
    let options = || request(Method::OPTIONS, "/v1/images/k", &[], "");
    let backend = Recorder::new(200, &[], "");
    let response = support::api(&document)
        .unwrap()
        .handle(options(), &KeyRing, &backend)
        .await;
    assert_eq!(response.status, 500);
    assert!(response.diagnostic.unwrap().contains("CONVERT_TO_TEXT"));

    let document = document.replace(
        "type: mock",
        "type: mock\n        contentHandling: CONVERT_TO_TEXT",
    );
    let response = support::api(&document)
        .unwrap()
        .handle(options(), &KeyRing, &backend)
        .await;
    assert_eq!(response.status, 204);
}

/// With `*/*` a JSON response is a binary payload, which `CONVERT_TO_TEXT` converts to base64, as recorded for types that
/// match. A template that decodes it if necessary works with any list of types.
#[tokio::test]
async fn everything_binary_hands_templates_base64() {
    let template = r##"'{"images": [#foreach($item in $input.path("$.Items"))"$item.Id.S"#if($foreach.hasNext),#end#end]}'"##;
    let careful = template.replace("$input.path(\"$.Items\")", "$all.Items").replace(
        "'{",
        "'#set($text = $input.body)#if(!$text.startsWith(\"{\"))#set($text = $util.base64Decode($text))#end#set($all = $util.parseJson($text)){",
    );
    let everything = include_str!("service_proxy.yaml")
        .replace("image/*", "*/*")
        .replace(
            "passthroughBehavior: never",
            "passthroughBehavior: never\n        contentHandling: CONVERT_TO_TEXT",
        )
        .replacen(
            "statusCode: 200",
            "statusCode: 200\n            contentHandling: CONVERT_TO_TEXT",
            1,
        );
    assert!(everything.contains(template));
    let table = Recorder::new(
        200,
        &[("content-type", "application/x-amz-json-1.0")],
        r#"{"Items": [{"Id": {"S": "a"}}]}"#,
    );
    for (document, expected) in [
        (everything.clone(), r#"{"images": []}"#),
        (
            everything.replace(template, &careful),
            r#"{"images": ["a"]}"#,
        ),
        (
            include_str!("service_proxy.yaml").replace(template, &careful),
            r#"{"images": ["a"]}"#,
        ),
    ] {
        let response = support::api(&document)
            .unwrap()
            .handle(get("/v1/images?limit=1"), &KeyRing, &table)
            .await;
        assert_eq!((response.status.as_u16(), body(&response)), (200, expected));
    }
}
