//! Uploads in parts: each method is one multipart operation of S3.

use http::Method;
use serde_json::json;

use crate::gateway::{Gateway, Reply, Service, asked};
use crate::uploads::{BROKEN, MALFORMED, THROTTLED, UNUSABLE_KEY};

const NO_UPLOAD: &str = "no such upload";
const PART_RULE: &str =
    "part must be a whole number from 1 to 1,000, and uploadId what POST returned";
const PARTS_RULE: &str = "parts must be all parts in order, each with the part and etag of its PUT, and of 5 MB or \
                          more but for the last";
const ETAG: &str = "0123456789abcdef0123456789abcdef";
/// A key as it is sent, and as it is.
const KEY: (&str, &str) = (
    "pets/it%27s%20%22q%22%2Bc+%5C%C3%A5.jpg",
    "pets/it's \"q\"+c+\\å.jpg",
);

/// The methods of the route.
fn methods() -> [Method; 5] {
    [
        Method::POST,
        Method::PUT,
        Method::GET,
        Method::PATCH,
        Method::DELETE,
    ]
}

/// A request that S3 would carry out, for a key as it is sent.
async fn send(method: &Method, key: &str, service: &Service) -> Reply {
    let (query, body) = match *method {
        Method::POST => ("", String::new()),
        Method::PUT => ("?uploadId=u-1&part=7", "bytes".to_owned()),
        Method::PATCH => ("?uploadId=u-1", completion()),
        _ => ("?uploadId=u-1", String::new()),
    };
    let request = format!("{method} /uploads/{key}{query}");
    Gateway::open()
        .send(asked(&request, &[], body), service)
        .await
}

fn completion() -> String {
    json!({"parts": [{"part": 7, "etag": ETAG}]}).to_string()
}

#[tokio::test]
async fn each_method_is_one_operation_of_one_role() {
    let gateway = Gateway::open();
    let hostile = [
        ("content-type", "image/png"),
        ("x-amz-copy-source", "/raw/other"),
        ("x-amz-acl", "public-read"),
        ("if-none-match", "*"),
        ("range", "bytes=0-1"),
    ];
    for (method, role, calls, query) in [
        (
            Method::POST,
            "ApiMultipartUploadRole",
            Method::POST,
            "uploads",
        ),
        (
            Method::PUT,
            "ApiMultipartUploadRole",
            Method::PUT,
            "partNumber=7&uploadId=u%2F1",
        ),
        (
            Method::GET,
            "ApiListPartsRole",
            Method::GET,
            "uploadId=u%2F1",
        ),
        (
            Method::DELETE,
            "ApiAbortUploadRole",
            Method::DELETE,
            "uploadId=u%2F1",
        ),
    ] {
        let service = Service::answers(200, &[], "");
        let request = format!(
            "{method} /uploads/{}?uploadId=u/1&part=7&acl&versionId=1&partNumber=9&tagging",
            KEY.0
        );
        let request = asked(&request, &hostile, vec![0xff, 0]);
        let _ = gateway.send(request, &service).await;
        let (asked_as, target) = service.asked();
        assert_eq!(asked_as, gateway.role(role), "{method}");
        assert_eq!(target.method, calls, "{method}");
        assert_eq!(target.path, format!("/raw/{}", KEY.0), "{method}");
        assert_eq!(target.query, query, "{method}");
        let sent: Vec<_> = target.headers.iter().collect();
        // A GET has no body, and so no type.
        if method == Method::GET {
            assert_eq!((target.body.len(), sent.len()), (0, 0), "{sent:?}");
        } else {
            assert_eq!(target.body[..], [0xff, 0], "{method}");
            assert_eq!(sent.len(), 1, "{method}: {sent:?}");
            assert_eq!(target.headers["content-type"], "image/png", "{method}");
        }
    }
}

#[tokio::test]
async fn a_completion_is_sent_as_xml() {
    let gateway = Gateway::open();
    let part =
        |number: u32| format!("<Part><PartNumber>{number}</PartNumber><ETag>{ETAG}</ETag></Part>");
    let whole = |parts: &str| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let quoted = format!("\"{ETAG}\"");
    let list = |number: u32, etag: &str| json!({"parts": [{"part": number, "etag": etag}]});
    let refused = "<CompleteMultipartUpload/>".to_owned();
    for (body, expected) in [
        (list(1, ETAG).to_string(), whole(&part(1))),
        (list(1000, &quoted).to_string(), whole(&part(1000))),
        // What GET lists, in either order of the names.
        (
            format!(
                "{{ \"parts\": [\n{{\"part\": 1, \"etag\": \"{ETAG}\", \"bytes\": 5242880}},\
                 {{\"bytes\": 1, \"etag\": \"{ETAG}\", \"part\": 2}} ] }}"
            ),
            whole(&(part(1) + &part(2))),
        ),
        (list(0, ETAG).to_string(), refused.clone()),
        (list(1001, ETAG).to_string(), refused.clone()),
        (list(1, "</ETag><ETag>").to_string(), refused.clone()),
        (r#"{"parts":[]}"#.to_owned(), refused.clone()),
        (
            list(1, ETAG).to_string().replace('[', "[,"),
            refused.clone(),
        ),
        (
            list(1, ETAG).to_string().replace(']', ",]"),
            refused.clone(),
        ),
        (
            list(1, ETAG).to_string().replace(']', "}]"),
            refused.clone(),
        ),
        (
            list(1, ETAG).to_string() + &" ".repeat(250_000),
            refused.clone(),
        ),
        ("{".to_owned(), refused.clone()),
        (whole(&part(1)), refused),
    ] {
        let service = Service::s3_error(400, "MalformedXML", &Method::PATCH);
        let request = "PATCH /uploads/a.jpg?uploadId=u-1&partNumber=1&acl";
        let _ = gateway.send(asked(request, &[], body), &service).await;
        let (asked_as, target) = service.asked();
        assert_eq!(asked_as, gateway.role("ApiMultipartUploadRole"));
        assert_eq!(target.method, Method::POST);
        assert_eq!(
            (target.path.as_str(), target.query.as_str()),
            ("/raw/a.jpg", "uploadId=u-1")
        );
        let xml = std::str::from_utf8(&target.body).unwrap();
        assert_eq!(xml.trim_end(), expected);
        assert_eq!(target.headers["content-type"], "application/xml");
    }
}

#[tokio::test]
async fn an_upload_begins_with_its_id() {
    let xml = "<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult><Bucket>raw</Bucket><Key>k</Key>\
               <UploadId>2~a.B_c-1</UploadId></InitiateMultipartUploadResult>";
    let service = Service::answers(200, &[("content-type", "application/xml")], xml);
    let reply = send(&Method::POST, KEY.0, &service).await;
    let begun = json!({"key": KEY.1, "uploadId": "2~a.B_c-1"});
    reply.is_json(201, &[], &begun);
}

#[tokio::test]
async fn a_part_is_acknowledged_with_its_tag() {
    let tag = format!("\"{ETAG}\"");
    for part in [1, 9, 10, 99, 100, 999, 1000] {
        let service = Service::answers(200, &[("etag", &tag)], "");
        let request = format!("PUT /uploads/a.jpg?uploadId=u-1&part={part}");
        let reply = Gateway::open().ask(&request, &service).await;
        reply.is_json(200, &[("etag", &tag)], &json!({ "part": part }));
    }
    // S3 takes 10,000 parts, of which GET could not list all.
    for part in ["0", "01", "1001", "10000", "-1", "1.5", "x", "%D9%A1"] {
        let service = Service::answers(200, &[], "");
        let request = format!("PUT /uploads/a.jpg?uploadId=u-1&part={part}");
        let reply = Gateway::open().ask(&request, &service).await;
        reply.refuses(&Method::PUT, 400, PART_RULE);
    }
}

#[tokio::test]
async fn stored_parts_are_listed() {
    let stored = |part: usize, quote: &str| {
        format!(
            "<Part><PartNumber>{part}</PartNumber><LastModified>2026-11-22T13:00:00.000Z</LastModified>\
             <ETag>{quote}{ETAG}{quote}</ETag><Size>{}</Size></Part>",
            part * 7
        )
    };
    for (count, quote) in [
        (0, ""),
        (1, ""),
        (1, "\""),
        (2, "&quot;"),
        (3, "&#34;"),
        (1000, "&quot;"),
    ] {
        let parts: String = (1..=count).map(|part| stored(part, quote)).collect();
        let xml = format!(
            "<?xml version=\"1.0\"?>\n<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Initiator><ID>arn:aws:iam::1:x</ID></Initiator>{parts}</ListPartsResult>"
        );
        let service = Service::answers(200, &[("content-type", "application/xml")], xml);
        let reply = send(&Method::GET, KEY.0, &service).await;
        let parts: Vec<_> = (1..=count)
            .map(|part| json!({"part": part, "etag": ETAG, "bytes": part * 7}))
            .collect();
        let listed = json!({"key": KEY.1, "uploadId": "u-1", "parts": parts});
        reply.is_json(200, &[], &listed);
    }
}

#[tokio::test]
async fn a_completed_upload_is_acknowledged() {
    // S3 sends white space while it works, so as to keep the connection.
    let xml = " \n \n<?xml version=\"1.0\"?>\n<CompleteMultipartUploadResult><Bucket>raw</Bucket><Key>k</Key>\
               <ETag>e</ETag></CompleteMultipartUploadResult>";
    let service = Service::answers(200, &[("content-type", "application/xml")], xml);
    let reply = send(&Method::PATCH, KEY.0, &service).await;
    reply.is_json(200, &[], &json!({"key": KEY.1}));
}

#[tokio::test]
async fn an_aborted_upload_is_acknowledged() {
    let service = Service::answers(204, &[("x-amz-request-id", "1")], "");
    let reply = send(&Method::DELETE, KEY.0, &service).await;
    reply.is(204, &[], "");
}

/// `CompleteMultipartUpload` may fail after it has sent 200 (the reference of the operation says so, and that the error
/// is in the body). A result of another operation is no success either.
#[tokio::test]
async fn a_failure_under_status_200_is_no_success() {
    for method in [Method::POST, Method::GET, Method::PATCH] {
        for code in ["InternalError", "SlowDown", "NoSuchUpload"] {
            let service = Service::s3_error(200, code, &method);
            let reply = send(&method, "a.jpg", &service).await;
            reply.refuses(&method, 502, BROKEN);
        }
        let listed = "<ListBucketResult><Contents><Key>secret</Key></Contents></ListBucketResult>";
        let service = Service::answers(200, &[("content-type", "application/xml")], listed);
        let reply = send(&method, "a.jpg", &service).await;
        reply.refuses(&method, 502, BROKEN);
    }
}

/// What a client gets for each of S3's errors.
fn told(method: &Method, code: &str) -> (u16, &'static str) {
    let begins = *method == Method::POST;
    match code {
        "KeyTooLongError" | "InvalidURI" => (400, MALFORMED),
        "SignatureDoesNotMatch" => (400, UNUSABLE_KEY),
        "SlowDown" | "ServiceUnavailable" => (503, THROTTLED),
        "InvalidArgument" if *method == Method::PUT => (400, PART_RULE),
        "NoSuchUpload" | "InvalidArgument" if !begins => (404, NO_UPLOAD),
        "EntityTooSmall" | "InvalidPart" | "InvalidPartOrder" | "MalformedXML"
            if *method == Method::PATCH =>
        {
            (400, PARTS_RULE)
        }
        _ => (502, BROKEN),
    }
}

#[tokio::test]
async fn errors_of_s3_are_told_apart() {
    for method in methods() {
        for (status, code) in [
            (301, "PermanentRedirect"),
            (400, "AuthorizationHeaderMalformed"),
            (400, "EntityTooSmall"),
            (400, "InvalidArgument"),
            (400, "InvalidPart"),
            (400, "InvalidPartOrder"),
            (400, "InvalidRequest"),
            (400, "InvalidURI"),
            (400, "KeyTooLongError"),
            (400, "MalformedXML"),
            (400, "RequestTimeout"),
            (403, "AccessDenied"),
            (403, "SignatureDoesNotMatch"),
            (404, "NoSuchBucket"),
            (404, "NoSuchKey"),
            (404, "NoSuchUpload"),
            (405, "MethodNotAllowed"),
            (409, "OperationAborted"),
            (412, "PreconditionFailed"),
            (500, "InternalError"),
            (503, "ServiceUnavailable"),
            (503, "SlowDown"),
        ] {
            let service = Service::s3_error(status, code, &method);
            let reply = send(&method, "a.jpg", &service).await;
            let (status, message) = told(&method, code);
            reply.refuses(&method, status, message);
        }
    }
}

/// S3 takes an upload for the object itself where `uploadId` is missing.
#[tokio::test]
async fn without_its_parameters_s3_is_not_asked() {
    for (method, required) in [
        (Method::PUT, &["uploadId", "part"][..]),
        (Method::GET, &["uploadId"]),
        (Method::PATCH, &["uploadId"]),
        (Method::DELETE, &["uploadId"]),
    ] {
        for missing in required {
            for value in [None, Some(""), Some("%20")] {
                let query: String = required
                    .iter()
                    .filter_map(|name| match value {
                        _ if name != missing => Some(format!("{name}=1&")),
                        Some(value) => Some(format!("{name}={value}&")),
                        None => None,
                    })
                    .collect();
                let service = Service::answers(200, &[], "");
                let request = format!("{method} /uploads/a.jpg?{query}");
                let reply = Gateway::open()
                    .send(asked(&request, &[], completion()), &service)
                    .await;
                let message = format!("Missing required request parameters: [{missing}]");
                reply.refuses(&method, 400, &message);
                assert!(service.idle(), "{method} {query}");
            }
        }
    }
}
