//! `AWS::IAM::*`

use serde::Deserialize;

use super::Accepted;

/// `AWS::IAM::Role`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Role {
    /// Physical name.
    pub role_name: Option<String>,
    /// For people.
    pub description: Accepted,
    /// Who may take it.
    pub assume_role_policy_document: serde_json::Value,
    /// What who takes it may do.
    #[serde(default)]
    pub policies: Vec<InlinePolicy>,
    /// For bills.
    pub tags: Accepted,
}

/// A policy that belongs to one role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct InlinePolicy {
    /// Its name.
    pub policy_name: String,
    /// The policy.
    pub policy_document: serde_json::Value,
}
