//! `AWS::ApiGateway::*`

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Accepted;

/// `AWS::ApiGateway::RestApi`; its `Body` is read by the crate `api-gateway`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct RestApi {
    /// For the console.
    pub name: Option<String>,
    /// For the console.
    pub description: Accepted,
    /// Everything is on this machine.
    pub endpoint_configuration: Accepted,
    /// This machine always does.
    pub fail_on_warnings: Accepted,
    /// The `OpenAPI` document.
    pub body: serde::de::IgnoredAny,
    /// Joined with the document's.
    #[serde(default)]
    pub binary_media_types: Vec<String>,
    /// For bills.
    pub tags: Accepted,
}

/// `AWS::ApiGateway::Deployment`: what it is a snapshot of is what is running.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Deployment {
    /// The API.
    pub rest_api_id: String,
    /// For people.
    pub description: Accepted,
}

/// `AWS::ApiGateway::Stage`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Stage {
    /// The API.
    pub rest_api_id: String,
    /// The deployment that it serves.
    pub deployment_id: String,
    /// First segment of every path.
    pub stage_name: String,
    /// `$stageVariables`
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Nobody collects segments here.
    pub tracing_enabled: Accepted,
    /// Nobody collects access logs here.
    pub access_log_setting: Accepted,
    /// Metrics, and throttling for the good of an account that isn't here.
    pub method_settings: Accepted,
    /// For people.
    pub description: Accepted,
    /// For bills.
    pub tags: Accepted,
}

/// `AWS::ApiGateway::ApiKey`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ApiKey {
    /// Whether it opens anything.
    #[serde(default)]
    pub enabled: bool,
    /// For the console.
    pub name: Option<String>,
    /// For people.
    pub description: Accepted,
    /// For bills.
    pub tags: Accepted,
}

/// `AWS::ApiGateway::UsagePlan`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct UsagePlan {
    /// What it opens.
    #[serde(default)]
    pub api_stages: Vec<ApiStage>,
    /// For the good of an account that isn't here.
    pub throttle: Accepted,
    /// For the good of an account that isn't here.
    pub quota: Accepted,
    /// For the console.
    pub usage_plan_name: Option<String>,
    /// For people.
    pub description: Accepted,
    /// For bills.
    pub tags: Accepted,
}

/// A stage that a usage plan opens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ApiStage {
    /// The API.
    pub api_id: String,
    /// The stage.
    pub stage: String,
}

/// `AWS::ApiGateway::UsagePlanKey`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct UsagePlanKey {
    /// The key.
    pub key_id: String,
    /// The only kind there is.
    pub key_type: KeyType,
    /// The plan.
    pub usage_plan_id: String,
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum KeyType {
    /// An API key.
    #[serde(rename = "API_KEY")]
    ApiKey,
}
