//! S3's checks of scope, signed headers and lifetime; `s3s` verifies the signature itself.
//!
//! See [authenticating requests], and the [error responses].
//!
//! [authenticating requests]: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
//! [error responses]: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

use http::{HeaderMap, HeaderValue, header};
use percent_encoding::percent_decode_str;
use s3s::{S3Error, S3ErrorCode, s3_error};

/// How long a presigned URL may be valid: seven days.
const MAX_EXPIRES_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Why a signature is refused, with S3's additions to the error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: S3Error,
    /// An element of the error's XML.
    pub(crate) detail: Option<(&'static str, String)>,
}

impl From<S3Error> for Refusal {
    fn from(error: S3Error) -> Self {
        Self {
            error,
            detail: None,
        }
    }
}

/// Where a signature is; the error's code and the beginning of its message depend on it.
#[derive(Clone, Copy)]
enum Location {
    Header,
    Query,
}

/// Checks the signature of a request to the buckets of a region. An unsigned request passes.
pub(crate) fn check(headers: &HeaderMap, query: &str, region: &str) -> Result<(), Refusal> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match authorization {
        Some(authorization) => check_header(authorization, headers, region),
        None => check_query(query, headers, region),
    }
}

fn check_header(authorization: &str, headers: &HeaderMap, region: &str) -> Result<(), Refusal> {
    if authorization.starts_with("AWS ") {
        return Err(not_version_4());
    }
    let field = |name: &str| {
        let (_, fields) = authorization.split_once(' ')?;
        fields
            .split(',')
            .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(credential), Some(signed)) = (field("Credential"), field("SignedHeaders")) else {
        // `s3s` refuses a value that it cannot parse.
        return Ok(());
    };
    let time = headers
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok());
    let time = time.unwrap_or_default();
    check_scope(Location::Header, credential, time, region)?;
    check_signed_headers(headers, signed)
}

fn check_query(query: &str, headers: &HeaderMap, region: &str) -> Result<(), Refusal> {
    let has = |beginning| query.split('&').any(|pair| pair.starts_with(beginning));
    if has("AWSAccessKeyId=") {
        return Err(not_version_4());
    }
    if !has("X-Amz-") {
        return Ok(());
    }
    let parameter = |name: &str| {
        query.split('&').find_map(|pair| {
            let (given, value) = pair.split_once('=')?;
            (given == name).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
        })
    };
    let (Some(_), Some(credential), Some(_), Some(time), Some(signed), Some(expires)) = (
        parameter("X-Amz-Algorithm"),
        parameter("X-Amz-Credential"),
        parameter("X-Amz-Signature"),
        parameter("X-Amz-Date"),
        parameter("X-Amz-SignedHeaders"),
        parameter("X-Amz-Expires"),
    ) else {
        return Err(s3_error!(
            AuthorizationQueryParametersError,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
        .into());
    };
    check_expires(&expires)?;
    check_scope(Location::Query, &credential, &time, region)?;
    check_signed_headers(headers, &signed)
}

/// Buckets created after June 24, 2020 support no other version:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingAWSSDK.html#UsingAWSSDK-sig2-deprecation>.
fn not_version_4() -> Refusal {
    s3_error!(
        InvalidRequest,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )
    .into()
}

fn check_expires(expires: &str) -> Result<(), Refusal> {
    let message = match expires.parse::<i64>() {
        Err(_) => "X-Amz-Expires should be a number",
        Ok(seconds) if seconds < 0 => "X-Amz-Expires must be non-negative",
        Ok(seconds) if seconds > MAX_EXPIRES_SECONDS => {
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds"
        }
        Ok(_) => return Ok(()),
    };
    Err(S3Error::with_message(S3ErrorCode::AuthorizationQueryParametersError, message).into())
}

fn check_scope(
    location: Location,
    credential: &str,
    time: &str,
    region: &str,
) -> Result<(), Refusal> {
    let (code, subject) = match location {
        Location::Header => (
            S3ErrorCode::AuthorizationHeaderMalformed,
            "The authorization header is malformed",
        ),
        Location::Query => (
            S3ErrorCode::AuthorizationQueryParametersError,
            "Error parsing the X-Amz-Credential parameter",
        ),
    };
    let parts: Vec<&str> = credential.split('/').collect();
    let fault = match parts[..] {
        [_, _, _, service, _] if service != "s3" => {
            format!("incorrect service \"{service}\". This endpoint belongs to \"s3\".")
        }
        [_, _, _, _, terminator] if terminator != "aws4_request" => {
            format!("incorrect terminal \"{terminator}\". This endpoint uses \"aws4_request\".")
        }
        [_, date, _, _, _] if time.get(..8) != Some(date) => {
            format!("Invalid credential date \"{date}\". This date is not the same as X-Amz-Date: \"{time}\".")
        }
        [_, _, given, _, _] if given != region => {
            format!("the region '{given}' is wrong; expecting '{region}'")
        }
        [_, _, _, _, _] => return Ok(()),
        _ => "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
            .to_owned(),
    };
    let mut error = S3Error::with_message(code, format!("{subject}; {fault}"));
    // Clients sign again for the region in this header.
    let mut headers = HeaderMap::new();
    if let Ok(region) = HeaderValue::from_str(region) {
        headers.insert("x-amz-bucket-region", region);
    }
    error.set_headers(headers);
    Err(Refusal {
        error,
        detail: Some(("Region", region.to_owned())),
    })
}

/// `host` and every `x-amz-*` header must be signed.
fn check_signed_headers(headers: &HeaderMap, signed: &str) -> Result<(), Refusal> {
    let is_signed = |name: &str| {
        signed
            .split(';')
            .any(|signed| signed.eq_ignore_ascii_case(name))
    };
    let amz = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-"));
    let unsigned: Vec<&str> = std::iter::once("host")
        .chain(amz)
        .filter(|name| !is_signed(name))
        .collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        error: s3_error!(
            AccessDenied,
            "There were headers present in the request which were not signed"
        ),
        detail: Some(("HeadersNotSigned", unsigned.join(", "))),
    })
}
