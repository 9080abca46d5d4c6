//! Hostile requests: there is always a response, never a panic, and never a call to another bucket or action.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::LazyLock;

use api_gateway::Api;
use http::Method;
use proptest::prelude::*;
use support::{KeyRing, Recorder, request};

/// Sends a request; returns the status, and the path of the call to S3, if there was one.
fn play(
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, Option<String>) {
    static API: LazyLock<Api> =
        LazyLock::new(|| support::api(include_str!("service_proxy.yaml")).unwrap());
    let backend = Recorder::new(200, &[], "{}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let response =
        runtime.block_on(API.handle(request(method, target, headers, body), &KeyRing, &backend));
    let path = backend.calls().pop().map(|(_, target)| target.path);
    (response.status.as_u16(), path)
}

#[test]
fn paths_by_hand() {
    let long = format!("/v1/thumbnails/{}", "%e2%82%ac/".repeat(100_000));
    for path in [
        "",
        "/",
        "//",
        "/v1",
        "/v1/thumbnails/%",
        "/v1/thumbnails/%0",
        "/v1/thumbnails/%00",
        "/v1/thumbnails/%ff%fe",
        "/v1/thumbnails/\u{0}\r\nX: y",
        "/v1/thumbnails/../../raw/secret",
        "/v1/thumbnails/${context.apiId}{key}$!x",
        "*",
        "http://elsewhere/v1/images",
        &long,
    ] {
        let (_, asked) = play(Method::GET, path, &[], Vec::new());
        if let Some(asked) = asked {
            assert!(
                asked.starts_with("/thumbnails/") && asked.is_ascii(),
                "{asked}"
            );
            assert!(
                !asked.contains(['\r', '\n', '\0', '{', '}', ' ']),
                "{asked}"
            );
        }
    }
}

fn is_well_encoded(path: &str) -> bool {
    let digits =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    path.split('%').skip(1).all(digits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_path_gets_a_response(path in "\\PC{0,40}", query in "\\PC{0,40}") {
        let (status, _) = play(Method::GET, &format!("{path}?{query}"), &[], Vec::new());
        let before_query = path.split('?').next().unwrap();
        let expected = if is_well_encoded(before_query) { 403 } else { 400 };
        prop_assert_eq!(status, expected);
    }

    #[test]
    fn any_key_stays_in_its_bucket(key in "([a-z/.+%]|%[0-9a-fA-F]{2}|\\PC){1,60}") {
        // A `?` in a request line would begin the query.
        let key = key.replace('?', "%3F");
        let (status, asked) = play(Method::GET, &format!("/v1/thumbnails/{key}"), &[], Vec::new());
        let trimmed = key.trim_end_matches('/');
        match asked {
            None if !is_well_encoded(&key) => prop_assert_eq!(status, 400),
            None => prop_assert!(status == 403 && trimmed.is_empty(), "{status}"),
            Some(asked) => {
                prop_assert!(is_well_encoded(&key));
                prop_assert!(asked.starts_with("/thumbnails/") && asked.is_ascii());
                prop_assert!(!asked.contains(['?', '#', ' ']));
                let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
                prop_assert_eq!(decode(&asked), decode(&format!("/thumbnails/{trimmed}")));
            }
        }
    }

    #[test]
    fn any_header_and_body_gets_a_response(
        content_type in "[ -~]{0,20}",
        accept in "[ -~]{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        limit in "\\PC{0,20}",
    ) {
        let headers = [("content-type", content_type.as_str()), ("accept", &accept), ("authorization", "signed")];
        for (method, target) in [
            (Method::GET, format!("/v1/images?limit={limit}")),
            (Method::PUT, "/v1/images/k".to_owned()),
            (Method::OPTIONS, "/v1/images/k".to_owned()),
            (Method::HEAD, "/v1/thumbnails/k".to_owned()),
        ] {
            let (status, _) = play(method, &target, &headers, body.clone());
            prop_assert!((100..600).contains(&status));
        }
    }

    #[test]
    fn any_document_is_read_or_refused(text in "[-a-z0-9:{}\\[\\]'\" \n./+]{0,200}") {
        let _read_or_refused = support::api(&text);
    }
}
