//! `AWS::S3::*`

use serde::Deserialize;

use super::Accepted;

/// `AWS::S3::Bucket`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Bucket {
    /// Physical name.
    pub bucket_name: Option<String>,
    /// Who is told of what happens to objects.
    pub notification_configuration: Option<NotificationConfiguration>,
    /// How deletes are announced. Old versions are not kept here: nothing in a stack reads one.
    pub versioning_configuration: Option<VersioningConfiguration>,
    /// At rest, files are as safe as this machine's disk.
    pub bucket_encryption: Accepted,
    /// There are no ACLs here: every bucket is `BucketOwnerEnforced`.
    pub ownership_controls: Accepted,
    /// Nothing here is public: unsigned requests are refused.
    pub public_access_block_configuration: Accepted,
    /// Nothing expires here while a person watches.
    pub lifecycle_configuration: Accepted,
    /// For bills.
    pub tags: Accepted,
}

/// Whether a change keeps what was there before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct VersioningConfiguration {
    /// Either way a delete leaves a marker.
    pub status: VersioningStatus,
}

/// Whether new versions are made.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum VersioningStatus {
    /// They are.
    Enabled,
    /// They were once.
    Suspended,
}

/// Who is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct NotificationConfiguration {
    /// Topics.
    #[serde(default)]
    pub topic_configurations: Vec<TopicConfiguration>,
}

/// A topic that is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TopicConfiguration {
    /// `s3:ObjectCreated:*`
    pub event: String,
    /// The topic's ARN.
    pub topic: String,
    /// Which keys.
    pub filter: Option<Filter>,
}

/// Which keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// By name.
    #[serde(rename = "S3Key")]
    pub key: KeyFilter,
}

/// By name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct KeyFilter {
    /// All must hold.
    pub rules: Vec<FilterRule>,
}

/// How a key begins or ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct FilterRule {
    /// Which end.
    pub name: FilterEnd,
    /// What it is.
    pub value: String,
}

/// Which end of a key.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterEnd {
    /// How it begins.
    Prefix,
    /// How it ends.
    Suffix,
}

impl TopicConfiguration {
    /// Whether `event_name` (`ObjectCreated:Put`) on `key` is announced.
    #[must_use]
    pub fn matches(&self, event_name: &str, key: &str) -> bool {
        let wanted = self.event.strip_prefix("s3:").unwrap_or(&self.event);
        let named = match wanted.strip_suffix('*') {
            Some(beginning) => event_name.starts_with(beginning),
            None => event_name == wanted,
        };
        let rules = self.filter.iter().flat_map(|filter| &filter.key.rules);
        named
            && rules.into_iter().all(|rule| match rule.name {
                FilterEnd::Prefix => key.starts_with(&rule.value),
                FilterEnd::Suffix => key.ends_with(&rule.value),
            })
    }
}

/// `AWS::S3::BucketPolicy`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct BucketPolicy {
    /// The bucket's name.
    pub bucket: String,
    /// The policy.
    pub policy_document: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str, event: &str, key: &str) -> bool {
        let node = cfn::Node::parse(yaml).unwrap();
        cfn::from_node::<TopicConfiguration>(&node)
            .unwrap()
            .matches(event, key)
    }

    #[test]
    fn a_topic_is_told_what_it_asked_for() {
        let created = "{Event: 's3:ObjectCreated:*', Topic: t}";
        assert!(told(created, "ObjectCreated:Put", "a.jpg"));
        assert!(told(
            created,
            "ObjectCreated:CompleteMultipartUpload",
            "a.jpg"
        ));
        assert!(!told(created, "ObjectRemoved:Delete", "a.jpg"));
        assert!(!told(
            "{Event: 's3:ObjectCreated:Put', Topic: t}",
            "ObjectCreated:Copy",
            "a.jpg"
        ));

        let jpegs = "{Event: 's3:ObjectCreated:*', Topic: t, Filter: {S3Key: {Rules: [\
                     {Name: prefix, Value: in/}, {Name: suffix, Value: .jpg}]}}}";
        assert!(told(jpegs, "ObjectCreated:Put", "in/a.jpg"));
        assert!(!told(jpegs, "ObjectCreated:Put", "in/a.png"));
        assert!(!told(jpegs, "ObjectCreated:Put", "a.jpg"));
    }
}
