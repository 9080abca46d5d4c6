//! The queue that messages come from.

use std::future::Future;
use std::time::Duration;

use aws_sdk_sqs::Client;
use events::Receipt;

/// The longest delay before a message is delivered again.
const MAX_DELAY: Duration = Duration::from_mins(15);

/// What a function needs of its queue.
pub trait Queue {
    /// Has a message that this invocation received delivered again after `delay`, instead of after the queue's
    /// visibility timeout.
    fn delay(
        &self,
        receipt: &Receipt,
        delay: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// A message's visibility could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The event source is not a queue.
    #[error("{0:?} is not the ARN of a queue")]
    Arn(String),
    /// SQS failed.
    #[error("visibility of a message of {queue_url} cannot be changed")]
    Sqs {
        /// The queue.
        queue_url: String,
        /// The SDK's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// SQS.
#[derive(Clone, Debug)]
pub struct Sqs {
    client: Client,
}

impl Sqs {
    /// Whatever queue the messages come from.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Queue for Sqs {
    async fn delay(&self, receipt: &Receipt, delay: Duration) -> Result<(), QueueError> {
        let queue_url = queue_url(&receipt.queue_arn)
            .ok_or_else(|| QueueError::Arn(receipt.queue_arn.clone()))?;
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        self.client
            .change_message_visibility()
            .queue_url(&queue_url)
            .receipt_handle(&receipt.handle)
            .visibility_timeout(seconds)
            .send()
            .await
            .map(drop)
            .map_err(|source| QueueError::Sqs {
                queue_url,
                source: source.into(),
            })
    }
}

/// `https://sqs.eu-central-1.amazonaws.com/123456789012/queue` of `arn:aws:sqs:eu-central-1:123456789012:queue`.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
fn queue_url(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let ("arn", partition, "sqs") = (parts.next()?, parts.next()?, parts.next()?) else {
        return None;
    };
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let suffix = match partition {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    Some(format!("https://sqs.{region}.{suffix}/{account}/{name}"))
}

/// How long a message waits after `receive_count` receives: a random time between half and all of a ceiling that doubles
/// from 4 seconds to 15 minutes. A hundred receives then take a day.
pub(crate) fn backoff(receive_count: u32) -> Duration {
    let exponent = receive_count.clamp(1, 10) + 1;
    let ceiling = MAX_DELAY.min(Duration::from_secs(1 << exponent));
    ceiling.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_the_address_of_its_region() {
        for (arn, url) in [
            (
                "arn:aws:sqs:eu-central-1:123456789012:queue",
                "https://sqs.eu-central-1.amazonaws.com/123456789012/queue",
            ),
            (
                "arn:aws-cn:sqs:cn-north-1:123456789012:queue",
                "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/queue",
            ),
            (
                "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:queue",
                "https://sqs.us-gov-west-1.amazonaws.com/123456789012/queue",
            ),
        ] {
            assert_eq!(queue_url(arn).as_deref(), Some(url));
        }
        for arn in ["", "queue", "arn:aws:sns:eu-central-1:123456789012:topic"] {
            assert_eq!(queue_url(arn), None);
        }
    }

    #[test]
    fn delays_grow_to_a_quarter_of_an_hour() {
        for (receive_count, max) in [
            (0, 4),
            (1, 4),
            (2, 8),
            (5, 64),
            (8, 512),
            (9, 900),
            (100, 900),
        ] {
            for _ in 0..100 {
                let delay = backoff(receive_count).as_secs_f64();
                let max = f64::from(max);
                assert!(
                    (max / 2.0..=max).contains(&delay),
                    "{receive_count}: {delay}"
                );
            }
        }
    }
}
