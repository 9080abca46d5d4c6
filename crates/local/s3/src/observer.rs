//! Notifications of changes.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Is notified of every change of an object.
#[async_trait]
pub trait Observer: Send + Sync {
    /// Called once the change is stored and before the client has its response, so that every acknowledged change has
    /// been announced. The call runs to completion even if the client hangs up. Changes of one key may be announced
    /// in another order than they were stored in, as on AWS; [`Change::sequencer`] has the order.
    async fn changed(&self, change: Change);
}

/// A change of one object, with the fields of its [event message].
///
/// [event message]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The bucket's name.
    pub bucket: String,
    /// The key as it is stored, not encoded.
    pub key: String,
    /// The version that was made or deleted; absent if the bucket has never been versioned.
    pub version_id: Option<String>,
    /// `ObjectCreated:Put`, `ObjectCreated:Post`, `ObjectCreated:Copy`, `ObjectCreated:CompleteMultipartUpload`,
    /// `ObjectRemoved:Delete` or `ObjectRemoved:DeleteMarkerCreated`.
    pub event_name: &'static str,
    /// Bytes; 0 for a removal.
    pub size: u64,
    /// The entity tag without quotes; empty for a removal.
    pub etag: String,
    /// 16 or 18 upper-case hexadecimal digits. Of two changes of a key the later one is greater, once the shorter
    /// sequencer is padded with zeros on the right.
    pub sequencer: String,
    /// When the change was stored.
    pub time: DateTime<Utc>,
    /// The access key that signed the request.
    pub principal_access_key: String,
    /// Where the request came from, if the request carried a [`std::net::SocketAddr`] among its extensions.
    pub source_ip: Option<IpAddr>,
    /// The request's id, as in the response's `x-amz-request-id`.
    pub request_id: String,
}
