//! While the back ends work, no request gets 500 or above: one per cent of such responses raises an alarm that rolls a
//! deployment back.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use local_stack::Stack;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

const METHODS: [&str; 8] = [
    "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW",
];
const ROUTES: [&str; 9] = [
    "",
    "/",
    "/images",
    "/images/",
    "/labels/",
    "/uploads/",
    "/originals/",
    "/thumbnails/",
    "/thumbnails/256/",
];
const QUERIES: [&str; 12] = [
    "limit",
    "next",
    "uploadId",
    "part",
    "partNumber",
    "uploads",
    "versionId",
    "list-type",
    "acl",
    "response-content-type",
    "X-Amz-Signature",
    "x-id",
];
const HEADERS: [&str; 14] = [
    "Range",
    "If-None-Match",
    "If-Range",
    "If-Match",
    "If-Modified-Since",
    "Content-Type",
    "Content-MD5",
    "Content-Encoding",
    "Accept",
    "Authorization",
    "Cookie",
    "X-HTTP-Method-Override",
    "x-amz-copy-source",
    "x-amz-checksum-crc32",
];
const TEXTS: [&str; 24] = [
    "a",
    "256",
    "1",
    "0",
    "-1",
    "999999999999999999999999999999",
    ".",
    "..",
    "%2F",
    "%00",
    "%0D%0A",
    "%FF%FE",
    "%ED%A0%80",
    "%F0%9F%90%88",
    "%",
    "+",
    "%2B",
    "<img>",
    "\"",
    "'$context",
    "{}",
    "bytes=0-0",
    "bytes=9-1",
    "application/json",
];

/// Text that a client may put into a path, a query or a header: made of significant pieces, of any bytes, or long.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => vec(select(&TEXTS[..]), 0..4).prop_map(|texts| texts.concat().into_bytes()),
        2 => vec(0x21_u8..=0xff, 0..12),
        1 => vec(0_u8..=0xff, 0..12).prop_map(|bytes| {
            bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()
        }),
        1 => (900_usize..1_100).prop_map(|length| vec![b'k'; length]),
    ]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    (
        select(&METHODS[..]),
        select(&ROUTES[..]),
        vec(text(), 0..3),
        vec((select(&QUERIES[..]), text()), 0..4),
        vec((select(&HEADERS[..]), text()), 0..4),
        prop_oneof![
            vec(any::<u8>(), 0..200),
            Just(b"{\"parts\": [{\"part\": 1, \"etag\": \"x\"}]}".to_vec()),
        ],
    )
        .prop_map(|(method, route, path, queries, headers, body)| {
            let mut request = format!("{method} /v1{route}").into_bytes();
            request.extend(path.join(&b'/'));
            for (at, (name, value)) in queries.iter().enumerate() {
                request.extend(if at == 0 { b"?" } else { b"&" });
                request.extend(name.bytes().chain(*b"=").chain(value.iter().copied()));
            }
            request.extend(b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
            for (name, value) in &headers {
                request.extend(name.bytes().chain(*b": ").chain(value.iter().copied()));
                request.extend(b"\r\n");
            }
            request.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            request.extend(body);
            request
        })
}

fn status(address: &str, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    // A request may be refused before all of it was read.
    let _ = stream.write_all(request);
    let mut response = [0; 12];
    stream.read_exact(&mut response).ok()?;
    let response = std::str::from_utf8(&response).ok()?;
    response.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

#[test]
fn no_request_gets_500_or_above_while_the_back_ends_are_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = shipped::ephemeral(&[("ApiAuthorization", "NONE")]);
    let stack = runtime.block_on(Stack::start(&options)).unwrap();
    let address = stack.api_url.strip_prefix("http://").unwrap();
    let address = address.split('/').next().unwrap();
    let cases = std::env::var("PROPTEST_CASES").ok();
    let mut runner = TestRunner::new(Config {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(3000),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&request(), |request| {
            let status = status(address, &request);
            let shown = request.escape_ascii();
            prop_assert!(
                status.is_some_and(|status| (200..500).contains(&status)),
                "{status:?} for {shown}"
            );
            Ok(())
        })
        .unwrap();
}
