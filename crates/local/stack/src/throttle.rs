//! A service's rate limit.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket that holds the calls of one second.
#[derive(Debug)]
pub struct Throttle {
    /// Time that one call takes from the bucket.
    interval: Duration,
    /// When the bucket is full again, at most a second from now.
    full_at: Mutex<Option<Instant>>,
}

impl Throttle {
    /// Admits `calls_per_second`.
    #[must_use]
    pub fn new(calls_per_second: NonZeroU32) -> Self {
        Self {
            interval: Duration::from_secs(1) / calls_per_second.get(),
            full_at: Mutex::default(),
        }
    }

    /// Whether a call at `now` is admitted, which counts it.
    #[must_use]
    pub fn admits(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at.map_or(now, |full_at| full_at.max(now)) + self.interval;
        let admitted = next <= now + Duration::from_secs(1);
        if admitted {
            *full_at = Some(next);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(throttle: &Throttle, at: Instant, calls: usize) -> usize {
        (0..calls).filter(|_| throttle.admits(at)).count()
    }

    #[test]
    fn a_second_of_calls_is_admitted_at_once_and_then_the_rate() {
        let throttle = Throttle::new(NonZeroU32::new(5).unwrap());
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(admitted(&throttle, start, 300), 5);
        assert_eq!(admitted(&throttle, after(199), 9), 0);
        assert_eq!(admitted(&throttle, after(200), 9), 1);
        assert_eq!(admitted(&throttle, after(1000), 9), 4);
        // Unused calls are not saved for longer than a second.
        assert_eq!(admitted(&throttle, after(60_000), 9), 5);
    }
}
