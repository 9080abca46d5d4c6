//! AWS STS.

use serde_json::json;

use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::environment::ACCOUNT;

/// AWS STS with `GetCallerIdentity`.
pub struct Sts;

#[async_trait::async_trait]
impl Service for Sts {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        match call.action {
            // No permissions are required:
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
            "GetCallerIdentity" => Ok(Output::Value(json!({
                "Arn": call.caller.arn,
                "UserId": call.caller.credentials.access_key,
                "Account": ACCOUNT,
            }))),
            _ => Err(call.unsupported("STS")),
        }
    }
}
