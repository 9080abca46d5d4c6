//! S3's event notifications, from a bucket to the topics of its notification configuration
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::SecondsFormat;
use local_s3::{Change, Observer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::access::Caller;
use crate::clock::{iso, now_ms};
use crate::resources::Resources;
use crate::resources::s3::TopicConfiguration;
use crate::sns::{PublishError, Topics};

const SERVICE: &str = "s3.amazonaws.com";
const SUBJECT: &str = "Amazon S3 Notification";

/// Keys are form-encoded: a space is a plus, a slash stays.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

struct Configuration {
    bucket: String,
    topic: TopicConfiguration,
    id: String,
}

/// The maximum pause before a notification is published again.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Publishes the events of buckets to topics.
#[derive(Clone)]
pub struct Notifications {
    configurations: Arc<[Configuration]>,
    topics: Arc<Topics>,
    region: String,
}

impl Notifications {
    /// Enables the notifications that the buckets declare. As on AWS, each topic first gets an `s3:TestEvent`, and a topic
    /// that can't be published to is refused.
    ///
    /// # Errors
    /// A topic that cannot be published to, with S3's message.
    pub fn enable(
        resources: &Resources,
        topics: Arc<Topics>,
        region: &str,
    ) -> anyhow::Result<Self> {
        let mut configurations = Vec::new();
        for bucket in &resources.buckets {
            let topics = bucket.properties.notification_configuration.iter();
            for (index, topic) in topics.flat_map(|all| &all.topic_configurations).enumerate() {
                configurations.push(Configuration {
                    bucket: bucket.physical_id.clone(),
                    topic: topic.clone(),
                    id: format!("{}-{index}", bucket.logical_id),
                });
            }
        }
        let notifications = Self {
            configurations: configurations.into(),
            topics,
            region: region.to_owned(),
        };
        for configuration in &*notifications.configurations {
            let test = json!({
                "Service": "Amazon S3",
                "Event": "s3:TestEvent",
                "Time": iso(now_ms()),
                "Bucket": configuration.bucket,
                "RequestId": uuid::Uuid::new_v4().simple().to_string()[..16].to_uppercase(),
                "HostId": uuid::Uuid::new_v4().simple().to_string(),
            });
            notifications.publish(configuration, &test).map_err(|reason| {
                anyhow::anyhow!(
                    "bucket {}: Unable to validate the following destination configurations: {} ({reason})",
                    configuration.bucket,
                    configuration.topic.topic
                )
            })?;
        }
        Ok(notifications)
    }

    fn publish(
        &self,
        configuration: &Configuration,
        message: &serde_json::Value,
    ) -> Result<(), PublishError> {
        let bucket = Caller::Service {
            name: SERVICE,
            source_arn: &format!("arn:aws:s3:::{}", configuration.bucket),
        };
        self.topics
            .publish(
                bucket,
                &configuration.topic.topic,
                Some(SUBJECT),
                &message.to_string(),
            )
            .map(drop)
    }

    /// Publishes until every subscriber has its copy: as on AWS, some may get several.
    async fn publish_until_delivered(&self, change: Change) {
        for configuration in self.configurations.iter() {
            let wanted = configuration.bucket == change.bucket
                && configuration.topic.matches(change.event_name, &change.key);
            if !wanted {
                continue;
            }
            let message = self.message(configuration, &change);
            let mut pause = Duration::from_millis(50);
            while let Err(error) = self.publish(configuration, &message) {
                tracing::error!(
                    bucket = change.bucket,
                    key = change.key,
                    "a notification cannot be published: {error}"
                );
                if !matches!(error, PublishError::Undelivered(_)) {
                    break;
                }
                tokio::time::sleep(pause).await;
                pause = MAX_PAUSE.min(pause * 2);
            }
        }
    }

    fn message(&self, configuration: &Configuration, change: &Change) -> serde_json::Value {
        let key = utf8_percent_encode(&change.key, FORM)
            .to_string()
            .replace(' ', "+");
        let mut object = json!({"key": key, "sequencer": change.sequencer});
        if change.event_name.starts_with("ObjectCreated") {
            object["size"] = json!(change.size);
            object["eTag"] = json!(change.etag);
        }
        if let Some(version_id) = &change.version_id {
            object["versionId"] = json!(version_id);
        }
        json!({"Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": change.time.to_rfc3339_opts(SecondsFormat::Millis, true),
            "eventName": change.event_name,
            "userIdentity": {"principalId": format!("AWS:{}", change.principal_access_key)},
            "requestParameters": {
                "sourceIPAddress": change.source_ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_string()),
            },
            "responseElements": {"x-amz-request-id": change.request_id, "x-amz-id-2": change.request_id},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration.id,
                "bucket": {
                    "name": change.bucket,
                    "ownerIdentity": {"principalId": "local"},
                    "arn": format!("arn:aws:s3:::{}", change.bucket),
                },
                "object": object,
            },
        }]})
    }
}

#[async_trait]
impl Observer for Notifications {
    async fn changed(&self, change: Change) {
        let notifications = self.clone();
        // In a separate task, which continues if the client that made the change disconnects.
        let published =
            tokio::spawn(async move { notifications.publish_until_delivered(change).await });
        if let Err(error) = published.await {
            tracing::error!("notifications: {error}");
        }
    }
}
