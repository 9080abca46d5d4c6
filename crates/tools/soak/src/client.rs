//! Requests to a stack: its API, and its services signed by the administrator.

use std::sync::Arc;

use anyhow::bail;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_stack::{REGION, signature};
use serde_json::{Value, json};

use crate::stack::Endpoint;

/// A client of one run of a stack.
#[derive(Clone)]
pub struct Client {
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    pub endpoint: Arc<Endpoint>,
}

impl Client {
    pub fn new(endpoint: Arc<Endpoint>) -> Self {
        Self {
            http: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http(),
            endpoint,
        }
    }

    /// Calls the API, which is open.
    pub async fn api(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.endpoint.api_url))
            .body(Full::new(body))?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let response = self.http.request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    async fn signed(
        &self,
        service: &str,
        method: Method,
        (path, query): (&str, &str),
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Bytes> {
        let url = &self.endpoint.aws_url;
        let uri = if query.is_empty() {
            format!("{url}{path}")
        } else {
            format!("{url}{path}?{query}")
        };
        let mut request = Request::builder()
            .method(method.clone())
            .uri(uri)
            .body(Full::new(body.clone()))?;
        let map = request.headers_mut();
        let host = url.strip_prefix("http://").unwrap_or(url);
        map.insert("host", HeaderValue::from_str(host)?);
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value)?);
        }
        let credentials = &self.endpoint.credentials;
        signature::sign(
            credentials,
            REGION,
            service,
            &method,
            (path, query),
            map,
            &body,
        );
        let (status, body) = self.send(request).await?;
        if !status.is_success() {
            bail!("{service}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    async fn json(&self, service: &str, target: &str, request: &Value) -> anyhow::Result<Value> {
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target),
        ];
        let body = Bytes::from(request.to_string());
        let response = self
            .signed(service, Method::POST, ("/", ""), &headers, body)
            .await?;
        Ok(serde_json::from_slice(&response)?)
    }

    /// An action of SQS.
    pub async fn sqs(&self, action: &str, request: &Value) -> anyhow::Result<Value> {
        self.json("sqs", &format!("AmazonSQS.{action}"), request)
            .await
    }

    /// Attributes of the queue with this logical id.
    pub async fn queue(&self, logical_id: &str) -> anyhow::Result<Value> {
        let url = &self.endpoint.outputs[&format!("{logical_id}Url")];
        let request = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        let mut response = self.sqs("GetQueueAttributes", &request).await?;
        Ok(response["Attributes"].take())
    }

    /// Messages of a queue, visible or not.
    pub async fn messages(&self, logical_id: &str) -> anyhow::Result<u64> {
        let attributes = self.queue(logical_id).await?;
        let count = |name: &str| {
            let count = attributes[format!("ApproximateNumberOfMessages{name}")].as_str();
            count.and_then(|count| count.parse::<u64>().ok())
        };
        let counts = [count(""), count("NotVisible"), count("Delayed")];
        Ok(counts.into_iter().flatten().sum())
    }

    /// All items of a table.
    pub async fn scan(&self, table: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": table});
        loop {
            let mut response = self
                .json("dynamodb", "DynamoDB_20120810.Scan", &request)
                .await?;
            if let Value::Array(page) = response["Items"].take() {
                items.extend(page);
            }
            match response["LastEvaluatedKey"].take() {
                Value::Null => return Ok(items),
                next => request["ExclusiveStartKey"] = next,
            }
        }
    }

    /// The keys of a bucket's objects; ours have no characters that XML escapes.
    pub async fn keys(&self, bucket: &str) -> anyhow::Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map_or_else(String::new, |key| {
                format!("&start-after={}", percent_encoded(key))
            });
            let query = format!("list-type=2{after}");
            let path = format!("/{bucket}");
            let body = self
                .signed("s3", Method::GET, (&path, &query), &[], Bytes::new())
                .await?;
            let body = String::from_utf8(body.to_vec())?;
            let page = body.split("<Key>").skip(1);
            keys.extend(page.filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())));
            if !body.contains("<IsTruncated>true</IsTruncated>") {
                return Ok(keys);
            }
        }
    }
}

/// Encodes a key for a query; ours only need it for `/` and spaces.
fn percent_encoded(key: &str) -> String {
    key.replace('/', "%2F").replace(' ', "%20")
}
