//! Images named on the command line: uploaded through the stack's own API, then described.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::signature::sign;
use crate::{REGION, Stack};

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// API Gateway's limit for a request's payload; a larger image is uploaded in parts.
const MAX_PUT: usize = 10 * 1024 * 1024;
/// S3's minimum for every part but the last.
const PART: usize = 5 * 1024 * 1024;

/// How often, and how many times, a record is read until it is settled.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLLS: u32 = 2400;

/// A client of the stack's own API, with the stack's own credentials.
pub struct ApiClient<'a> {
    stack: &'a Stack,
    client: Client<HttpConnector, Full<Bytes>>,
}

struct ApiResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl<'a> ApiClient<'a> {
    /// A client of `stack`.
    #[must_use]
    pub fn new(stack: &'a Stack) -> Self {
        Self {
            stack,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Uploads an image under its file name and waits until it is handled. Returns its labels and the addresses of its
    /// thumbnails, one a line.
    ///
    /// # Errors
    /// The API's response, or that the image is still pending after two minutes.
    pub async fn upload(&self, image: &ImageFile) -> anyhow::Result<String> {
        let key = utf8_percent_encode(&image.key, RESERVED).to_string();
        let uploaded = if image.bytes.len() > MAX_PUT {
            self.upload_in_parts(&key, &image.bytes).await
        } else {
            let path = format!("/images/{key}");
            let response = self.send(Method::PUT, &path, "", image.bytes.clone()).await;
            response.map(|_| ())
        };
        uploaded.with_context(|| image.key.clone())?;
        let path = format!("/images/{key}");
        for _ in 0..MAX_POLLS {
            let response = self.request(Method::GET, &path, "", Bytes::new()).await?;
            if response.status == StatusCode::OK {
                let record = response.json()?;
                let is_pending = |part: &str| record[part]["status"] == "pending";
                if !is_pending("analysis") && !is_pending("thumbnails") {
                    return Ok(self.describe(&record));
                }
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        bail!(
            "{}: still pending; the functions' logs are in {}",
            image.key,
            self.stack.logs.display()
        )
    }

    async fn upload_in_parts(&self, key: &str, bytes: &Bytes) -> anyhow::Result<()> {
        let path = format!("/uploads/{key}");
        let created = self.send(Method::POST, &path, "", Bytes::new()).await?;
        let created = created.json()?;
        let id = created["uploadId"]
            .as_str()
            .context("the API's response has no uploadId")?;
        let id = utf8_percent_encode(id, RESERVED);
        let mut parts = Vec::new();
        for (part, start) in (1..).zip((0..bytes.len()).step_by(PART)) {
            let end = bytes.len().min(start + PART);
            // In the order in which the signature has them.
            let query = format!("part={part}&uploadId={id}");
            let stored = self
                .send(Method::PUT, &path, &query, bytes.slice(start..end))
                .await?;
            let etag = stored.headers.get(http::header::ETAG);
            let etag = etag
                .and_then(|etag| etag.to_str().ok())
                .context("the API's response has no ETag")?;
            parts.push(json!({"part": part, "etag": etag}));
        }
        let list = json!({ "parts": parts }).to_string();
        self.send(Method::PATCH, &path, &format!("uploadId={id}"), list.into())
            .await?;
        Ok(())
    }

    /// Sends a request that must succeed.
    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Bytes,
    ) -> anyhow::Result<ApiResponse> {
        let response = self.request(method.clone(), path, query, body).await?;
        if !response.status.is_success() {
            bail!(
                "the API responds to {method} {path} with {}: {}",
                response.status,
                String::from_utf8_lossy(&response.body)
            );
        }
        Ok(response)
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: Bytes,
    ) -> anyhow::Result<ApiResponse> {
        let separator = if query.is_empty() { "" } else { "?" };
        let uri: Uri = format!("{}{path}{separator}{query}", self.stack.api_url).parse()?;
        let mut request = Request::builder()
            .method(method.clone())
            .uri(&uri)
            .body(Full::new(body.clone()))?;
        let headers = request.headers_mut();
        if let Some(host) = uri.authority() {
            headers.insert(http::header::HOST, HeaderValue::from_str(host.as_str())?);
        }
        if method == Method::PATCH {
            let json = HeaderValue::from_static("application/json");
            headers.insert(http::header::CONTENT_TYPE, json);
        }
        if let Some(key) = &self.stack.api_key {
            headers.insert("x-api-key", HeaderValue::from_str(key)?);
        }
        if self.stack.asks_signature {
            let credentials = &self.stack.credentials;
            sign(
                credentials,
                REGION,
                "execute-api",
                &method,
                (uri.path(), query),
                headers,
                &body,
            );
        }
        let response = self.client.request(request).await?;
        let (head, body) = response.into_parts();
        Ok(ApiResponse {
            status: head.status,
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }

    fn describe(&self, record: &Value) -> String {
        let mut text = record["key"].as_str().unwrap_or_default().to_owned();
        for (part, entries) in [("analysis", "labels"), ("thumbnails", "items")] {
            let part_of = &record[part];
            if let Some(message) = part_of["reason"]["message"].as_str() {
                let code = part_of["reason"]["code"].as_str().unwrap_or_default();
                let _ = write!(text, "\n  {part} failed: {code}: {message}");
            }
            for entry in part_of[entries].as_array().into_iter().flatten() {
                let _ = match (entry["name"].as_str(), entry["href"].as_str()) {
                    (Some(name), _) => write!(
                        text,
                        "\n  {:5.1} % {name}",
                        entry["confidence"].as_f64().unwrap_or_default()
                    ),
                    (_, Some(href)) => write!(
                        text,
                        "\n  {} x {}  {}/{href}",
                        entry["width"], entry["height"], self.stack.api_url
                    ),
                    _ => Ok(()),
                };
            }
        }
        text
    }
}

impl ApiResponse {
    fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).context("the API's response is not JSON")
    }
}

/// An image to upload.
pub struct ImageFile {
    key: String,
    bytes: Bytes,
}

impl ImageFile {
    /// Reads files; an image's key is its file's name.
    ///
    /// # Errors
    /// A file that cannot be read, by its name.
    pub fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Self>> {
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let key = path.file_name().and_then(|name| name.to_str());
        Ok(Self {
            key: key
                .with_context(|| format!("the name of {} is not UTF-8", path.display()))?
                .to_owned(),
            bytes: bytes.into(),
        })
    }
}
