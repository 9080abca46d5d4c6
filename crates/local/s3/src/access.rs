//! Who may do what: every operation's IAM actions, asked of an [`Access`] before the operation runs.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::CopySource;
use s3s::path::S3Path;
use s3s::{S3Request, S3Result, s3_error};

use crate::arrival::Arrival;

/// Knows the callers, and what each may do.
#[async_trait]
pub trait Access: Send + Sync {
    /// The secret that belongs to an access key; `None` if there is no such key.
    fn secret_key(&self, access_key: &str) -> Option<String>;

    /// May this caller do this? Signatures have been verified, a session token has not.
    ///
    /// `action` is the IAM action (`s3:GetObject`), `resource_arn` what it is done to
    /// (`arn:aws:s3:::bucket/key`, `arn:aws:s3:::bucket`, or `*`). `access_key` is there in every request that is
    /// asked about: unsigned ones are refused before.
    ///
    /// # Errors
    /// The message of the `AccessDenied` that the client gets.
    async fn check(
        &self,
        access_key: Option<&str>,
        session_token: Option<&str>,
        action: &str,
        resource_arn: &str,
        context: &Context<'_>,
    ) -> Result<(), String>;
}

/// What else policies may ask about a request.
#[derive(Debug)]
pub struct Context<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's query, still encoded.
    pub query: Option<&'a str>,
    /// Where the request came from, if known.
    pub source_ip: Option<IpAddr>,
}

/// What an action is done to.
#[derive(Clone, Copy)]
enum On {
    Everything,
    Bucket,
    Object,
    CopySource,
}

/// The IAM actions of each operation, from S3's [permissions by operation]. `DeleteObjects` learns its
/// keys from the body, and asks then. An operation that is not here answers 501, and never runs.
///
/// [permissions by operation]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
const ACTIONS: &[(&str, &[(&str, On)])] = &[
    (
        "AbortMultipartUpload",
        &[("s3:AbortMultipartUpload", On::Object)],
    ),
    ("CompleteMultipartUpload", &[("s3:PutObject", On::Object)]),
    (
        "CopyObject",
        &[
            ("s3:GetObject", On::CopySource),
            ("s3:PutObject", On::Object),
        ],
    ),
    ("CreateBucket", &[("s3:CreateBucket", On::Bucket)]),
    ("CreateMultipartUpload", &[("s3:PutObject", On::Object)]),
    ("DeleteBucket", &[("s3:DeleteBucket", On::Bucket)]),
    ("DeleteObject", &[("s3:DeleteObject", On::Object)]),
    ("DeleteObjects", &[]),
    ("GetBucketLocation", &[("s3:GetBucketLocation", On::Bucket)]),
    ("GetObject", &[("s3:GetObject", On::Object)]),
    ("HeadBucket", &[("s3:ListBucket", On::Bucket)]),
    ("HeadObject", &[("s3:GetObject", On::Object)]),
    ("ListBuckets", &[("s3:ListAllMyBuckets", On::Everything)]),
    (
        "ListMultipartUploads",
        &[("s3:ListBucketMultipartUploads", On::Bucket)],
    ),
    ("ListObjects", &[("s3:ListBucket", On::Bucket)]),
    ("ListObjectsV2", &[("s3:ListBucket", On::Bucket)]),
    ("ListParts", &[("s3:ListMultipartUploadParts", On::Object)]),
    ("PutObject", &[("s3:PutObject", On::Object)]),
    ("UploadPart", &[("s3:PutObject", On::Object)]),
    (
        "UploadPartCopy",
        &[
            ("s3:GetObject", On::CopySource),
            ("s3:PutObject", On::Object),
        ],
    ),
];

/// A bucket as policies name it.
pub(crate) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// An object as policies name it.
pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// The caller of a request whose signature has been verified.
pub(crate) struct Caller<'a> {
    access_key: Option<&'a str>,
    headers: &'a HeaderMap,
    uri: &'a Uri,
    source_ip: Option<IpAddr>,
}

impl<'a> Caller<'a> {
    pub(crate) fn of<T>(request: &'a S3Request<T>) -> Self {
        Self {
            access_key: request
                .credentials
                .as_ref()
                .map(|credentials| credentials.access_key.as_str()),
            headers: &request.headers,
            uri: &request.uri,
            source_ip: Arrival::of(request).source_ip,
        }
    }

    /// The session token travels in a header, or in the query of a presigned URL.
    fn session_token(&self) -> Option<String> {
        if let Some(token) = self.headers.get("x-amz-security-token") {
            return token.to_str().ok().map(str::to_owned);
        }
        self.uri.query()?.split('&').find_map(|pair| {
            let value = pair.strip_prefix("X-Amz-Security-Token=")?;
            Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
        })
    }
}

/// [`Access`] as `s3s` and the operations ask it.
#[derive(Clone)]
pub(crate) struct Gate(pub(crate) Arc<dyn Access>);

impl Gate {
    pub(crate) async fn permit(
        &self,
        caller: &Caller<'_>,
        action: &str,
        resource_arn: &str,
    ) -> S3Result<()> {
        let context = Context {
            headers: caller.headers,
            query: caller.uri.query(),
            source_ip: caller.source_ip,
        };
        self.0
            .check(
                caller.access_key,
                caller.session_token().as_deref(),
                action,
                resource_arn,
                &context,
            )
            .await
            .map_err(|message| s3_error!(AccessDenied, "{message}"))
    }
}

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0
            .secret_key(access_key)
            .map(SecretKey::from)
            .ok_or_else(|| {
                s3_error!(
                    InvalidAccessKeyId,
                    "The AWS Access Key Id you provided does not exist in our records."
                )
            })
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        let operation = request.s3_op().name();
        let Some((_, actions)) = ACTIONS.iter().find(|(name, _)| *name == operation) else {
            return Err(s3_error!(
                NotImplemented,
                "{operation} is not implemented here"
            ));
        };
        let arrival = request
            .extensions_mut()
            .get::<Arrival>()
            .cloned()
            .unwrap_or_default();
        for (action, on) in *actions {
            let resource = match (on, request.s3_path()) {
                (On::Bucket, S3Path::Bucket { bucket }) => bucket_arn(bucket),
                (On::Object, S3Path::Object { bucket, key }) => {
                    object_arn(bucket, arrival.key.as_deref().unwrap_or(key))
                }
                (On::CopySource, _) => copy_source_arn(request.headers())?,
                _ => "*".to_owned(),
            };
            let caller = Caller {
                access_key: request
                    .credentials()
                    .map(|credentials| credentials.access_key.as_str()),
                headers: request.headers(),
                uri: request.uri(),
                source_ip: arrival.source_ip,
            };
            self.permit(&caller, action, &resource).await?;
        }
        Ok(())
    }
}

fn copy_source_arn(headers: &HeaderMap) -> S3Result<String> {
    let source = headers
        .get("x-amz-copy-source")
        .and_then(|value| value.to_str().ok());
    match source.map(CopySource::parse) {
        Some(Ok(CopySource::Bucket { bucket, key, .. })) => Ok(object_arn(&bucket, &key)),
        _ => Err(s3_error!(
            InvalidArgument,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )),
    }
}
