//! Authorization: what the gateway needs of the holder of credentials and API keys.

use crate::Request;

/// Decides whether a caller may call.
pub trait Authorizer: Send + Sync {
    /// `AWS_IAM`: verifies the request's signature (version 4, service `execute-api`), then checks that its signer has
    /// `execute-api:Invoke` on `method_arn`.
    ///
    /// # Errors
    /// Why the caller may not call.
    fn iam(&self, request: &Request, method_arn: &str) -> Result<Caller, AuthorizationError>;

    /// Checks that the API key in the header `x-api-key` belongs to a usage plan of the stage, within its limits.
    ///
    /// # Errors
    /// [`AuthorizationError::InvalidApiKey`], [`AuthorizationError::Throttled`], [`AuthorizationError::QuotaExceeded`].
    fn api_key(&self, key: Option<&str>) -> Result<ApiKey, AuthorizationError>;
}

/// The signer of a request, as in `$context.identity`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// `$context.identity.userArn`.
    pub arn: String,
    /// `$context.identity.accountId`.
    pub account_id: String,
    /// `$context.identity.user` and `.caller`: the principal's unique id.
    pub user_id: String,
    /// `$context.identity.accessKey`.
    pub access_key: String,
}

/// The key that was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKey {
    /// `$context.identity.apiKeyId`.
    pub id: String,
    /// `$context.identity.apiKey`.
    pub value: String,
}

/// Why a caller may not call. Messages reach the client, as on AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// No signature.
    #[error("missing authentication token")]
    MissingAuthenticationToken,
    /// A signature without all of its parts.
    #[error("incomplete signature: {0}")]
    IncompleteSignature(String),
    /// A signature that does not match, or is out of date.
    #[error("invalid signature: {0}")]
    InvalidSignature(String),
    /// An unknown access key or session token.
    #[error("unrecognised client: {0}")]
    UnrecognizedClient(String),
    /// A session that has expired.
    #[error("expired token: {0}")]
    ExpiredToken(String),
    /// A known caller without permission.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// No API key, or one that is in no usage plan of the stage.
    #[error("invalid API key")]
    InvalidApiKey,
    /// Over the usage plan's rate.
    #[error("throttled")]
    Throttled,
    /// Over the usage plan's quota.
    #[error("quota exceeded")]
    QuotaExceeded,
}
