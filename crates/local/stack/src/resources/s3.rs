//! `AWS::S3::*`

use local_s3::{Store, Versioning};
use serde::Deserialize;

use super::Accepted;

/// `AWS::S3::Bucket`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Bucket {
    /// The physical id.
    pub bucket_name: Option<String>,
    /// The topics that events are published to.
    pub notification_configuration: Option<NotificationConfiguration>,
    /// Whether writes and deletes keep earlier versions.
    pub versioning_configuration: Option<VersioningConfiguration>,
    /// No effect: files on this machine are not encrypted.
    pub bucket_encryption: Accepted,
    /// No effect: there are no ACLs on this machine, every bucket is `BucketOwnerEnforced`.
    pub ownership_controls: Accepted,
    /// No effect: nothing on this machine is public, unsigned requests are refused.
    pub public_access_block_configuration: Accepted,
    /// No effect: rules count in days, and a local stack's data is deleted as a folder.
    pub lifecycle_configuration: Accepted,
    /// Tags have no effect on this machine.
    pub tags: Accepted,
}

impl Bucket {
    /// Sets a bucket's versioning as declared. As in CloudFormation, versioning that is no longer declared is suspended,
    /// because S3 cannot remove it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn set_versioning(&self, store: &Store, bucket: &str) -> Result<(), local_s3::Error> {
        let declared = match &self.versioning_configuration {
            Some(configuration) => Some(configuration.status.into()),
            None => store.versioning(bucket)?.map(|_| Versioning::Suspended),
        };
        match declared {
            Some(versioning) => store.set_versioning(bucket, versioning),
            None => Ok(()),
        }
    }
}

/// `VersioningConfiguration` of a bucket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct VersioningConfiguration {
    /// Required by CloudFormation.
    pub status: VersioningStatus,
}

/// `Status` of a versioning configuration.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum VersioningStatus {
    Enabled,
    Suspended,
}

impl From<VersioningStatus> for Versioning {
    fn from(status: VersioningStatus) -> Self {
        match status {
            VersioningStatus::Enabled => Self::Enabled,
            VersioningStatus::Suspended => Self::Suspended,
        }
    }
}

/// `NotificationConfiguration` of a bucket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct NotificationConfiguration {
    /// Each event is published to all that match.
    #[serde(default)]
    pub topic_configurations: Vec<TopicConfiguration>,
}

/// A topic and the events that are published to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TopicConfiguration {
    /// `s3:ObjectCreated:*`
    pub event: String,
    /// The topic's ARN.
    pub topic: String,
    /// All keys, if absent.
    pub filter: Option<Filter>,
}

/// The keys whose events are published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(rename = "S3Key")]
    pub key: KeyFilter,
}

/// `S3KeyFilter`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct KeyFilter {
    /// All must match.
    pub rules: Vec<FilterRule>,
}

/// What a key must begin or end with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct FilterRule {
    pub name: FilterRuleName,
    pub value: String,
}

/// Whether a rule applies to the beginning or the end of a key.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterRuleName {
    Prefix,
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
                FilterRuleName::Prefix => key.starts_with(&rule.value),
                FilterRuleName::Suffix => key.ends_with(&rule.value),
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

    fn is_published(yaml: &str, event: &str, key: &str) -> bool {
        let node = cfn::Node::parse(yaml).unwrap();
        cfn::from_node::<TopicConfiguration>(&node)
            .unwrap()
            .matches(event, key)
    }

    #[test]
    fn a_topic_gets_the_events_that_match() {
        let created = "{Event: 's3:ObjectCreated:*', Topic: t}";
        assert!(is_published(created, "ObjectCreated:Put", "a.jpg"));
        assert!(is_published(
            created,
            "ObjectCreated:CompleteMultipartUpload",
            "a.jpg"
        ));
        assert!(!is_published(created, "ObjectRemoved:Delete", "a.jpg"));
        assert!(!is_published(
            "{Event: 's3:ObjectCreated:Put', Topic: t}",
            "ObjectCreated:Copy",
            "a.jpg"
        ));

        let jpegs = "{Event: 's3:ObjectCreated:*', Topic: t, Filter: {S3Key: {Rules: [\
                     {Name: prefix, Value: in/}, {Name: suffix, Value: .jpg}]}}}";
        assert!(is_published(jpegs, "ObjectCreated:Put", "in/a.jpg"));
        assert!(!is_published(jpegs, "ObjectCreated:Put", "in/a.png"));
        assert!(!is_published(jpegs, "ObjectCreated:Put", "a.jpg"));
    }
}
