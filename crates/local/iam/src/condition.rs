//! Condition operators.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value;

use crate::context::{self, check_key};
use crate::pattern::{Pattern, Syntax};
use crate::strings::strings;
use crate::{Error, Request};

/// One operator on one key.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    key: String,
    quantifier: Quantifier,
    if_exists: bool,
    /// The operator is negated: no value may match.
    negated: bool,
    comparison: Comparison,
}

/// Set operators for multivalued keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    One,
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone)]
enum Comparison {
    Text(Vec<Pattern>),
    TextIgnoringCase(Vec<Pattern>),
    Arn(Vec<[Pattern; 6]>),
    Bool(Vec<bool>),
    Number(fn(f64, f64) -> bool, Vec<f64>),
    Address(Vec<Network>),
    /// `Null`: the key must be absent, or must be present.
    Absent(bool),
}

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Reads a `Condition` element.
pub(crate) fn read(value: &Value, variables: bool) -> Result<Vec<Condition>, Error> {
    let malformed = || Error::new("a condition is a map of operators to maps of keys to values");
    let mut conditions = Vec::new();
    for (operator, keys) in value.as_object().ok_or_else(malformed)? {
        for (key, values) in keys.as_object().ok_or_else(malformed)? {
            let condition = || {
                check_key(key)?;
                Condition::read(operator, key, &strings(values)?, variables)
            };
            let condition = condition().map_err(|error| error.within(key).within(operator));
            conditions.push(condition?);
        }
    }
    Ok(conditions)
}

impl Condition {
    fn read(operator: &str, key: &str, values: &[String], variables: bool) -> Result<Self, Error> {
        let (quantifier, name) = if let Some(name) = operator.strip_prefix("ForAllValues:") {
            (Quantifier::ForAllValues, name)
        } else if let Some(name) = operator.strip_prefix("ForAnyValue:") {
            (Quantifier::ForAnyValue, name)
        } else {
            (Quantifier::One, operator)
        };
        let (if_exists, name) = match name.strip_suffix("IfExists") {
            Some(name) => (true, name),
            None => (false, name),
        };
        if name == "Null" && (if_exists || quantifier != Quantifier::One) {
            return Err(Error::new("Null takes neither IfExists nor a set operator"));
        }
        let negated = matches!(name, "NotIpAddress") || name.contains("Not");
        let comparison = Comparison::read(name, values, variables)?;
        Ok(Self {
            key: key.to_owned(),
            quantifier,
            if_exists,
            negated,
            comparison,
        })
    }

    /// The condition key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the condition holds. If the key is absent, a positive operator doesn't hold and a negated one does;
    /// `IfExists` and `ForAllValues` hold, `ForAnyValue` doesn't ("Condition operators", "Set operators for multivalued
    /// context keys").
    pub(crate) fn holds(&self, request: &Request<'_>) -> bool {
        let values = context::values(request, &self.key);
        if let Comparison::Absent(absent) = self.comparison {
            return values.is_none() == absent;
        }
        let Some(values) = values else {
            return match self.quantifier {
                _ if self.if_exists => true,
                Quantifier::One => self.negated,
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => false,
            };
        };
        let mut fits = values
            .iter()
            .map(|value| self.comparison.matches(value, request) != self.negated);
        match self.quantifier {
            Quantifier::ForAllValues => fits.all(|fits| fits),
            // A negated operator must hold for all operands, a positive one for any.
            Quantifier::One if self.negated => fits.all(|fits| fits),
            Quantifier::One | Quantifier::ForAnyValue => fits.any(|fits| fits),
        }
    }
}

impl Comparison {
    fn read(name: &str, values: &[String], variables: bool) -> Result<Self, Error> {
        let patterns = |wildcards| {
            let syntax = Syntax {
                wildcards,
                variables,
            };
            values
                .iter()
                .map(|text| Pattern::read(text, syntax))
                .collect::<Result<Vec<_>, _>>()
        };
        let numbers = || {
            let number = |text: &String| {
                text.parse()
                    .map_err(|_| Error::new(format!("{text} is not a number")))
            };
            values.iter().map(number).collect::<Result<Vec<f64>, _>>()
        };
        let bools = || {
            values
                .iter()
                .map(|text| boolean(text))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match name {
            "StringEquals" | "StringNotEquals" => Self::Text(patterns(false)?),
            "StringLike" | "StringNotLike" => Self::Text(patterns(true)?),
            "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => {
                Self::TextIgnoringCase(patterns(false)?)
            }
            // `ArnEquals` and `ArnLike` are the same: both allow wildcards, part by part.
            "ArnEquals" | "ArnLike" | "ArnNotEquals" | "ArnNotLike" => {
                let parts = |(pattern, text): (Pattern, &String)| {
                    pattern
                        .parts()
                        .ok_or_else(|| Error::new(format!("{text} is not an ARN of six parts")))
                };
                Self::Arn(
                    patterns(true)?
                        .into_iter()
                        .zip(values)
                        .map(parts)
                        .collect::<Result<_, _>>()?,
                )
            }
            "Bool" => Self::Bool(bools()?),
            "NumericEquals" | "NumericNotEquals" => Self::Number(
                |value, operand| value.partial_cmp(&operand).is_some_and(Ordering::is_eq),
                numbers()?,
            ),
            "NumericLessThan" => Self::Number(|value, operand| value < operand, numbers()?),
            "NumericLessThanEquals" => Self::Number(|value, operand| value <= operand, numbers()?),
            "NumericGreaterThan" => Self::Number(|value, operand| value > operand, numbers()?),
            "NumericGreaterThanEquals" => {
                Self::Number(|value, operand| value >= operand, numbers()?)
            }
            "IpAddress" | "NotIpAddress" => Self::Address(
                values
                    .iter()
                    .map(|text| Network::read(text))
                    .collect::<Result<_, _>>()?,
            ),
            "Null" => match bools()?.as_slice() {
                [absent] => Self::Absent(*absent),
                _ => return Err(Error::new("Null takes one value")),
            },
            other => {
                let message = format!("the condition operator {other} is not supported");
                return Err(Error::new(message));
            }
        })
    }

    /// Whether one of the operands matches a value.
    fn matches(&self, value: &str, request: &Request<'_>) -> bool {
        match self {
            Self::Text(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches(value, request)),
            Self::TextIgnoringCase(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches_ignoring_case(value, request)),
            Self::Arn(patterns) => {
                let parts: Vec<_> = value.splitn(6, ':').collect();
                let matches = |pattern: &[Pattern; 6]| {
                    parts.len() == 6
                        && pattern
                            .iter()
                            .zip(&parts)
                            .all(|(part, text)| part.matches(text, request))
                };
                patterns.iter().any(matches)
            }
            Self::Bool(bools) => boolean(value).is_ok_and(|value| bools.contains(&value)),
            Self::Number(fits, operands) => value
                .parse()
                .is_ok_and(|value: f64| operands.iter().any(|operand| fits(value, *operand))),
            Self::Address(networks) => value
                .parse()
                .is_ok_and(|address| networks.iter().any(|network| network.has(address))),
            // Decided by `holds`, without a value.
            Self::Absent(_) => false,
        }
    }
}

fn boolean(text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::new(format!("{text} is neither true nor false"))),
    }
}

impl Network {
    fn read(text: &str) -> Result<Self, Error> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let network = || {
            let address: IpAddr = address.parse().ok()?;
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok())?;
            (prefix <= bits).then_some(Self { address, prefix })
        };
        network().ok_or_else(|| Error::new(format!("{text} is not an IP address or range")))
    }

    fn has(self, address: IpAddr) -> bool {
        // A prefix of zero bits matches every address; shifting by the full width would overflow.
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let differ = a.to_bits() ^ b.to_bits();
                differ.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let differ = a.to_bits() ^ b.to_bits();
                differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
