//! Environment variables.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// An environment variable that keeps a function from starting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not set, or empty.
    #[error("environment variable {0} is missing")]
    Missing(&'static str),
    /// Its value is not valid.
    #[error("environment variable {name} is {value:?}, not {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is valid.
        expected: String,
    },
}

/// The environment of a function, read by [`std::env::var`] except in tests.
#[derive(Debug)]
pub struct Variables<F>(pub F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// The value of a variable.
    ///
    /// # Errors
    /// It is not set, or empty.
    pub fn string(&self, name: &'static str) -> Result<String, ConfigError> {
        (self.0)(name)
            .filter(|value| !value.is_empty())
            .ok_or(ConfigError::Missing(name))
    }

    /// The value of a variable that is a number.
    ///
    /// # Errors
    /// It is not set, not a number, or out of `range`.
    pub fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &'static str,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.parse(name, &expected, |value| {
            value.parse().ok().filter(|number| range.contains(number))
        })
    }

    /// The value of a variable, read by `parse`; if that returns `None`, the message says what was `expected`.
    ///
    /// # Errors
    /// It is not set, or does not parse.
    pub fn parse<T>(
        &self,
        name: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.string(name)?;
        parse(&value).ok_or_else(|| ConfigError::Malformed {
            name,
            value,
            expected: expected.to_owned(),
        })
    }
}
