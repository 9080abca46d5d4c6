//! AWS Signature Version 4: verifies requests to the API and to the services other than S3, and signs the gateway's
//! own requests. The canonical request, the string to sign and the signature are those of `aws-sigv4`; S3 verifies its
//! requests itself (`local-s3`).
//!
//! The rules are those of [signed API requests] and of the [elements of a signature].
//!
//! [signed API requests]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
//! [elements of a signature]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SigningKeys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use chrono::NaiveDateTime;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::percent_decode_str;

use crate::access::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// How far a client's clock may be off.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(15);

/// How long a presigned URL may be valid: seven days.
const MAX_EXPIRES: Duration = Duration::from_hours(7 * 24);

/// The query parameters of a signature. The signer adds all but the token.
const ALGORITHM_PARAMETER: &str = "X-Amz-Algorithm";
const CREDENTIAL_PARAMETER: &str = "X-Amz-Credential";
const DATE_PARAMETER: &str = "X-Amz-Date";
const EXPIRES_PARAMETER: &str = "X-Amz-Expires";
const SIGNED_HEADERS_PARAMETER: &str = "X-Amz-SignedHeaders";
const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";
const TOKEN_PARAMETER: &str = "X-Amz-Security-Token";

/// A request's signature and what it claims, from the `Authorization` header or from the query of a presigned URL.
#[derive(Debug, PartialEq, Eq)]
pub struct SigV4Authorization {
    /// Of the caller.
    pub access_key: String,
    /// Region of the credential scope.
    pub region: String,
    /// Service of the credential scope.
    pub service: String,
    /// The token of a role's session.
    pub session_token: Option<String>,
    /// `20261122T130000Z`
    time: String,
    /// The date in the credential scope, `20261122`.
    date: String,
    terminator: String,
    /// Lower-case names.
    signed_headers: Vec<String>,
    signature: String,
    /// How long a presigned URL is valid; absent if the signature is in the header.
    expires: Option<Duration>,
}

/// Why a signature is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages document the variants")]
pub enum SignatureError {
    #[error("Missing Authentication Token")]
    Missing,
    #[error("Authorization requires {0}.")]
    Incomplete(&'static str),
    #[error(
        "Signature expired: {0} is more than 15 minutes, or the time that the URL allows, in the past."
    )]
    Expired(String),
    #[error("Signature not yet current: {0} is more than 15 minutes in the future.")]
    NotYetCurrent(String),
    #[error("X-Amz-Expires must be a number of seconds from 1 to 604800.")]
    Expires,
    #[error("{0}")]
    Scope(String),
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    UnsignedHost,
    #[error("There were headers present in the request which were not signed: {0}.")]
    UnsignedHeader(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields are named as in `http`")]
pub struct SignedParts<'a> {
    pub method: &'a Method,
    /// As sent.
    pub path: &'a str,
    /// As sent, without its `?`.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

impl SigV4Authorization {
    /// Reads the authorization of a request.
    ///
    /// # Errors
    /// [`SignatureError::Missing`], [`SignatureError::Incomplete`], [`SignatureError::Expires`].
    pub fn read(headers: &HeaderMap, query: &str) -> Result<Self, SignatureError> {
        match string(headers, header::AUTHORIZATION.as_str()) {
            Some(authorization) => Self::from_header(authorization, headers),
            None => Self::from_query(query),
        }
    }

    fn from_header(authorization: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let fields = authorization
            .strip_prefix(ALGORITHM)
            .ok_or(SignatureError::Incomplete("the algorithm AWS4-HMAC-SHA256"))?;
        let field = |name: &str, missing| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or(SignatureError::Incomplete(missing))
        };
        Self::new(
            field("Credential", "the field Credential")?,
            string(headers, "x-amz-date").ok_or(SignatureError::Incomplete(
                "the header X-Amz-Date beside it",
            ))?,
            field("SignedHeaders", "the field SignedHeaders")?,
            field("Signature", "the field Signature")?,
            string(headers, "x-amz-security-token"),
            None,
        )
    }

    fn from_query(query: &str) -> Result<Self, SignatureError> {
        let parameters: Vec<(String, String)> = parameters(query).collect();
        let parameter = |name: &str| {
            let mut values = parameters.iter().filter(|(given, _)| given == name);
            values.next().map(|(_, value)| value.as_str())
        };
        let required = |name, missing| parameter(name).ok_or(SignatureError::Incomplete(missing));
        if parameter(ALGORITHM_PARAMETER).ok_or(SignatureError::Missing)? != ALGORITHM {
            return Err(SignatureError::Incomplete("the algorithm AWS4-HMAC-SHA256"));
        }
        let expires = required(EXPIRES_PARAMETER, "the parameter X-Amz-Expires")?
            .parse()
            .map(Duration::from_secs)
            .ok()
            .filter(|expires| (Duration::from_secs(1)..=MAX_EXPIRES).contains(expires))
            .ok_or(SignatureError::Expires)?;
        Self::new(
            required(CREDENTIAL_PARAMETER, "the parameter X-Amz-Credential")?,
            required(DATE_PARAMETER, "the parameter X-Amz-Date")?,
            required(
                SIGNED_HEADERS_PARAMETER,
                "the parameter X-Amz-SignedHeaders",
            )?,
            required(SIGNATURE_PARAMETER, "the parameter X-Amz-Signature")?,
            parameter(TOKEN_PARAMETER),
            Some(expires),
        )
    }

    fn new(
        credential: &str,
        time: &str,
        signed_headers: &str,
        signature: &str,
        session_token: Option<&str>,
        expires: Option<Duration>,
    ) -> Result<Self, SignatureError> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, terminator] = parts[..] else {
            return Err(SignatureError::Incomplete(
                "a credential of the form key/date/region/service/aws4_request",
            ));
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            session_token: session_token.map(str::to_owned),
            time: time.to_owned(),
            date: date.to_owned(),
            terminator: terminator.to_owned(),
            signed_headers: signed_headers
                .split(';')
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: signature.to_owned(),
            expires,
        })
    }

    /// Checks the scope, the time and the signed headers, and compares the signature with the one computed with `secret`.
    /// The body is always part of it: only S3 allows `UNSIGNED-PAYLOAD`.
    ///
    /// # Errors
    /// Any but [`SignatureError::Missing`].
    pub fn verify(
        &self,
        secret: &str,
        (service, region): (&str, &str),
        request: &SignedParts<'_>,
        now: SystemTime,
    ) -> Result<(), SignatureError> {
        self.check_scope(service, region)?;
        let time = self.check_time(now)?;
        self.check_headers(request.headers)?;

        let keys = SigningKeys::new(
            &self.access_key,
            secret,
            // In the headers, the token is a signed header.
            self.session_token
                .clone()
                .filter(|_| self.expires.is_some()),
            None,
            "verification",
        );
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let mut query = request.query.to_owned();
        if self.expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = self.expires;
            query = without_signature(request.query);
        }
        let request = SignedParts {
            query: &query,
            ..*request
        };
        let scope = (self.service.as_str(), self.region.as_str());
        let signed = self.signed_headers.iter().map(String::as_str);
        let body = SignableBody::Bytes(request.body);
        match signature(keys, scope, time, settings, &request, signed, body) {
            Some((_, signature)) if signature == self.signature => Ok(()),
            _ => Err(SignatureError::Mismatch),
        }
    }

    fn check_scope(&self, service: &str, region: &str) -> Result<(), SignatureError> {
        let wrong = if self.terminator != TERMINATOR {
            format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                self.terminator
            )
        } else if self.service != service {
            format!("Credential should be scoped to correct service: '{service}'.")
        } else if self.region != region {
            format!(
                "Credential should be scoped to a valid region, not '{}'; this one is '{region}'.",
                self.region
            )
        } else if self.time.get(..8) != Some(self.date.as_str()) {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{}', from '{}'.",
                self.date,
                self.time.get(..8).unwrap_or_default(),
                self.time
            )
        } else {
            return Ok(());
        };
        Err(SignatureError::Scope(wrong))
    }

    fn check_time(&self, now: SystemTime) -> Result<SystemTime, SignatureError> {
        let time: SystemTime = NaiveDateTime::parse_from_str(&self.time, "%Y%m%dT%H%M%SZ")
            .map_err(|_| SignatureError::Incomplete("a date of the form 20261122T130000Z"))?
            .and_utc()
            .into();
        if time > now + MAX_CLOCK_SKEW {
            return Err(SignatureError::NotYetCurrent(self.time.clone()));
        }
        if now > time + self.expires.unwrap_or(MAX_CLOCK_SKEW) {
            return Err(SignatureError::Expired(self.time.clone()));
        }
        Ok(time)
    }

    /// `host` and every `x-amz-*` header that is sent must be signed.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), SignatureError> {
        let is_signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !is_signed(header::HOST.as_str()) {
            return Err(SignatureError::UnsignedHost);
        }
        let unsigned = headers
            .keys()
            .map(HeaderName::as_str)
            .find(|name| name.starts_with("x-amz-") && !is_signed(name));
        match unsigned {
            Some(name) => Err(SignatureError::UnsignedHeader(name.to_owned())),
            None => Ok(()),
        }
    }
}

/// Adds the headers that sign a request. `host` must be among its headers. A request that cannot be signed is left
/// unsigned, so that the service refuses it.
pub fn sign(
    credentials: &Credentials,
    region: &str,
    service: &str,
    method: &Method,
    (path, query): (&str, &str),
    headers: &mut HeaderMap,
    body: &[u8],
) {
    let keys = SigningKeys::new(
        &credentials.access_key,
        &credentials.secret_key,
        credentials.session_token.clone(),
        None,
        "stack",
    );
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    if service == "s3" {
        // S3 takes the path as it is sent; for every other service it is normalized and encoded again.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    for name in ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
        headers.remove(name);
    }
    let request = SignedParts {
        method,
        path,
        query,
        headers,
        body,
    };
    let names = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| *name == "host" || name.starts_with("x-amz-"));
    let scope = (service, region);
    let Some((instructions, _)) = signature(
        keys,
        scope,
        SystemTime::now(),
        settings,
        &request,
        names,
        SignableBody::Bytes(body),
    ) else {
        tracing::error!(service, path, "a request cannot be signed");
        return;
    };
    for (name, value) in instructions.headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

/// The signature over `signed_headers`, with the headers that it adds; `None` if a header is absent or not ASCII.
fn signature<'a>(
    keys: SigningKeys,
    (service, region): (&str, &str),
    time: SystemTime,
    settings: SigningSettings,
    request: &SignedParts<'_>,
    signed_headers: impl Iterator<Item = &'a str>,
    body: SignableBody<'_>,
) -> Option<(SigningInstructions, String)> {
    let identity = keys.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .ok()?
        .into();
    let headers: Vec<(&str, String)> = signed_headers
        .map(|name| Some((name, joined(request.headers, name)?)))
        .collect::<Option<_>>()?;
    let host = string(request.headers, header::HOST.as_str())?;
    let query = Some(request.query).filter(|query| !query.is_empty());
    let uri = match query {
        Some(query) => format!("http://{host}{}?{query}", request.path),
        None => format!("http://{host}{}", request.path),
    };
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable = SignableRequest::new(request.method.as_str(), uri, headers, body).ok()?;
    let signed = aws_sigv4::http_request::sign(signable, &parameters).ok()?;
    Some(signed.into_parts())
}

/// The values of a header, in one line.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().ok())
        .collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.join(","))
}

fn string<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query.split('&').map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// The query of a presigned URL before it was signed.
fn without_signature(query: &str) -> String {
    let is_of_signature = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        [
            ALGORITHM_PARAMETER,
            CREDENTIAL_PARAMETER,
            DATE_PARAMETER,
            EXPIRES_PARAMETER,
            SIGNED_HEADERS_PARAMETER,
            SIGNATURE_PARAMETER,
            TOKEN_PARAMETER,
        ]
        .contains(&name)
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !is_of_signature(pair))
        .collect();
    kept.join("&")
}

#[cfg(test)]
mod tests;
