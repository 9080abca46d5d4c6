//! The routes of one picture: its record in the table, its bytes in the buckets.

use api_gateway::Service;
use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::draw::{Draw, queried};
use crate::exchange::{Answer, Exchange, Sent, World, same};
use crate::lists::{BUSY, FAILED, REFUSALS, asked, get, refusal};

const MALFORMED: &str = "the key must be 1 to 1,000 bytes of percent-encoded UTF-8";
pub const NO_PICTURE: &str = "no such picture";
/// Bytes of the longest key.
const LONGEST: usize = 1000;

pub fn record_request(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = record(world, draw, &Answer::Json(200, json!({})));
    let expected = json!({
        "TableName": world.shipped.image_table,
        "Key": {"Id": {"S": draw.text()}},
        "ConsistentRead": true,
    });
    same(
        "what was asked",
        &asked(world, &exchange, "GetItem")?,
        &expected,
    )
}

fn record(world: &World, draw: &Draw, answer: &Answer) -> Exchange {
    world.play(
        &get(&format!("/images/{}", draw.greedy()), draw, &[]),
        answer,
    )
}

pub fn record_200(world: &World, draw: &Draw) -> Result<(), String> {
    let analysis =
        json!({"status": "done", "labels": [{"name": draw.said, "parents": [draw.noise]}]});
    let thumbnails = json!({"status": "pending"});
    let at = "2026-11-22T13:00:00.000Z";
    let item = json!({
        "Id": {"S": draw.text()}, "UploadedAt": {"S": at}, "Bytes": {"N": "1234567"},
        "Analysis": {"S": analysis.to_string()}, "Thumbnails": {"S": thumbnails.to_string()},
        "Sequencer": {"S": draw.said},
    });
    let found = record(world, draw, &Answer::Json(200, json!({ "Item": item })));
    if std::str::from_utf8(&draw.key).is_err() {
        // The table was asked for the nearest text, which is another picture's key.
        return found.refused(404, NO_PICTURE);
    }
    found.answered(
        200,
        &json!({"key": draw.text(), "uploadedAt": at, "bytes": 1_234_567, "analysis": analysis, "thumbnails": thumbnails}),
    )?;
    let mut deleted = item;
    deleted["Deleted"] = json!({"BOOL": true});
    for answer in [json!({}), json!({ "Item": deleted })] {
        record(world, draw, &Answer::Json(200, answer)).refused(404, NO_PICTURE)?;
    }
    Ok(())
}

pub fn record_400(world: &World, draw: &Draw) -> Result<(), String> {
    for (kind, busy) in REFUSALS {
        let exchange = record(world, draw, &refusal(kind, draw));
        if draw.key.len() > LONGEST {
            exchange.refused(404, NO_PICTURE)?;
        } else if *busy {
            exchange.refused(503, BUSY)?;
        } else {
            exchange.refused(502, FAILED)?;
        }
    }
    Ok(())
}

/// A route to a bucket.
pub struct Route {
    method: Method,
    path: &'static str,
    role: &'static str,
}

impl Route {
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Sends it, and makes sure that it asked for the one object that it names and for nothing else of it.
    fn play(&self, world: &World, draw: &Draw, answer: &Answer) -> Result<Exchange, String> {
        let (bucket, path, key) = if self.path == "thumbnails" {
            let path = format!("{}/{}", draw.size_segment(), draw.greedy());
            let key = [&draw.size, &b"/"[..], &draw.key].concat();
            (&world.shipped.thumbnail_bucket, path, key)
        } else {
            (&world.shipped.raw_bucket, draw.greedy(), draw.key.clone())
        };
        let noise = queried(&draw.noise);
        let visible: String = draw.noise.chars().filter(|c| !c.is_control()).collect();
        let sends_body = self.method == Method::PUT;
        let sent = Sent {
            method: self.method.clone(),
            target: format!(
                "/{}/{path}?key={noise}&size={noise}&acl&versionId={noise}&{noise}",
                self.path
            ),
            headers: vec![
                ("content-type", "image/png".to_owned()),
                ("if-none-match", format!("\"{visible}\"")),
                ("x-amz-copy-source", "/another/secret".to_owned()),
                ("x-amz-acl", "public-read".to_owned()),
                ("key", visible.clone()),
            ],
            body: if sends_body {
                draw.noise.clone().into_bytes()
            } else {
                Vec::new()
            },
        };
        let exchange = world.play(&sent, answer);
        let (role, target) = exchange.call()?;
        same("the role", &role, &world.shipped.role(self.role))?;
        same("the service", &target.service, &Service::S3)?;
        same("the method", &target.method, &self.method)?;
        same("the query", &target.query.as_str(), &"")?;
        let allowed: &[&str] = match self.path {
            "images" => &["content-type"],
            _ => &["if-none-match"],
        };
        for (name, value) in &target.headers {
            if !allowed.contains(&name.as_str()) {
                return Err(format!("S3 got a header {name}"));
            }
            if *name == "if-none-match" {
                same(
                    "If-None-Match",
                    &value.as_bytes(),
                    &format!("\"{visible}\"").as_bytes(),
                )?;
            }
        }
        if target.path.contains(['?', '#', ' ']) || !target.path.is_ascii() {
            return Err(format!("the path {}", target.path));
        }
        let spaced = target.path.replace('+', " ");
        let decoded: Vec<u8> = percent_decode_str(&spaced).collect();
        same(
            "the object",
            &decoded,
            &[b"/", bucket.as_bytes(), b"/", key.as_slice()].concat(),
        )?;
        Ok(exchange)
    }
}

pub static PUT: Route = Route {
    method: Method::PUT,
    path: "images",
    role: "ApiUploadRole",
};
pub static DELETE: Route = Route {
    method: Method::DELETE,
    path: "images",
    role: "ApiUploadRole",
};
pub static GET_THUMBNAIL: Route = Route {
    method: Method::GET,
    path: "thumbnails",
    role: "ApiThumbnailsRole",
};
pub static HEAD_THUMBNAIL: Route = Route {
    method: Method::HEAD,
    path: "thumbnails",
    role: "ApiThumbnailsRole",
};
pub static GET_ORIGINAL: Route = Route {
    method: Method::GET,
    path: "originals",
    role: "ApiOriginalsRole",
};
pub static HEAD_ORIGINAL: Route = Route {
    method: Method::HEAD,
    path: "originals",
    role: "ApiOriginalsRole",
};

/// S3's way of saying no, with the client's own words in it.
pub fn xml(status: u16, code: &str, draw: &Draw) -> Answer {
    let escaped = draw
        .said
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    Answer::Xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{escaped}</Message><Key>{escaped}</Key><RequestId>R</RequestId></Error>"
        ),
    )
}

pub fn put_200(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = PUT.play(world, draw, &Answer::Other(200, Vec::new()))?;
    let (_, target) = exchange.call()?;
    same("the bytes", &target.body, &Bytes::from(draw.noise.clone()))?;
    if draw.key.len() > LONGEST {
        exchange.refused(400, MALFORMED)
    } else {
        exchange.answered(201, &json!({ "key": draw.text() }))
    }
}

/// What the route answers with when S3 refuses with `status` and `code`, whatever else S3 says.
pub fn answers(
    world: &World,
    draw: &Draw,
    route: &Route,
    answer: &Answer,
    (status, message): (u16, &str),
) -> Result<(), String> {
    let exchange = route.play(world, draw, answer)?;
    if route.is_head() {
        same("the body of HEAD", &exchange.response.body, &Bytes::new())?;
        return same("the status", &exchange.response.status.as_u16(), &status);
    }
    exchange.refused(status, message)
}

/// PUT and DELETE: a key that S3 refuses is the client's fault, nothing else is.
pub fn change_400(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    for (code, clients) in [
        ("KeyTooLongError", true),
        ("InvalidURI", true),
        ("InvalidRequest", false),
    ] {
        let told = if clients {
            (400, MALFORMED)
        } else {
            (502, FAILED)
        };
        answers(world, draw, route, &xml(400, code, draw), told)?;
    }
    Ok(())
}

/// GET: what can be no key is not there.
pub fn get_400(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    for (code, uri) in [("InvalidURI", true), ("InvalidRequest", false)] {
        let missing = uri || draw.key.len() > LONGEST;
        let told = if missing {
            (404, NO_PICTURE)
        } else {
            (502, FAILED)
        };
        answers(world, draw, route, &xml(400, code, draw), told)?;
    }
    Ok(())
}

/// HEAD: S3 says nothing of a reason.
pub fn head_400(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    let missing = draw.key.len() > LONGEST || draw.text().contains('\u{fffd}');
    let told = if missing {
        (404, NO_PICTURE)
    } else {
        (502, FAILED)
    };
    answers(world, draw, route, &Answer::Other(400, Vec::new()), told)
}
