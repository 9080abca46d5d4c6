//! Condition keys: which exist, and their values for a request.

use std::borrow::Cow;

use crate::principal::{Principal, role_of_session};
use crate::{Error, Request};

/// The prefixes of the condition keys that a policy may use. Another prefix is more likely misspelled than absent from
/// every request.
const FAMILIES: [&str; 14] = [
    "aws",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "events",
    "execute-api",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sns",
    "sqs",
    "sts",
];

/// Checks a condition key or policy variable: `family:Name`, or `family:Name/detail`.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'=');
    let family = key
        .split_once(':')
        .filter(|(_, name)| !name.is_empty())
        .map(|(family, _)| family);
    match family {
        Some(family) if key.bytes().all(allowed) => {
            if FAMILIES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(family))
            {
                return Ok(());
            }
            Err(Error::new(format!(
                "the condition key family {family}: is not known"
            )))
        }
        _ => Err(Error::new(format!("{key} is not a condition key"))),
    }
}

/// The values that a key has in a request; `None` if it has none.
///
/// The request's context takes precedence; a few keys are derived from the principal.
pub(crate) fn values<'r>(request: &Request<'r>, key: &str) -> Option<Vec<Cow<'r, str>>> {
    let given = request
        .context
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key));
    if let Some((_, values)) = given {
        let values: Vec<_> = values
            .iter()
            .map(|value| Cow::Borrowed(value.as_str()))
            .collect();
        return (!values.is_empty()).then_some(values);
    }
    let value = match (key.to_ascii_lowercase().as_str(), request.principal) {
        ("aws:principalarn", Principal::Aws { arn, .. }) => match role_of_session(arn) {
            Some(role) => Cow::Owned(role),
            None => Cow::Borrowed(arn),
        },
        ("aws:principalaccount", Principal::Aws { account, .. }) => Cow::Borrowed(account),
        ("aws:principalisawsservice", Principal::Service(_)) => Cow::Borrowed("true"),
        ("aws:principalisawsservice", _) => Cow::Borrowed("false"),
        ("aws:principalservicename", Principal::Service(name)) => Cow::Borrowed(name),
        _ => return None,
    };
    Some(vec![value])
}
