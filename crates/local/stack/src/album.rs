//! Pictures named on the command line: uploaded through the API like anybody's, then shown.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::signature::sign;
use crate::{REGION, Stack};

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// How often a record is looked at, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: u32 = 2400;

/// A client of the stack's own API.
pub struct Album<'a> {
    stack: &'a Stack,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl<'a> Album<'a> {
    /// A client with the stack's own credentials.
    #[must_use]
    pub fn of(stack: &'a Stack) -> Self {
        Self {
            stack,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Uploads a picture under its file name, and says what was recognised and where its thumbnails are.
    ///
    /// # Errors
    /// What the API answered, or that nothing was heard of the picture within two minutes.
    pub async fn add(&self, picture: &Picture) -> anyhow::Result<String> {
        let path = format!("/images/{}", utf8_percent_encode(&picture.key, RESERVED));
        let (status, answer) = self.send(Method::PUT, &path, picture.bytes.clone()).await?;
        if status != 201 {
            bail!("{}: the API answered {status}: {answer}", picture.key);
        }
        for _ in 0..LOOKS {
            let (status, answer) = self.send(Method::GET, &path, Bytes::new()).await?;
            if status == 200 {
                let record: Value =
                    serde_json::from_str(&answer).context("the API's record is not JSON")?;
                if record["analysis"]["status"] != "pending"
                    && record["thumbnails"]["status"] != "pending"
                {
                    return Ok(self.shown(&record));
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!(
            "{}: still pending; the functions' logs are in {}",
            picture.key,
            self.stack.logs.display()
        )
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<(u16, String)> {
        let uri: Uri = format!("{}{path}", self.stack.api_url).parse()?;
        let mut request = Request::builder()
            .method(method.clone())
            .uri(&uri)
            .body(Full::new(body.clone()))?;
        let headers = request.headers_mut();
        if let Some(host) = uri.authority() {
            headers.insert(http::header::HOST, HeaderValue::from_str(host.as_str())?);
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
                (uri.path(), ""),
                headers,
                &body,
            );
        }
        let response = self.client.request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    fn shown(&self, record: &Value) -> String {
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

/// A picture to upload.
pub struct Picture {
    key: String,
    bytes: Bytes,
}

impl Picture {
    /// Reads files; a picture's key is its file's name.
    ///
    /// # Errors
    /// A file that can't be read, by its name.
    pub fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Self>> {
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let key = path.file_name().and_then(|name| name.to_str());
        Ok(Self {
            key: key
                .with_context(|| format!("{} has no name in UTF-8", path.display()))?
                .to_owned(),
            bytes: bytes.into(),
        })
    }
}
