//! `/uploads/{key+}`: every method is one multipart operation of S3 and cannot become another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use api_gateway::Service;
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::draw::{Draw, queried};
use crate::exchange::{BackEndResponse, Exchange, Sent, World, same};
use crate::lists::{BUSY, FAILED};
use crate::objects::{MALFORMED, UNUSABLE, xml};

const NO_UPLOAD: &str = "no such upload";
const PART_RULE: &str =
    "part must be a whole number from 1 to 1,000, and uploadId what POST returned";
const PARTS_RULE: &str = "parts must be all parts in order, each with the part and etag of its PUT, and of 5 MB or more but for the last";
const ETAG: &str = "0123456789abcdef0123456789abcdef";

/// A method of the route, and the operation that it calls.
struct Operation {
    method: Method,
    role: &'static str,
    calls: Method,
}

const POST: Operation = Operation {
    method: Method::POST,
    role: "ApiMultipartUploadRole",
    calls: Method::POST,
};
const PUT: Operation = Operation {
    method: Method::PUT,
    role: "ApiMultipartUploadRole",
    calls: Method::PUT,
};
const GET: Operation = Operation {
    method: Method::GET,
    role: "ApiListPartsRole",
    calls: Method::GET,
};
const PATCH: Operation = Operation {
    method: Method::PATCH,
    role: "ApiMultipartUploadRole",
    calls: Method::POST,
};
const DELETE: Operation = Operation {
    method: Method::DELETE,
    role: "ApiAbortUploadRole",
    calls: Method::DELETE,
};

/// A hostile upload id from the draw; not blank, which the request validator refuses.
fn upload_id(draw: &Draw) -> String {
    format!("u{}", draw.service_text)
}

/// The body of a PATCH that completes an upload.
fn completion() -> Vec<u8> {
    json!({"parts": [{"part": 1, "etag": ETAG}]})
        .to_string()
        .into_bytes()
}

impl Operation {
    /// The parameters of the operation.
    fn parameters(&self, draw: &Draw) -> Vec<(&'static str, String)> {
        match self.method {
            Method::POST => vec![],
            Method::PUT => vec![("uploadId", upload_id(draw)), ("part", "7".to_owned())],
            _ => vec![("uploadId", upload_id(draw))],
        }
    }

    fn sent(&self, draw: &Draw, parameters: &[(&'static str, String)], body: Vec<u8>) -> Sent {
        let noise = queried(&draw.noise);
        let mut target = format!(
            "/uploads/{}?key={noise}&acl&versionId={noise}&partNumber=9&uploads",
            draw.greedy()
        );
        for (name, value) in parameters {
            write!(target, "&{name}={}", queried(value)).unwrap();
        }
        let json = self.method == Method::PATCH;
        let kind = if json {
            "application/json"
        } else {
            "image/png"
        };
        Sent {
            method: self.method.clone(),
            target,
            headers: vec![
                ("content-type", kind.to_owned()),
                ("x-amz-copy-source", "/another/secret".to_owned()),
                ("x-amz-acl", "public-read".to_owned()),
            ],
            body,
        }
    }

    /// Sends it, and checks that it called its operation on the object that it names.
    fn play(
        &self,
        world: &World,
        draw: &Draw,
        body: Vec<u8>,
        reply: &BackEndResponse,
    ) -> Result<Exchange, String> {
        let exchange = world.play(&self.sent(draw, &self.parameters(draw), body), reply);
        let (role, target) = exchange.call()?;
        same("the role", &role, &world.shipped.role(self.role))?;
        same("the service", &target.service, &Service::S3)?;
        same("the method", &target.method, &self.calls)?;
        let expected = match self.method {
            Method::POST => BTreeMap::from([("uploads".to_owned(), String::new())]),
            Method::PUT => BTreeMap::from([
                ("partNumber".to_owned(), "7".to_owned()),
                ("uploadId".to_owned(), upload_id(draw)),
            ]),
            _ => BTreeMap::from([("uploadId".to_owned(), upload_id(draw))]),
        };
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let query = target.query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        same("the query", &query.collect(), &expected)?;
        for (name, value) in &target.headers {
            let kind = if self.method == Method::PATCH {
                "application/xml"
            } else {
                "image/png"
            };
            same("a header", &name.as_str(), &"content-type")?;
            same("the type", &value.to_str().unwrap(), &kind)?;
        }
        let object: Vec<u8> = percent_decode_str(&target.path).collect();
        let bucket = world.shipped.raw_bucket.as_bytes();
        let expected = [b"/", bucket, b"/", draw.key.as_slice()].concat();
        same("the object", &object, &expected)?;
        Ok(exchange)
    }

    /// Checks the response to each of S3's errors, and that S3 is not called if a parameter is missing or blank.
    fn refused(&self, world: &World, draw: &Draw) -> Result<(), String> {
        let body = if self.method == Method::PATCH {
            completion()
        } else {
            Vec::new()
        };
        let failed = (502, FAILED);
        let no_upload = match self.method {
            Method::POST => failed,
            _ => (404, NO_UPLOAD),
        };
        let argument = match self.method {
            Method::POST => failed,
            Method::PUT => (400, PART_RULE),
            _ => (404, NO_UPLOAD),
        };
        let parts = match self.method {
            Method::PATCH => (400, PARTS_RULE),
            _ => failed,
        };
        for (status, code, expected) in [
            (400, "KeyTooLongError", (400, MALFORMED)),
            (400, "InvalidURI", (400, MALFORMED)),
            (400, "InvalidArgument", argument),
            (400, "EntityTooSmall", parts),
            (400, "InvalidPart", parts),
            (400, "InvalidPartOrder", parts),
            (400, "MalformedXML", parts),
            (400, "InvalidRequest", failed),
            (403, "AccessDenied", failed),
            (403, "SignatureDoesNotMatch", (400, UNUSABLE)),
            (404, "NoSuchUpload", no_upload),
            (404, "NoSuchBucket", failed),
            (500, "InternalError", failed),
            (503, "ServiceUnavailable", (503, BUSY)),
            (503, "SlowDown", (503, BUSY)),
        ] {
            let exchange = self.play(world, draw, body.clone(), &xml(status, code, draw))?;
            exchange.refused(expected.0, expected.1)?;
        }
        for (name, _) in self.parameters(draw) {
            for value in [None, Some(""), Some(" ")] {
                let mut parameters = self.parameters(draw);
                parameters.retain(|(known, _)| *known != name);
                parameters.extend(value.map(|value| (name, value.to_owned())));
                let sent = self.sent(draw, &parameters, body.clone());
                let exchange = world.play(&sent, &BackEndResponse::TimesOut);
                exchange.called_nobody()?;
                let message = format!("Missing required request parameters: [{name}]");
                exchange.refused(400, &message)?;
            }
        }
        Ok(())
    }
}

pub fn post_default(world: &World, draw: &Draw) -> Result<(), String> {
    POST.refused(world, draw)
}

pub fn put_default(world: &World, draw: &Draw) -> Result<(), String> {
    PUT.refused(world, draw)
}

pub fn get_default(world: &World, draw: &Draw) -> Result<(), String> {
    GET.refused(world, draw)
}

pub fn patch_default(world: &World, draw: &Draw) -> Result<(), String> {
    PATCH.refused(world, draw)
}

pub fn delete_default(world: &World, draw: &Draw) -> Result<(), String> {
    DELETE.refused(world, draw)
}

fn escaped(text: &str) -> String {
    let valid: String = text.chars().filter(|c| !c.is_control()).collect();
    valid
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A failure that S3 reports under status 200.
fn failure_inside_200(draw: &Draw) -> BackEndResponse {
    let BackEndResponse::Xml(_, text) = xml(200, "InternalError", draw) else {
        unreachable!("xml makes XML");
    };
    BackEndResponse::Xml(200, format!("  \n{text}"))
}

pub fn post_200(world: &World, draw: &Draw) -> Result<(), String> {
    let key = escaped(&draw.text());
    for (before, id) in [("", "abc.DEF_1-2"), (" \n\n  ", "2~x--")] {
        let text = format!(
            "{before}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        let exchange = POST.play(world, draw, Vec::new(), &BackEndResponse::Xml(200, text))?;
        exchange.responds(201, &json!({"key": draw.text(), "uploadId": id}))?;
    }
    let exchange = POST.play(world, draw, Vec::new(), &failure_inside_200(draw))?;
    exchange.refused(502, FAILED)
}

pub fn put_200(world: &World, draw: &Draw) -> Result<(), String> {
    let bytes = draw.noise.clone().into_bytes();
    let stored = BackEndResponse::Other(200, Vec::new());
    let exchange = PUT.play(world, draw, bytes.clone(), &stored)?;
    same("the bytes", &exchange.call()?.1.body.to_vec(), &bytes)?;
    exchange.responds(200, &json!({"part": 7}))?;
    for part in ["1", "10", "999", "1000"] {
        let parameters = [("uploadId", "u".to_owned()), ("part", part.to_owned())];
        let exchange = world.play(&PUT.sent(draw, &parameters, Vec::new()), &stored);
        let number: u32 = part.parse().unwrap();
        exchange.responds(200, &json!({ "part": number }))?;
    }
    let hostile = format!("1{}x", draw.service_text);
    for part in [
        "0", "01", "1001", "10000", "-1", "1.5", "1e2", "1 ", &hostile,
    ] {
        let parameters = [("uploadId", "u".to_owned()), ("part", part.to_owned())];
        let exchange = world.play(&PUT.sent(draw, &parameters, Vec::new()), &stored);
        exchange.refused(400, PART_RULE)?;
    }
    Ok(())
}

/// S3's list of `count` parts, with quotes encoded as `quote`.
fn listed(draw: &Draw, count: usize, quote: &str) -> String {
    let key = escaped(&draw.text());
    let mut text = format!(
        "\n <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><Key>{key}</Key><UploadId>{}</UploadId><Initiator><ID>arn:aws:iam::1:x</ID></Initiator><MaxParts>1000</MaxParts>",
        escaped(&upload_id(draw))
    );
    for part in 1..=count {
        write!(text, "<Part><PartNumber>{part}</PartNumber><LastModified>2026-11-22T13:00:00.000Z</LastModified><ETag>{quote}{ETAG}{quote}</ETag><Size>{}</Size></Part>", part * 7).unwrap();
    }
    text + "</ListPartsResult>"
}

pub fn get_200(world: &World, draw: &Draw) -> Result<(), String> {
    let most = if draw.text() == "a" { 1000 } else { 3 };
    for (count, quote) in [(0, ""), (1, "\""), (2, "&quot;"), (most, "&#34;")] {
        let reply = BackEndResponse::Xml(200, listed(draw, count, quote));
        let exchange = GET.play(world, draw, Vec::new(), &reply)?;
        let parts = (1..=count).map(|part| json!({"part": part, "etag": ETAG, "bytes": part * 7}));
        let parts: Vec<_> = parts.collect();
        let expected = json!({"key": draw.text(), "uploadId": upload_id(draw), "parts": parts});
        exchange.responds(200, &expected)?;
    }
    let exchange = GET.play(world, draw, Vec::new(), &failure_inside_200(draw))?;
    exchange.refused(502, FAILED)
}

pub fn patch_200(world: &World, draw: &Draw) -> Result<(), String> {
    let key = escaped(&draw.text());
    let text = format!(
        " \n <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>{key}</Key><ETag>e</ETag></CompleteMultipartUploadResult>"
    );
    let exchange = PATCH.play(world, draw, completion(), &BackEndResponse::Xml(200, text))?;
    exchange.responds(200, &json!({"key": draw.text()}))?;
    let exchange = PATCH.play(world, draw, completion(), &failure_inside_200(draw))?;
    exchange.refused(502, FAILED)
}

/// The XML that S3 gets, which is empty if the JSON is not a list of parts.
pub fn patch_request(world: &World, draw: &Draw) -> Result<(), String> {
    let sent_for = |body: &str| {
        let reply = xml(400, "MalformedXML", draw);
        let exchange = PATCH.play(world, draw, body.as_bytes().to_vec(), &reply)?;
        let (_, target) = exchange.call()?;
        let xml = std::str::from_utf8(&target.body).unwrap();
        Ok::<String, String>(xml.trim_end().to_owned())
    };
    let part =
        |number: u32| format!("<Part><PartNumber>{number}</PartNumber><ETag>{ETAG}</ETag></Part>");
    let whole = |numbers: &[u32]| {
        let parts: String = numbers.iter().map(|number| part(*number)).collect();
        format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
    };
    let padded = |length: usize| {
        let body = format!("{{\"parts\": [{{\"part\": 1, \"etag\": \"{ETAG}\"}}]}}");
        body.clone() + &" ".repeat(length - body.len())
    };
    for (body, expected) in [
        (
            format!(r#"{{"parts":[{{"part":1,"etag":"{ETAG}"}}]}}"#),
            whole(&[1]),
        ),
        (
            format!(
                "{{ \"parts\" :\r\n\t[ {{\"etag\": \"\\\"{ETAG}\\\"\", \"part\": 9}},\n{{\"part\": 1000, \"etag\": \"{ETAG}\"}} ] }}\n"
            ),
            whole(&[9, 1000]),
        ),
        (
            format!(
                r#"{{"parts":[{{"part":2,"etag":"{ETAG}","bytes":5242880}},{{"bytes":1,"etag":"{ETAG}","part":10}},{{"part":3,"bytes":7,"etag":"{ETAG}"}}]}}"#
            ),
            whole(&[2, 10, 3]),
        ),
        (padded(250_000), whole(&[1])),
    ] {
        same("the XML", &sent_for(&body)?, &expected)?;
    }
    let one = format!(r#"{{"part":1,"etag":"{ETAG}"}}"#);
    let hostile = serde_json::to_string(&draw.text()).unwrap();
    for body in [
        String::new(),
        draw.noise.clone(),
        draw.text(),
        format!("{{\"parts\":[{}]}}", draw.noise),
        format!("{{\"parts\":[{{\"part\":1,\"etag\":{hostile}}}]}}"),
        format!("{{\"parts\":[{{\"part\":{hostile},\"etag\":\"{ETAG}\"}}]}}"),
        format!("{{\"parts\":[{one},{hostile}]}}"),
        format!("{{{hostile}:1,\"parts\":[{one}]}}"),
        "null".to_owned(),
        "[]".to_owned(),
        "{".to_owned(),
        "{}".to_owned(),
        r#"{"parts":[]}"#.to_owned(),
        r#"{"parts":[,]}"#.to_owned(),
        format!(r#"{{"parts":{one}}}"#),
        format!(r#"{{"parts":[{one},]}}"#),
        format!(r#"{{"parts":[,{one}]}}"#),
        format!(r#"{{"parts":[{one},,{one}]}}"#),
        format!(r#"{{"parts":[{one}{one}]}}"#),
        format!(r#"{{"parts":[{one}]"#),
        format!(r#"{{"parts":[{one}]}}}}"#),
        format!("[{one}]"),
        format!(r#"{{"parts":[{{"part":0,"etag":"{ETAG}"}}]}}"#),
        format!(r#"{{"parts":[{{"part":01,"etag":"{ETAG}"}}]}}"#),
        format!(r#"{{"parts":[{{"part":1001,"etag":"{ETAG}"}}]}}"#),
        format!(r#"{{"parts":[{{"part":"1","etag":"{ETAG}"}}]}}"#),
        format!(r#"{{"parts":[{{"part":1,"etag":"{}"}}]}}"#, &ETAG[1..]),
        format!(r#"{{"parts":[{{"part":1,"etag":"{ETAG}0"}}]}}"#),
        format!(
            r#"{{"parts":[{{"part":1,"etag":"{}"}}]}}"#,
            ETAG.to_uppercase()
        ),
        r#"{"parts":[{"part":1}]}"#.to_owned(),
        format!(r#"{{"parts":[{{"etag":"{ETAG}"}}]}}"#),
        format!("{{\"parts\":[{}]}}", part(1)),
        format!("{}{}", part(1), whole(&[1])),
        "P".to_owned(),
        r#"{"parts":[P]}"#.to_owned(),
        padded(250_001),
    ] {
        let sent = sent_for(&body)?;
        same("the XML", &sent.as_str(), &"<CompleteMultipartUpload/>")
            .map_err(|error| format!("{error} for {body}"))?;
    }
    Ok(())
}
