//! `AWS::IAM::*`

use serde::Deserialize;

use super::Accepted;

/// `AWS::IAM::Role`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Role {
    pub role_name: Option<String>,
    pub description: Accepted,
    /// The trust policy: who may assume the role.
    pub assume_role_policy_document: serde_json::Value,
    /// The inline policies: what the role may do.
    #[serde(default)]
    pub policies: Vec<InlinePolicy>,
    /// No effect: the roles of the template have no more than the template's policies.
    pub permissions_boundary: Accepted,
    pub tags: Accepted,
}

/// An inline policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct InlinePolicy {
    pub policy_name: String,
    pub policy_document: serde_json::Value,
}
