//! `AWS::DynamoDB::*`

use serde::{Deserialize, Serialize};

use super::Accepted;

/// `AWS::DynamoDB::Table`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Table {
    /// Physical name.
    pub table_name: Option<String>,
    /// `PAY_PER_REQUEST` or `PROVISIONED`; nothing is throttled here either way.
    pub billing_mode: Option<String>,
    /// Types of the key attributes.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// Partition key, sort key.
    pub key_schema: Vec<KeySchema>,
    /// Indexes: further keys that items can be queried by.
    pub global_secondary_indexes: Option<Vec<GlobalSecondaryIndex>>,
    /// The attribute that holds an item's time of expiry.
    pub time_to_live_specification: Option<TimeToLiveSpecification>,
    /// No effect: there are no backups on this machine.
    pub point_in_time_recovery_specification: Accepted,
    /// No effect: files on this machine are not encrypted.
    #[serde(rename = "SSESpecification")]
    pub sse_specification: Accepted,
    /// No effect: nothing on this machine deletes tables.
    pub deletion_protection_enabled: Accepted,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

/// Type of a key's attribute, in `DynamoDB`'s own form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct AttributeDefinition {
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// A key, in `DynamoDB`'s own form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct KeySchema {
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// An index, in `DynamoDB`'s own form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct GlobalSecondaryIndex {
    pub index_name: String,
    /// Partition key, sort key.
    pub key_schema: Vec<KeySchema>,
    /// The attributes that are projected into it.
    pub projection: Projection,
}

/// The attributes that are projected into an index, in `DynamoDB`'s own form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Projection {
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection_type: String,
    /// With `INCLUDE`, the attributes besides the keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_key_attributes: Option<Vec<String>>,
}

/// When items expire, in `DynamoDB`'s own form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TimeToLiveSpecification {
    /// Holds seconds since 1970.
    pub attribute_name: String,
    pub enabled: bool,
}
