//! A running stack, called over its AWS port.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::access::Credentials;
use local_stack::{Options, REGION, Stack, signature};
use serde_json::Value;

use crate::calls::Call;
use crate::{artifacts_bucket, shipped};

/// A running stack with an object `o` in each bucket.
pub struct Machine {
    pub stack: Stack,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Names of buckets, tables and queues by logical id.
    names: BTreeMap<String, String>,
}

/// The options of the stack.
pub fn options() -> Options {
    shipped::ephemeral(&[("RawBucketName", "raw"), ("ThumbnailBucketName", "small")])
}

impl Machine {
    pub async fn start() -> Self {
        Self::with(&options()).await
    }

    pub async fn with(options: &Options) -> Self {
        let stack = Stack::start(options).await.unwrap();
        let artifacts = artifacts_bucket("000000000000", REGION);
        let mut machine = Self {
            stack,
            client: Client::builder(TokioExecutor::new()).build_http(),
            names: BTreeMap::from([
                ("RawBucket".to_owned(), "raw".to_owned()),
                ("ThumbnailBucket".to_owned(), "small".to_owned()),
                ("ArtifactsBucket".to_owned(), artifacts.clone()),
            ]),
        };
        let tables = machine
            .json("dynamodb", "DynamoDB_20120810.ListTables", "{}")
            .await;
        let queues = machine.json("sqs", "AmazonSQS.ListQueues", "{}").await;
        let listed = [&tables["TableNames"], &queues["QueueUrls"]];
        for name in listed.into_iter().flat_map(|list| list.as_array().unwrap()) {
            // contact-sheet-ImageTable-0123456789AB, at the end of a queue's URL
            let name = name.as_str().unwrap().rsplit('/').next().unwrap();
            let logical_id = name.rsplit('-').nth(1).unwrap();
            machine.names.insert(logical_id.to_owned(), name.to_owned());
        }
        for bucket in ["raw", "small", &artifacts] {
            let path = format!("/{bucket}/o");
            let put = machine.request(
                &machine.stack.credentials,
                "s3",
                "PUT",
                (&path, ""),
                &[],
                "text",
            );
            assert_eq!(put.await.status, StatusCode::OK);
        }
        machine
    }

    /// The beginning of the ARN in a policy of `RawBucket`, of an object of it (`RawBucket/*`, which is `o` or none) or of
    /// `*`.
    pub fn arn(&self, resource: &str) -> String {
        let (logical_id, below) = resource
            .find('/')
            .map_or((resource, ""), |end| resource.split_at(end));
        let Some(name) = self.names.get(logical_id) else {
            return resource.to_owned();
        };
        let here = format!("{REGION}:000000000000");
        match logical_id {
            id if id.ends_with("Bucket") => {
                format!("arn:aws:s3:::{name}{}", below.trim_end_matches('*'))
            }
            id if id.ends_with("Table") => format!("arn:aws:dynamodb:{here}:table/{name}{below}"),
            _ => format!("arn:aws:sqs:{here}:{name}"),
        }
    }

    /// Sends a call, signed.
    pub async fn send(&self, credentials: &Credentials, call: &Call) -> Response {
        let named = |text: &str| {
            self.names.iter().fold(text.to_owned(), |text, (id, name)| {
                text.replace(&format!("<{id}>"), name)
                    .replace(&format!("<arn:{id}>"), &self.arn(id))
            })
        };
        let headers: Vec<(&str, String)> = call
            .headers
            .iter()
            .map(|(name, value)| (*name, named(value)))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let target = (named(&call.path), call.query);
        let (path, query) = (target.0.as_str(), target.1);
        self.request(
            credentials,
            call.service,
            call.method,
            (path, query),
            &headers,
            &named(&call.body),
        )
        .await
    }

    /// The administrator's call of a JSON service.
    pub async fn json(&self, service: &str, target: &str, body: &str) -> Value {
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target),
        ];
        let administrator = &self.stack.credentials;
        let response = self
            .request(administrator, service, "POST", ("/", ""), &headers, body)
            .await;
        assert!(response.status.is_success(), "{response:?}");
        response.json()
    }

    /// Signs and sends text.
    pub async fn request(
        &self,
        credentials: &Credentials,
        service: &str,
        method: &str,
        target: (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let body = body.as_bytes().to_vec();
        self.request_bytes(credentials, service, method, target, headers, body)
            .await
    }

    /// Signs and sends.
    pub async fn request_bytes(
        &self,
        credentials: &Credentials,
        service: &str,
        method: &str,
        (path, query): (&str, &str),
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let method: Method = method.parse().unwrap();
        let host = self.stack.aws_url.trim_start_matches("http://");
        let separator = if query.is_empty() { "" } else { "?" };
        let uri = format!("http://{host}{path}{separator}{query}");
        let body = Bytes::from(body);
        let mut request = http::Request::builder()
            .method(&method)
            .uri(&uri)
            .header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::new(body.clone())).unwrap();
        let target = (path, query);
        signature::sign(
            credentials,
            REGION,
            service,
            &method,
            target,
            request.headers_mut(),
            &body,
        );
        let response = self.client.request(request).await.unwrap();
        Response {
            asked: format!("{method} {uri} {headers:?}"),
            service: service.to_owned(),
            head: method == Method::HEAD,
            status: response.status(),
            body: response.into_body().collect().await.unwrap().to_bytes(),
        }
    }
}

/// The response of a service.
#[derive(Debug)]
pub struct Response {
    asked: String,
    service: String,
    head: bool,
    pub status: StatusCode,
    pub body: Bytes,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that it was refused as by AWS, naming the caller, the action and the resource.
    pub fn assert_refused(&self, role: &str, action: &str, arn: &str) {
        let expected = if self.service == "s3" {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::BAD_REQUEST
        };
        assert_eq!(self.status, expected, "{role} may {}: {self:?}", self.asked);
        if self.head {
            return;
        }
        let text = String::from_utf8_lossy(&self.body)
            .replace("&quot;", "\"")
            .replace("\\\"", "\"");
        let quote = if self.service == "s3" { "\"" } else { "" };
        for part in [
            "AccessDenied",
            "User: arn:aws:sts::000000000000:assumed-role/contact-sheet-",
            &format!("is not authorized to perform: {action} on resource: {quote}{arn}"),
            &format!("because no identity-based policy allows the {action} action"),
        ] {
            assert!(text.contains(part), "{role}: no {part} in {text}");
        }
    }

    /// Checks that it was not refused, whatever else the result is.
    pub fn assert_let_in(&self, role: &str) {
        let text = String::from_utf8_lossy(&self.body);
        assert!(
            self.status != StatusCode::FORBIDDEN && !text.contains("AccessDenied"),
            "{role} may not: {self:?}"
        );
        assert!(
            !text.contains("UnknownOperation") && self.status != StatusCode::NOT_IMPLEMENTED,
            "{self:?}"
        );
    }
}
