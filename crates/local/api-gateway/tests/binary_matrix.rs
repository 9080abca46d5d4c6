//! Every payload recorded from AWS (`binary_matrix.json`; its origin is beside it) behaves the same here. The
//! `accept_matching` rows are tested in `src/media_types.rs`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use api_gateway::Api;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use support::{KeyRing, Recorder, request};

#[derive(Deserialize)]
struct Matrix {
    payloads: Vec<Row>,
    templates: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    direction: String,
    binary_media_types: Vec<String>,
    content_handling: Option<String>,
    #[serde(rename = "request_content_type")]
    request_type: Option<String>,
    #[serde(rename = "backend_content_type")]
    backend_type: Option<String>,
    accept: Option<String>,
    #[serde(rename = "body_b64")]
    body: Option<String>,
    #[serde(rename = "client_status")]
    status: u16,
    #[serde(rename = "client_body_b64")]
    client_body: Option<String>,
    #[serde(rename = "stored_b64")]
    stored_body: Option<String>,
    #[serde(rename = "stored_content_type")]
    stored_type: Option<String>,
    request_templates: Option<serde_json::Value>,
    response_templates: Option<serde_json::Value>,
    effect: String,
    evidence: String,
}

fn matrix() -> Matrix {
    serde_json::from_str(include_str!("binary_matrix.json")).unwrap()
}

fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

impl Row {
    /// The recorded API: any method of a path in S3, with the content handling of the row.
    fn api(&self) -> Api {
        let handling = |direction: &str| match &self.content_handling {
            Some(handling) if self.direction == direction => format!("contentHandling: {handling}"),
            _ => String::new(),
        };
        let templates = |name: &str, templates: &Option<serde_json::Value>| match templates {
            Some(templates) => format!("{name}: {templates}"),
            None => String::new(),
        };
        let text = format!(
            "
openapi: 3.0.1
info: {{}}
x-amazon-apigateway-binary-media-types: {types:?}
paths:
  /{{key+}}:
    x-amazon-apigateway-any-method:
      responses: {{'200': {{headers: {{ETag: {{}}}}}}}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: {method}
        uri: arn:aws:apigateway:eu-west-1:s3:path/bucket/{{key}}
        credentials: arn:aws:iam::123456789012:role/gateway
        requestParameters: {{integration.request.path.key: method.request.path.key}}
        {request_templates}
        {request_handling}
        responses:
          default:
            statusCode: 200
            responseParameters: {{method.response.header.ETag: integration.response.header.ETag}}
            {response_templates}
            {response_handling}
",
            types = self.binary_media_types,
            method = if self.direction == "request" {
                "PUT"
            } else {
                "GET"
            },
            request_templates = templates("requestTemplates", &self.request_templates),
            response_templates = templates("responseTemplates", &self.response_templates),
            request_handling = handling("request"),
            response_handling = handling("response"),
        );
        support::api(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn name(&self) -> String {
        format!(
            "{} {:?} {:?} {:?} {:?} {:?}: {} ({})",
            self.direction,
            self.binary_media_types,
            self.content_handling,
            self.request_type,
            self.backend_type,
            self.accept,
            self.effect,
            self.evidence
        )
    }

    /// Sends the row's body, or lets the back end return it; returns the client's status and body, and what S3 got.
    async fn play(&self, payload: &[u8]) -> (u16, Vec<u8>, Option<(Vec<u8>, Option<String>)>) {
        let mut headers = Vec::new();
        if let Some(accept) = &self.accept {
            headers.push(("accept", accept.as_str()));
        }
        let (backend, request) = if self.direction == "request" {
            headers.push(("content-type", self.request_type.as_deref().unwrap()));
            let request = request(Method::PUT, "/v1/object", &headers, payload.to_vec());
            (Recorder::new(200, &[], ""), request)
        } else {
            let backend_type = self.backend_type.as_deref().unwrap();
            let backend = Recorder::new(
                200,
                &[("content-type", backend_type), ("etag", "\"e\"")],
                payload.to_vec(),
            );
            (backend, request(Method::GET, "/v1/object", &headers, ""))
        };
        let response = self.api().handle(request, &KeyRing, &backend).await;
        let stored = backend.calls().pop().map(|(_, target)| {
            let content_type = target
                .headers
                .get("content-type")
                .map(|value| value.to_str().unwrap().to_owned());
            (target.body.to_vec(), content_type)
        });
        (response.status.as_u16(), response.body.to_vec(), stored)
    }
}

#[tokio::test]
async fn payloads() {
    let rows = matrix().payloads;
    assert_eq!(rows.len(), 72);
    for row in rows {
        let name = row.name();
        let (status, client, stored) = row.play(&decoded(row.body.as_ref().unwrap())).await;
        assert_eq!(status, row.status, "{name}");
        if let Some(expected) = &row.client_body {
            assert_eq!(client, decoded(expected), "{name}");
        }
        if row.direction == "request" {
            let (expected, expected_type) = (
                row.stored_body.as_ref().map(|body| decoded(body)),
                row.stored_type,
            );
            let (body, content_type) = stored.unzip();
            assert_eq!(body, expected, "{name}");
            assert_eq!(content_type.flatten(), expected_type, "{name}");
        }
    }
}

#[tokio::test]
async fn templates() {
    let rows = matrix().templates;
    assert_eq!(rows.len(), 4);
    for row in rows {
        let name = row.name();
        let text = STANDARD.encode("payload");
        let (status, client, stored) = row.play(text.as_bytes()).await;
        assert_eq!(status, row.status, "{name}");
        match row.effect.as_str() {
            "base64-decoded, template not applied (no match, WHEN_NO_MATCH)" => {
                assert_eq!(stored.unwrap().0, b"payload", "{name}");
            }
            "template applied to the text" => {
                assert_eq!(
                    client,
                    format!(r#"{{"data": "{text}"}}"#).as_bytes(),
                    "{name}"
                );
            }
            effect => assert_eq!(effect, "500 (template met bytes)", "{name}"),
        }
    }
}
