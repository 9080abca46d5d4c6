//! The routes of one image: its record in the table, its bytes in the buckets.

use api_gateway::Service;
use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::draw::{Draw, queried};
use crate::exchange::{BackEndResponse, Exchange, Sent, World, same};
use crate::lists::{BUSY, FAILED, REFUSALS, asked, get, refusal};

pub const MALFORMED: &str = "the key must be at most 1,000 bytes of percent-encoded UTF-8";
pub const UNUSABLE: &str =
    "this API cannot use the key, as when it has a + in it; use another key, or S3 directly";
pub const NO_IMAGE: &str = "no such image";
pub const NO_THUMBNAIL: &str = "no such thumbnail";
/// Bytes of the longest key that S3 takes.
const MAX_KEY_LENGTH: usize = 1024;

pub fn record_request(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = record(world, draw, &BackEndResponse::Json(200, json!({})));
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

fn record(world: &World, draw: &Draw, reply: &BackEndResponse) -> Exchange {
    world.play(
        &get(&format!("/images/{}", draw.greedy()), draw, &[]),
        reply,
    )
}

pub fn record_200(world: &World, draw: &Draw) -> Result<(), String> {
    let analysis =
        json!({"status": "done", "labels": [{"name": draw.service_text, "parents": [draw.noise]}]});
    let thumbnails = json!({"status": "pending"});
    let at = "2026-11-22T13:00:00.000Z";
    let item = json!({
        "Id": {"S": draw.text()}, "UploadedAt": {"S": at}, "Bytes": {"N": "1234567"},
        "Analysis": {"S": analysis.to_string()}, "Thumbnails": {"S": thumbnails.to_string()},
        "Sequencer": {"S": draw.service_text},
    });
    let found = record(
        world,
        draw,
        &BackEndResponse::Json(200, json!({ "Item": item })),
    );
    if std::str::from_utf8(&draw.key).is_err() {
        // The table was asked for the nearest valid text, which is another image's key.
        return found.refused(404, NO_IMAGE);
    }
    found.responds(
        200,
        &json!({"key": draw.text(), "uploadedAt": at, "bytes": 1_234_567, "analysis": analysis, "thumbnails": thumbnails}),
    )?;
    let mut deleted = item;
    deleted["Deleted"] = json!({"BOOL": true});
    for reply in [json!({}), json!({ "Item": deleted })] {
        record(world, draw, &BackEndResponse::Json(200, reply)).refused(404, NO_IMAGE)?;
    }
    Ok(())
}

pub fn record_default(world: &World, draw: &Draw) -> Result<(), String> {
    for (kind, busy) in REFUSALS {
        let exchange = record(world, draw, &refusal(kind, draw));
        if draw.key.len() > MAX_KEY_LENGTH && kind.ends_with("ValidationException") {
            exchange.refused(404, NO_IMAGE)?;
        } else if *busy {
            exchange.refused(503, BUSY)?;
        } else {
            exchange.refused(502, FAILED)?;
        }
    }
    let broken = BackEndResponse::Json(500, json!({"__type": "InternalServerError"}));
    record(world, draw, &broken).refused(502, FAILED)?;
    for body in ["<html>", "", "null", "{"] {
        let reply = BackEndResponse::Other(503, body.as_bytes().to_vec());
        let status = record(world, draw, &reply).response.status.as_u16();
        same("the status", &status, &502)?;
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
    /// Sends it, and checks that the request to S3 was for the object that it names, with nothing else from the client.
    fn play(
        &self,
        world: &World,
        draw: &Draw,
        reply: &BackEndResponse,
    ) -> Result<Exchange, String> {
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
                ("if-range", format!("\"{visible}\"")),
                ("range", format!("bytes={visible}")),
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
        let exchange = world.play(&sent, reply);
        let (role, target) = exchange.call()?;
        same("the role", &role, &world.shipped.role(self.role))?;
        same("the service", &target.service, &Service::S3)?;
        same("the method", &target.method, &self.method)?;
        same("the query", &target.query.as_str(), &"")?;
        let allowed: &[&str] = match self.path {
            "images" => &["content-type"],
            _ => &["if-none-match", "if-range", "range"],
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
        // S3 refuses a plus, because it reads one as a space, so that the signature differs.
        let decoded: Vec<u8> = percent_decode_str(&target.path).collect();
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

/// An error of S3 that repeats the client's input.
pub fn xml(status: u16, code: &str, draw: &Draw) -> BackEndResponse {
    let escaped = draw
        .service_text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    BackEndResponse::Xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{escaped}</Message><Key>{escaped}</Key><RequestId>R</RequestId></Error>"
        ),
    )
}

pub fn put_200(world: &World, draw: &Draw) -> Result<(), String> {
    let exchange = PUT.play(world, draw, &BackEndResponse::Other(200, Vec::new()))?;
    let (_, target) = exchange.call()?;
    same("the bytes", &target.body, &Bytes::from(draw.noise.clone()))?;
    exchange.responds(201, &json!({ "key": draw.text() }))
}

/// What a client gets when S3 returns an error, which depends on S3's code only.
pub fn refused(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    let key = match (&route.method, route.path) {
        (&Method::PUT | &Method::DELETE, _) => (400, MALFORMED),
        (_, "thumbnails") => (404, NO_THUMBNAIL),
        _ => (404, NO_IMAGE),
    };
    let missing = if key.0 == 404 { key } else { (502, FAILED) };
    for (status, code, expected) in [
        (400, "KeyTooLongError", key),
        (400, "InvalidURI", key),
        (400, "InvalidRequest", (502, FAILED)),
        (403, "AccessDenied", (502, FAILED)),
        (403, "SignatureDoesNotMatch", (400, UNUSABLE)),
        (404, "NoSuchKey", missing),
        (404, "NoSuchBucket", (502, FAILED)),
        (500, "InternalError", (502, FAILED)),
        (503, "ServiceUnavailable", (503, BUSY)),
        (503, "SlowDown", (503, BUSY)),
    ] {
        let exchange = route.play(world, draw, &xml(status, code, draw))?;
        exchange.refused(expected.0, expected.1)?;
    }
    Ok(())
}

/// A range beyond the object.
pub fn range_refused(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    let exchange = route.play(world, draw, &xml(416, "InvalidRange", draw))?;
    exchange.refused(416, "the range is beyond the object")
}

/// HEAD: S3 gives no reason, so the key decides.
pub fn head_refused(world: &World, draw: &Draw, route: &Route) -> Result<(), String> {
    let mut whole = draw.key.clone();
    if route.path == "thumbnails" {
        whole = [&draw.size, &b"/"[..], &draw.key].concat();
    }
    let text = String::from_utf8_lossy(&whole);
    let path = if route.path == "thumbnails" {
        format!("{}/{}", draw.size_segment(), draw.greedy())
    } else {
        draw.greedy()
    };
    let status = if whole.len() > MAX_KEY_LENGTH || text.contains('\u{fffd}') {
        404
    } else if path.contains('+') || path.to_ascii_lowercase().contains("%2b") {
        400
    } else {
        502
    };
    for responds in [400, 403] {
        let exchange = route.play(world, draw, &BackEndResponse::Other(responds, Vec::new()))?;
        same("the body of HEAD", &exchange.response.body, &Bytes::new())?;
        same("the status", &exchange.response.status.as_u16(), &status)?;
    }
    Ok(())
}
