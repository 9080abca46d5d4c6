//! The gallery page, put into the artifacts bucket under the key that the template expects.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use local_s3::canonical_path;

use crate::REGION;
use crate::access::Credentials;
use crate::aws_port::AwsPort;
use crate::resources::Resources;
use crate::signature::sign;

/// The template's parameter that names the page's key.
const PARAMETER: &str = "GalleryVersionFile";

/// Where the template expects the page.
#[derive(Debug, Clone)]
pub struct GalleryPage {
    /// The artifacts bucket.
    pub bucket: String,
    key: String,
}

impl GalleryPage {
    /// Reads the parameters; `None` is a stack without a page.
    #[must_use]
    pub fn expected(
        parameters: &std::collections::BTreeMap<String, String>,
        resources: &Resources,
    ) -> Option<Self> {
        let key = parameters.get(PARAMETER).filter(|key| !key.is_empty())?;
        // The artifacts bucket is whichever holds the functions' zips.
        let function = resources.functions.first()?;
        Some(Self {
            bucket: function.properties.code.bucket.clone(),
            key: key.clone(),
        })
    }

    /// Puts the page there: the file of that name in `artifacts`, or else one built from `web/`.
    ///
    /// # Errors
    /// A page that cannot be read or built, or S3's response.
    pub async fn put(
        &self,
        artifacts: Option<&Path>,
        aws: &AwsPort,
        address: SocketAddr,
        credentials: &Credentials,
    ) -> anyhow::Result<()> {
        let artifact = artifacts.map(|folder| folder.join(&self.key));
        let page = match artifact.filter(|file| file.is_file()) {
            Some(file) => fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?,
            None => gallery::build(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web"))
                .context("cannot build the gallery page")?,
        };
        let path = canonical_path(&format!("/{}/{}", self.bucket, self.key));
        let mut request = Request::put(&path).body(local_s3::Body::from(page.clone()))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&address.to_string())?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        sign(
            credentials,
            REGION,
            "s3",
            &Method::PUT,
            (&path, ""),
            headers,
            page.as_bytes(),
        );
        let response = aws.handle(request, address).await;
        let status = response.status();
        if !status.is_success() {
            let body = response.into_body().collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).ok();
            bail!(
                "cannot put the gallery page into {}: {status} {}",
                self.bucket,
                String::from_utf8_lossy(&body.unwrap_or_default())
            );
        }
        Ok(())
    }
}
