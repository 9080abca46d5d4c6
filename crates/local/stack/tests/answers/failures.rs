//! Responses of the gateway itself: preflights, refusals, and services that do not respond.

use api_gateway::BackendError;
use http::Method;

use crate::gateway::{AUTHORIZATIONS, Gateway, Service, asked};

const UNEXPECTED: &str = "the storage did not respond, or the object is over 10 MB: use Range";
const ROUTES: [(&str, &str); 6] = [
    ("/images", "GET,OPTIONS"),
    ("/images/a/b.jpg", "GET,PUT,DELETE,OPTIONS"),
    (
        "/uploads/a/b.jpg?uploadId=x&part=1",
        "GET,POST,PUT,PATCH,DELETE,OPTIONS",
    ),
    ("/labels/Cat", "GET,OPTIONS"),
    ("/thumbnails/256/a/b.jpg", "GET,HEAD,OPTIONS"),
    ("/originals/a/b.jpg", "GET,HEAD,OPTIONS"),
];

/// A service that must not be called.
fn nobody() -> Service {
    Service::comes_to(Err(BackendError::Timeout))
}

#[tokio::test]
async fn a_preflight_tells_pages_what_they_may_do() {
    let headers = "Authorization,Content-Type,If-None-Match,If-Range,Range,X-Amz-Content-Sha256,X-Amz-Date,\
                   X-Amz-Security-Token,X-Api-Key";
    for authorization in AUTHORIZATIONS {
        let gateway = Gateway::shared(authorization);
        for (path, methods) in ROUTES {
            let reply = gateway.ask(&format!("OPTIONS {path}"), &nobody()).await;
            let told = [
                ("access-control-allow-methods", methods),
                ("access-control-allow-headers", headers),
                ("access-control-max-age", "600"),
            ];
            reply.is(204, &told, "");
        }
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_not_the_clients_fault() {
    let gateway = Gateway::open();
    for (path, methods) in ROUTES {
        for method in methods.split(',').filter(|method| *method != "OPTIONS") {
            let method: Method = method.parse().unwrap();
            for error in [
                BackendError::Timeout,
                BackendError::Connection("refused".into()),
                BackendError::TooLarge,
                BackendError::Role("arn:x".to_owned()),
            ] {
                let service = Service::comes_to(Err(error));
                let reply = gateway.ask(&format!("{method} {path}"), &service).await;
                reply.refuses(&method, 502, UNEXPECTED);
            }
        }
    }
}

#[tokio::test]
async fn whoever_may_not_call_is_told_no_more_than_that() {
    for authorization in &AUTHORIZATIONS[1..] {
        let gateway = Gateway::shared(authorization);
        for (path, methods) in ROUTES {
            for method in methods.split(',').filter(|method| *method != "OPTIONS") {
                let reply = gateway.ask(&format!("{method} {path}"), &nobody()).await;
                reply.refuses(&method.parse().unwrap(), 403, "Forbidden");
            }
        }
    }
}

#[tokio::test]
async fn what_the_api_does_not_take_is_said_in_json() {
    let gateway = Gateway::open();
    let unknown = gateway.ask("GET /nothing", &nobody()).await;
    unknown.refuses(&Method::GET, 403, "Missing Authentication Token");
    let other_type = "send Content-Type: application/json, or none";
    let scan = asked("GET /images", &[("content-type", "text/plain")], "{}");
    let untemplated = gateway.send(scan, &nobody()).await;
    untemplated.refuses(&Method::GET, 415, other_type);
    let preflight = asked("OPTIONS /images", &[("content-type", "text/plain")], "{}");
    let untemplated = gateway.send(preflight, &nobody()).await;
    untemplated.refuses(&Method::OPTIONS, 415, other_type);
}
