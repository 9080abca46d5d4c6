//! The stack's outputs, from `CloudFormation`'s `DescribeStacks`.
//!
//! It is the only call of `CloudFormation`, whose SDK would take longer to build than the rest of this program.

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::{Context as _, bail, ensure};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::{ClientConfig, RootCertStore};

/// Outputs by key.
pub type Outputs = BTreeMap<String, String>;

/// The outputs of a stack.
///
/// # Errors
/// There is no such stack, it may not be described, or `CloudFormation` cannot be reached.
pub async fn describe(config: &SdkConfig, stack: &str) -> anyhow::Result<Outputs> {
    let region = config
        .region()
        .context("no region: set AWS_REGION")?
        .to_string();
    let credentials = config
        .credentials_provider()
        .context("no credentials")?
        .provide_credentials()
        .await?;
    let endpoint = config.endpoint_url().map_or_else(
        || {
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://cloudformation.{region}.amazonaws.com{suffix}")
        },
        str::to_owned,
    );
    let url = format!("{}/", endpoint.trim_end_matches('/'));
    let body = format!(
        "Action=DescribeStacks&Version=2010-05-15&StackName={}",
        utf8_percent_encode(stack, NON_ALPHANUMERIC)
    );
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("cloudformation")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let signable = SignableRequest::new(
        "POST",
        &url,
        std::iter::once(("content-type", content_type)),
        SignableBody::Bytes(body.as_bytes()),
    )?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut request = http::Request::post(&url)
        .header("content-type", content_type)
        .body(Full::new(bytes::Bytes::from(body)))?;
    instructions.apply_to_request_http1x(&mut request);

    let provider = rustls::crypto::ring::default_provider();
    let connector = if url.starts_with("https:") {
        HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?
    } else {
        // Plain HTTP: this machine needs no root certificates.
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        HttpsConnectorBuilder::new().with_tls_config(tls)
    };
    let connector = connector.https_or_http().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let response = client
        .request(request)
        .await
        .with_context(|| format!("{url} cannot be reached"))?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let body = String::from_utf8_lossy(&body);
    if !status.is_success() {
        let message = element(&body, "Message").unwrap_or_else(|| body.clone().into_owned());
        bail!("stack {stack} cannot be described: {status}: {message}");
    }
    let outputs = outputs(&body);
    ensure!(!outputs.is_empty(), "stack {stack} has no outputs");
    Ok(outputs)
}

/// The outputs in a response of `DescribeStacks`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
#[must_use]
pub fn outputs(xml: &str) -> Outputs {
    // Only these two elements of an output are read, and `OutputKey` appears nowhere else.
    xml.split("<OutputKey>")
        .skip(1)
        .filter_map(|output| {
            let (key, rest) = output.split_once("</OutputKey>")?;
            Some((unescaped(key), element(rest, "OutputValue")?))
        })
        .collect()
}

/// The text of the first element with a name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(unescaped(text))
}

fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, character)| {
        text.replace(escape, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in the API reference's example, shortened.
    #[test]
    fn outputs_are_read_from_xml() {
        let xml = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
            <StackName>MyStack</StackName><Outputs>\
            <member><OutputKey>RawBucketName</OutputKey><OutputValue>raw</OutputValue></member>\
            <member><Description>a &amp; b</Description><OutputKey>ApiUrl</OutputKey>\
            <OutputValue>https://x/?a=1&amp;lt;&amp;b=&quot;</OutputValue></member>\
            </Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
        let expected = [
            ("RawBucketName", "raw"),
            ("ApiUrl", "https://x/?a=1&lt;&b=\""),
        ];
        assert_eq!(
            outputs(xml),
            expected
                .map(|(key, value)| (key.into(), value.into()))
                .into()
        );
        assert_eq!(outputs("<Outputs/>"), Outputs::new());
    }
}
