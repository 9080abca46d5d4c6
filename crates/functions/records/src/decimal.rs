//! Numbers with four decimals.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const ONE: i32 = 10_000;

/// A number in ten-thousandths: it is the same in JSON, in `DynamoDB` and in a sort key, and survives each round trip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i32);

impl Decimal {
    /// Rounds to four decimals. NaN becomes 0; a value out of range, the end of the range.
    #[must_use]
    pub fn new(value: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast to an integer saturates"
        )]
        Self((value * f64::from(ONE)).round() as i32)
    }

    /// A confidence: rounded, from 0 to 100.
    #[must_use]
    pub fn percentage(value: f64) -> Self {
        Self(Self::new(value).0.clamp(0, 100 * ONE))
    }

    /// `098.7100`: of fixed width, so that string order is numeric order. For numbers from 0 to 999.
    pub(crate) fn sortable(self) -> String {
        let digits = self.0.clamp(0, 1000 * ONE - 1);
        format!("{:03}.{:04}", digits / ONE, digits % ONE)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let fraction = format!("{:04}", value % one);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{}", value / one),
            fraction => write!(f, "{sign}{}.{fraction}", value / one),
        }
    }
}

impl FromStr for Decimal {
    type Err = std::num::ParseFloatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % ONE == 0 {
            serializer.serialize_i32(self.0 / ONE)
        } else {
            serializer.serialize_f64(f64::from(self.0) / f64::from(ONE))
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}
