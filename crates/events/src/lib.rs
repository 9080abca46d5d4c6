//! What happened to which object: SNS envelopes of S3 notifications, decoded
