//! Access control: the IAM actions of every operation, which are checked before it runs.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::CopySource;
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use crate::Account;
use crate::request_context::RequestContext;

/// Knows the callers, and what each may do.
#[async_trait]
pub trait Access: Send + Sync {
    /// The secret of an access key; `None` if there is no such key.
    fn secret_key(&self, access_key: &str) -> Option<String>;

    /// Whether a caller may do something. The signature has been verified, the session token has not.
    ///
    /// # Errors
    /// The caller may not.
    async fn check(&self, request: &AccessRequest<'_>) -> Result<(), AccessDeniedError>;

    /// The policy of a bucket, in JSON.
    fn bucket_policy(&self, bucket: &str) -> Option<String> {
        let _ = bucket;
        None
    }
}

/// A denial, with the message of the `AccessDenied` that the client gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AccessDeniedError(pub String);

/// An action that a caller requests.
#[derive(Debug)]
pub struct AccessRequest<'a> {
    /// The signer. Unsigned requests are refused before this.
    pub access_key: &'a str,
    /// From a header, or from the query of a presigned URL.
    pub session_token: Option<&'a str>,
    /// `s3:GetObject`
    pub action: &'a str,
    /// `arn:aws:s3:::bucket/key`, `arn:aws:s3:::bucket`, or `*`.
    pub resource_arn: &'a str,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's query, encoded as it was sent.
    pub query: Option<&'a str>,
    /// Where the request came from, if known.
    pub source_ip: Option<IpAddr>,
}

/// The resource of an action.
#[derive(Clone, Copy)]
enum Resource {
    All,
    Bucket,
    Object,
    CopySource,
}

/// The IAM actions of each operation, from S3's [permissions by operation]. `DeleteObjects` and `PostObject` have their
/// keys in the body, and check access themselves. An operation that is not listed gets 501.
///
/// [permissions by operation]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
const ACTIONS: &[(&str, &[(&str, Resource)])] = {
    use Resource::{All, Bucket, CopySource, Object};
    const COPY: &[(&str, Resource)] = &[("s3:GetObject", CopySource), ("s3:PutObject", Object)];
    &[
        (
            "AbortMultipartUpload",
            &[("s3:AbortMultipartUpload", Object)],
        ),
        ("CompleteMultipartUpload", &[("s3:PutObject", Object)]),
        ("CopyObject", COPY),
        ("CreateBucket", &[("s3:CreateBucket", Bucket)]),
        ("CreateMultipartUpload", &[("s3:PutObject", Object)]),
        ("DeleteBucket", &[("s3:DeleteBucket", Bucket)]),
        ("DeleteObject", &[("s3:DeleteObject", Object)]),
        ("DeleteObjectTagging", &[("s3:DeleteObjectTagging", Object)]),
        ("DeleteObjects", &[]),
        (
            "GetBucketAccelerateConfiguration",
            &[("s3:GetAccelerateConfiguration", Bucket)],
        ),
        ("GetBucketAcl", &[("s3:GetBucketAcl", Bucket)]),
        ("GetBucketCors", &[("s3:GetBucketCORS", Bucket)]),
        (
            "GetBucketEncryption",
            &[("s3:GetEncryptionConfiguration", Bucket)],
        ),
        (
            "GetBucketLifecycleConfiguration",
            &[("s3:GetLifecycleConfiguration", Bucket)],
        ),
        ("GetBucketLocation", &[("s3:GetBucketLocation", Bucket)]),
        ("GetBucketLogging", &[("s3:GetBucketLogging", Bucket)]),
        (
            "GetBucketOwnershipControls",
            &[("s3:GetBucketOwnershipControls", Bucket)],
        ),
        ("GetBucketPolicy", &[("s3:GetBucketPolicy", Bucket)]),
        (
            "GetBucketPolicyStatus",
            &[("s3:GetBucketPolicyStatus", Bucket)],
        ),
        (
            "GetBucketReplication",
            &[("s3:GetReplicationConfiguration", Bucket)],
        ),
        (
            "GetBucketRequestPayment",
            &[("s3:GetBucketRequestPayment", Bucket)],
        ),
        ("GetBucketTagging", &[("s3:GetBucketTagging", Bucket)]),
        ("GetBucketVersioning", &[("s3:GetBucketVersioning", Bucket)]),
        ("GetBucketWebsite", &[("s3:GetBucketWebsite", Bucket)]),
        ("GetObject", &[("s3:GetObject", Object)]),
        ("GetObjectAcl", &[("s3:GetObjectAcl", Object)]),
        (
            "GetObjectAttributes",
            &[("s3:GetObject", Object), ("s3:GetObjectAttributes", Object)],
        ),
        ("GetObjectLegalHold", &[("s3:GetObjectLegalHold", Object)]),
        (
            "GetObjectLockConfiguration",
            &[("s3:GetBucketObjectLockConfiguration", Bucket)],
        ),
        ("GetObjectRetention", &[("s3:GetObjectRetention", Object)]),
        ("GetObjectTagging", &[("s3:GetObjectTagging", Object)]),
        (
            "GetPublicAccessBlock",
            &[("s3:GetBucketPublicAccessBlock", Bucket)],
        ),
        ("HeadBucket", &[("s3:ListBucket", Bucket)]),
        ("HeadObject", &[("s3:GetObject", Object)]),
        ("ListBuckets", &[("s3:ListAllMyBuckets", All)]),
        (
            "ListMultipartUploads",
            &[("s3:ListBucketMultipartUploads", Bucket)],
        ),
        ("ListObjectVersions", &[("s3:ListBucketVersions", Bucket)]),
        ("ListObjects", &[("s3:ListBucket", Bucket)]),
        ("ListObjectsV2", &[("s3:ListBucket", Bucket)]),
        ("ListParts", &[("s3:ListMultipartUploadParts", Object)]),
        ("PostObject", &[]),
        ("PutBucketAcl", &[("s3:PutBucketAcl", Bucket)]),
        ("PutBucketVersioning", &[("s3:PutBucketVersioning", Bucket)]),
        ("PutObject", &[("s3:PutObject", Object)]),
        ("PutObjectAcl", &[("s3:PutObjectAcl", Object)]),
        ("UploadPart", &[("s3:PutObject", Object)]),
        ("UploadPartCopy", COPY),
    ]
};

/// Actions that have another name if a request names a version.
const VERSION_ACTIONS: &[(&str, &str)] = &[
    ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    ("s3:GetObject", "s3:GetObjectVersion"),
    ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    ("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
    ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
];

fn of_version(action: &'static str) -> &'static str {
    let mut pairs = VERSION_ACTIONS.iter();
    pairs
        .find(|(plain, _)| *plain == action)
        .map_or(action, |(_, versioned)| versioned)
}

/// The ARN of a bucket.
pub(crate) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// The ARN of an object.
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
            source_ip: RequestContext::of(request).source_ip,
        }
    }

    /// The session token, from a header or from the query of a presigned URL.
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

/// Adapts an [`Access`] to `s3s`, and to the operations.
#[derive(Clone)]
pub(crate) struct S3AccessAdapter(pub(crate) Arc<dyn Access>, pub(crate) Account);

impl S3AccessAdapter {
    pub(crate) async fn permit(
        &self,
        caller: &Caller<'_>,
        action: &str,
        resource_arn: &str,
    ) -> S3Result<()> {
        let Some(access_key) = caller.access_key else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let session_token = caller.session_token();
        let request = AccessRequest {
            access_key,
            session_token: session_token.as_deref(),
            action,
            resource_arn,
            headers: caller.headers,
            query: caller.uri.query(),
            source_ip: caller.source_ip,
        };
        let permitted = self.0.check(&request).await;
        permitted.map_err(|error| s3_error!(AccessDenied, "{error}"))
    }

    /// The [expected owners] of the bucket and of the source's bucket.
    ///
    /// [expected owners]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    fn check_expected_owners(&self, headers: &HeaderMap) -> S3Result<()> {
        for name in [
            "x-amz-expected-bucket-owner",
            "x-amz-source-expected-bucket-owner",
        ] {
            let Some(owner) = headers.get(name) else {
                continue;
            };
            let owner = owner.as_bytes();
            if owner.len() != 12 || !owner.iter().all(u8::is_ascii_digit) {
                let code = S3ErrorCode::Custom("InvalidBucketOwnerAWSAccountID".into());
                let message =
                    "The value of the expected bucket owner parameter must be an AWS account ID";
                let mut error = S3Error::with_message(code, message);
                error.set_status_code(http::StatusCode::BAD_REQUEST);
                return Err(error);
            }
            if owner != self.1.id.as_bytes() {
                return Err(s3_error!(AccessDenied, "Access Denied"));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl S3Auth for S3AccessAdapter {
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
impl S3Access for S3AccessAdapter {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        let operation = request.s3_op().name();
        let Some((_, actions)) = ACTIONS.iter().find(|(name, _)| *name == operation) else {
            return Err(s3_error!(NotImplemented, "{operation} is not implemented"));
        };
        self.check_expected_owners(request.headers())?;
        let context = request
            .extensions_mut()
            .get::<RequestContext>()
            .cloned()
            .unwrap_or_default();
        for (action, resource) in *actions {
            let (action, resource) = match (resource, request.s3_path()) {
                (Resource::Bucket, S3Path::Bucket { bucket }) => (*action, bucket_arn(bucket)),
                (Resource::Object, S3Path::Object { bucket, key }) => {
                    let action = if names_version(request.uri()) {
                        of_version(action)
                    } else {
                        action
                    };
                    let key = context.key.as_deref().unwrap_or(key);
                    (action, object_arn(bucket, key))
                }
                (Resource::CopySource, _) => {
                    let (resource, has_version) = copy_source_arn(request.headers())?;
                    let action = if has_version {
                        of_version(action)
                    } else {
                        action
                    };
                    (action, resource)
                }
                _ => (*action, "*".to_owned()),
            };
            let caller = Caller {
                access_key: request
                    .credentials()
                    .map(|credentials| credentials.access_key.as_str()),
                headers: request.headers(),
                uri: request.uri(),
                source_ip: context.source_ip,
            };
            self.permit(&caller, action, &resource).await?;
        }
        Ok(())
    }
}

fn names_version(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    parameters.any(|parameter| parameter.split('=').next() == Some("versionId"))
}

/// The source of a copy, and whether it names a version.
fn copy_source_arn(headers: &HeaderMap) -> S3Result<(String, bool)> {
    let source = headers
        .get("x-amz-copy-source")
        .and_then(|value| value.to_str().ok());
    match source.map(CopySource::parse) {
        Some(Ok(CopySource::Bucket {
            bucket,
            key,
            version_id,
        })) => Ok((object_arn(&bucket, &key), version_id.is_some())),
        _ => Err(s3_error!(
            InvalidArgument,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )),
    }
}
