//! `AWS::ApiGateway::*`

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Accepted;

/// `AWS::ApiGateway::RestApi`; its `Body` is read by the crate `api-gateway`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct RestApi {
    pub name: Option<String>,
    pub description: Accepted,
    /// No effect: there is one machine, and no edge or region.
    pub endpoint_configuration: Accepted,
    /// No effect: warnings never fail a start on this machine.
    pub fail_on_warnings: Accepted,
    /// The `OpenAPI` document.
    pub body: serde::de::IgnoredAny,
    /// In addition to those of the document.
    #[serde(default)]
    pub binary_media_types: Vec<String>,
    pub tags: Accepted,
}

/// `AWS::ApiGateway::Deployment`; the current document always runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Deployment {
    pub rest_api_id: String,
    pub description: Accepted,
}

/// `AWS::ApiGateway::Stage`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Stage {
    pub rest_api_id: String,
    pub deployment_id: String,
    pub stage_name: String,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// No effect: nothing collects traces on this machine.
    pub tracing_enabled: Accepted,
    /// No effect: requests are logged to the terminal.
    pub access_log_setting: Accepted,
    /// No effect: there are no metrics, and no throttling limits of an account.
    pub method_settings: Accepted,
    pub description: Accepted,
    pub tags: Accepted,
}

/// `AWS::ApiGateway::ApiKey`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ApiKey {
    /// A disabled key opens no stage.
    #[serde(default)]
    pub enabled: bool,
    pub name: Option<String>,
    pub description: Accepted,
    pub tags: Accepted,
}

/// `AWS::ApiGateway::UsagePlan`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct UsagePlan {
    /// The stages whose methods accept the plan's keys.
    #[serde(default)]
    pub api_stages: Vec<ApiStage>,
    /// No effect: requests are not throttled or counted on this machine.
    pub throttle: Accepted,
    /// No effect: requests are not throttled or counted on this machine.
    pub quota: Accepted,
    pub usage_plan_name: Option<String>,
    pub description: Accepted,
    pub tags: Accepted,
}

/// A stage that a usage plan opens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ApiStage {
    pub api_id: String,
    pub stage: String,
}

/// `AWS::ApiGateway::UsagePlanKey`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct UsagePlanKey {
    pub key_id: String,
    pub key_type: KeyType,
    pub usage_plan_id: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub enum KeyType {
    #[serde(rename = "API_KEY")]
    ApiKey,
}
