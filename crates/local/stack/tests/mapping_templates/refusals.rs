//! What the gateway answers by itself: preflights, and refusals of its own.

use http::Method;

use crate::draw::Draw;
use crate::exchange::{Answer, Exchange, Sent, World, same};
use crate::lists::{FAILED, get};

/// A request for the record of the draw's key.
fn record(draw: &Draw) -> Sent {
    get(&format!("/images/{}", draw.greedy()), draw, &[])
}

/// A preflight is answered without asking anyone.
pub fn preflight(world: &World, draw: &Draw, path: &str) -> Result<(), String> {
    let path = path
        .replace("{key+}", &draw.greedy())
        .replace("{name}", &draw.segment())
        .replace("{size}", &draw.size_segment());
    let mut sent = get(&path, draw, &[]);
    sent.method = Method::OPTIONS;
    let exchange = world.play(&sent, &Answer::TimesOut);
    exchange.called_nobody()?;
    same("the status", &exchange.response.status.as_u16(), &204)?;
    let origin = exchange.response.headers.get("access-control-allow-origin");
    same(
        "the origin",
        &origin.and_then(|origin| origin.to_str().ok()),
        &Some("*"),
    )
}

/// What no route is for, and what no route takes.
pub fn default_4xx(world: &World, draw: &Draw) -> Result<(), String> {
    let refused = |sent: &Sent, status: u16, message: &str| {
        let exchange = world.play(sent, &Answer::TimesOut);
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
    // A type without a template would let the body through as a request to DynamoDB.
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
        refused(&typed, 415, "Unsupported Media Type")?;
    }
    Ok(())
}

/// Nothing here makes the gateway answer with `DEFAULT_5XX` itself: it is to say the same as `DEFAULT_4XX`.
pub fn default_5xx(world: &World, _: &Draw) -> Result<(), String> {
    let templates = world.shipped.templates();
    let of = |name: &str| templates.get(&format!("{name} application/json"));
    same("DEFAULT_5XX", &of("DEFAULT_5XX"), &of("DEFAULT_4XX"))
}

/// Statuses and bodies that no service is known to give.
pub fn unexpected(world: &World, draw: &Draw) -> Result<(), String> {
    let said = draw.said.clone().into_bytes();
    for status in [100, 201, 301, 403, 418, 500, 599] {
        world
            .play(&record(draw), &Answer::Other(status, said.clone()))
            .refused(502, FAILED)?;
    }
    for body in [b"<html>".to_vec(), b"{\"Item\": ".to_vec(), vec![0xff; 9]] {
        world
            .play(&record(draw), &Answer::Other(200, body))
            .refused(502, FAILED)?;
    }
    Ok(())
}

fn unanswered(world: &World, draw: &Draw, answer: &Answer, message: &str) -> Result<(), String> {
    for sent in [record(draw), get("/images", draw, &[])] {
        let exchange: Exchange = world.play(&sent, answer);
        exchange.refused(502, message)?;
    }
    Ok(())
}

pub fn timeout(world: &World, draw: &Draw) -> Result<(), String> {
    unanswered(
        world,
        draw,
        &Answer::TimesOut,
        "the storage behind the API did not answer in time",
    )
}

pub fn failure(world: &World, draw: &Draw) -> Result<(), String> {
    unanswered(
        world,
        draw,
        &Answer::HangsUp,
        "the storage behind the API did not answer",
    )
}

/// AWS's own words name the caller and the method by ARN.
pub fn denied(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = world.denied(&Sent {
        // Behind a signature, long paths have their own answer.
        target: "/images".to_owned(),
        ..record(draw)
    });
    exchange.called_nobody()?;
    exchange.refused(403, "Forbidden")
}
