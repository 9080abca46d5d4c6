//! Latency and faults for the calls that functions make to services.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use local_s3::Body;
use serde_json::json;

use crate::signature::SigV4Authorization;

/// How long a slow call waits.
const SLOW: Duration = Duration::from_secs(3);

/// Faults of services, to test how functions handle them.
///
/// With a service named, its calls fail and none is slow, and events arrive once and immediately; without, some events
/// arrive twice, and some late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The service in the signature's scope (`rekognition`); `None` is every one.
    pub service: Option<String>,
    /// How many calls in a hundred have a fault.
    pub percent: u64,
    /// Chooses the calls.
    pub seed: u64,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Refused, as if there were too many calls.
    Throttled,
    /// Failed before anything was done.
    Failed,
    /// Done, late.
    Slow,
    /// Done, and reported as failed.
    LostResponse,
}

impl Faults {
    /// What happens to call `number`.
    fn of_call(&self, service: &str, number: u64) -> Option<Fault> {
        if self.service.as_deref().is_some_and(|one| one != service) {
            return None;
        }
        let random = mix(self.seed.wrapping_add(number));
        if random % 100 >= self.percent {
            return None;
        }
        let kinds = if self.service.is_some() { 3 } else { 4 };
        Some(match (random >> 32) % kinds {
            0 => Fault::Throttled,
            1 => Fault::Failed,
            2 => Fault::LostResponse,
            _ => Fault::Slow,
        })
    }
}

impl Faults {
    /// For each copy of SNS's message `number`, the delay after which a queue makes it visible.
    pub(crate) fn deliveries(&self, number: u64) -> Vec<Duration> {
        let random = mix(!self.seed ^ number);
        let late = |share: u64, random: u64| {
            if random % 100 < share {
                Duration::from_millis((random >> 8) % 10_000)
            } else {
                Duration::ZERO
            }
        };
        if self.service.is_some() {
            return vec![Duration::ZERO];
        }
        let mut copies = vec![late(4 * self.percent, random)];
        if (random >> 40) % 100 < self.percent {
            copies.push(late(100, mix(random)));
        }
        copies
    }
}

/// splitmix64 (<https://prng.di.unimi.it/splitmix64.c>, public domain).
const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Applies latency and faults to functions' calls.
pub struct FunctionCalls {
    /// What the functions sign with.
    access_keys: HashSet<String>,
    latency: Duration,
    faults: Option<Box<Faults>>,
    calls: AtomicU64,
}

impl FunctionCalls {
    /// Applies them to the calls that are signed with one of these keys.
    pub fn new(
        access_keys: impl IntoIterator<Item = String>,
        latency: Duration,
        faults: Option<Box<Faults>>,
    ) -> Self {
        Self {
            access_keys: access_keys.into_iter().collect(),
            latency,
            faults,
            calls: AtomicU64::new(0),
        }
    }

    /// Handles a request; a function's call first gets its latency and fault.
    pub async fn handle<F: Future<Output = Response<Body>>>(
        &self,
        request: Request<Body>,
        handler: impl FnOnce(Request<Body>) -> F,
    ) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default();
        let service = SigV4Authorization::read(request.headers(), query)
            .ok()
            .filter(|authorization| self.access_keys.contains(&authorization.access_key))
            .map(|authorization| authorization.service);
        let Some(service) = service else {
            return handler(request).await;
        };
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let fault = self
            .faults
            .as_ref()
            .and_then(|faults| faults.of_call(&service, number));
        match fault {
            None => handler(request).await,
            Some(Fault::Throttled) => throttled(&service),
            Some(Fault::Failed) => failed(&service),
            Some(Fault::Slow) => {
                tokio::time::sleep(SLOW).await;
                handler(request).await
            }
            Some(Fault::LostResponse) => {
                handler(request).await;
                failed(&service)
            }
        }
    }
}

/// As each service throttles
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, and the services' "common errors").
fn throttled(service: &str) -> Response<Body> {
    match service {
        "s3" => error(
            service,
            StatusCode::SERVICE_UNAVAILABLE,
            "SlowDown",
            "Please reduce your request rate.",
        ),
        "dynamodb" | "rekognition" => error(
            service,
            StatusCode::BAD_REQUEST,
            "ProvisionedThroughputExceededException",
            "The number of requests exceeded your throughput limit.",
        ),
        _ => error(
            service,
            StatusCode::BAD_REQUEST,
            "ThrottlingException",
            "Rate exceeded",
        ),
    }
}

fn failed(service: &str) -> Response<Body> {
    let code = if service == "s3" {
        "InternalError"
    } else {
        "InternalServerError"
    };
    error(
        service,
        StatusCode::INTERNAL_SERVER_ERROR,
        code,
        "We encountered an internal error. Please try again.",
    )
}

fn error(service: &str, status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let (content_type, body) = if service == "s3" {
        (
            "application/xml",
            format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
        )
    } else {
        (
            "application/x-amz-json-1.0",
            json!({"__type": code, "message": message}).to_string(),
        )
    };
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_as_frequent_as_asked_for_and_of_every_kind() {
        let faults = Faults {
            service: None,
            percent: 5,
            seed: 7,
        };
        let calls: Vec<Fault> = (0..100_000)
            .filter_map(|number| faults.of_call("s3", number))
            .collect();
        assert!((4_700..5_300).contains(&calls.len()), "{}", calls.len());
        for kind in [
            Fault::Throttled,
            Fault::Failed,
            Fault::Slow,
            Fault::LostResponse,
        ] {
            let count = calls.iter().filter(|fault| **fault == kind).count();
            assert!(count > 1_000, "{kind:?}: {count}");
        }
    }

    #[test]
    fn some_messages_are_doubled_and_some_are_late() {
        let faults = Faults {
            service: None,
            percent: 5,
            seed: 7,
        };
        let copies: Vec<Vec<Duration>> = (0..10_000)
            .map(|number| faults.deliveries(number))
            .collect();
        let doubled = copies.iter().filter(|copies| copies.len() == 2).count();
        let late = copies.iter().filter(|copies| !copies[0].is_zero()).count();
        assert!((400..600).contains(&doubled), "{doubled}");
        assert!((1_800..2_200).contains(&late), "{late}");
    }

    #[test]
    fn faults_of_one_service_are_not_those_of_another() {
        let faults = Faults {
            service: Some("rekognition".to_owned()),
            percent: 100,
            seed: 0,
        };
        assert!(faults.of_call("rekognition", 1).is_some());
        assert_eq!(faults.of_call("s3", 1), None);
    }
}
