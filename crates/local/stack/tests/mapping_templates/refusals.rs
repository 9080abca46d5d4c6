//! Responses of the gateway itself: preflights and gateway responses.

use http::Method;

use crate::draw::Draw;
use crate::exchange::{BackEndResponse, Sent, World, same};
use crate::lists::get;

/// A request for the record of the draw's key.
fn record(draw: &Draw) -> Sent {
    get(&format!("/images/{}", draw.greedy()), draw, &[])
}

/// A preflight needs no back end, and fails with a type that has no template.
pub fn preflight(world: &World, draw: &Draw, path: &str) -> Result<(), String> {
    let path = path
        .replace("{key+}", &draw.greedy())
        .replace("{name}", &draw.segment())
        .replace("{size}", &draw.size_segment());
    let mut sent = get(&path, draw, &[]);
    sent.method = Method::OPTIONS;
    let typed = Sent {
        headers: vec![("content-type", "text/plain".to_owned())],
        ..sent.clone()
    };
    let exchange = world.play(&typed, &BackEndResponse::TimesOut);
    exchange.called_nobody()?;
    exchange.refused(415, OTHER_TYPE)?;
    let exchange = world.play(&sent, &BackEndResponse::TimesOut);
    exchange.called_nobody()?;
    same("the status", &exchange.response.status.as_u16(), &204)?;
    let origin = exchange.response.headers.get("access-control-allow-origin");
    same(
        "the origin",
        &origin.and_then(|origin| origin.to_str().ok()),
        &Some("*"),
    )
}

/// Paths and methods without a route.
pub fn default_4xx(world: &World, draw: &Draw) -> Result<(), String> {
    let refused = |sent: &Sent, status: u16, message: &str| {
        let exchange = world.play(sent, &BackEndResponse::TimesOut);
        exchange.called_nobody()?;
        exchange.refused(status, message)
    };
    let lost = get(&format!("/nowhere/{}", draw.greedy()), draw, &[]);
    refused(&lost, 403, "Missing Authentication Token")?;
    let posted = Sent {
        method: Method::POST,
        ..record(draw)
    };
    refused(&posted, 403, "Missing Authentication Token")?;
    let malformed = get(&format!("/images/{}%", draw.greedy()), draw, &[]);
    refused(&malformed, 400, "Bad Request")?;
    Ok(())
}

const OTHER_TYPE: &str = "send Content-Type: application/json, or none";

/// With a type that has no template, the body would be passed to DynamoDB as a request.
pub fn other_type(world: &World, draw: &Draw) -> Result<(), String> {
    for path in [
        "/images".to_owned(),
        record(draw).target,
        format!("/labels/{}", draw.segment()),
    ] {
        let visible: String = draw.noise.chars().filter(|c| !c.is_control()).collect();
        let typed = Sent {
            headers: vec![("content-type", format!("application/x-{visible}"))],
            body: b"{\"TableName\": \"another\"}".to_vec(),
            ..get(&path, draw, &[])
        };
        let exchange = world.play(&typed, &BackEndResponse::TimesOut);
        exchange.called_nobody()?;
        exchange.refused(415, OTHER_TYPE)?;
    }
    Ok(())
}

const UNEXPECTED: &str = "the storage did not respond, or the object is over 10 MB: use Range";

/// No response, none in time, one that no integration response expects, or one that its template cannot read.
pub fn default_5xx(world: &World, draw: &Draw) -> Result<(), String> {
    let body = draw.service_text.clone().into_bytes();
    for reply in [
        BackEndResponse::TimesOut,
        BackEndResponse::HangsUp,
        BackEndResponse::Other(200, b"<html>".to_vec()),
        BackEndResponse::Other(200, b"{\"Item\": ".to_vec()),
        BackEndResponse::Other(200, vec![0xff; 9]),
    ] {
        for sent in [record(draw), get("/images", draw, &[])] {
            world.play(&sent, &reply).refused(502, UNEXPECTED)?;
        }
    }
    let head = Sent {
        method: Method::HEAD,
        ..get(&format!("/originals/{}", draw.greedy()), draw, &[])
    };
    for status in [100, 201, 301, 418, 500, 599] {
        let exchange = world.play(&head, &BackEndResponse::Other(status, body.clone()));
        same("the status", &exchange.response.status.as_u16(), &502)?;
    }
    Ok(())
}

/// AWS's own message names the caller and the method by ARN.
pub fn denied(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = world.denied(&Sent {
        // With signatures, long paths get another response.
        target: "/images".to_owned(),
        ..record(draw)
    });
    exchange.called_nobody()?;
    exchange.refused(403, "Forbidden")
}
