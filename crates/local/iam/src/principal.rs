//! Principals: the caller of a request, and those named in a policy.

use serde_json::Value;

use crate::Error;
use crate::strings::strings;

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A user, role, role session or account.
    Aws {
        /// Its ARN: `arn:aws:iam::…:user/name`, `arn:aws:sts::…:assumed-role/role/session`, …
        arn: &'a str,
        /// Its account, 12 digits.
        account: &'a str,
    },
    /// An AWS service, such as `s3.amazonaws.com`.
    Service(&'a str),
    /// A caller without credentials.
    Anonymous,
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone)]
pub(crate) enum Principals {
    Named(Vec<Named>),
    AllBut(Vec<Named>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Named {
    Everyone,
    Account(String),
    Arn(String),
    Service(String),
}

/// How a statement names the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    No,
    /// By its account: the account's identity-based policies must allow the request, too.
    Account,
    Direct,
}

impl Principals {
    pub(crate) fn fit(&self, principal: Principal<'_>) -> Fit {
        match self {
            Self::Named(named) => named
                .iter()
                .map(|one| one.fit(principal))
                .max()
                .unwrap_or(Fit::No),
            Self::AllBut(named) if exempt(named, principal) => Fit::No,
            Self::AllBut(_) => Fit::Direct,
        }
    }
}

impl Named {
    fn fit(&self, principal: Principal<'_>) -> Fit {
        let direct = match (self, principal) {
            (Self::Everyone, _) => true,
            (Self::Service(named), Principal::Service(name)) => named == name,
            (Self::Account(named), Principal::Aws { arn, account }) if named == account => {
                return if arn.ends_with(":root") {
                    Fit::Direct
                } else {
                    Fit::Account
                };
            }
            (Self::Arn(named), Principal::Aws { arn, .. }) => {
                named == arn || role_of_session(arn).is_some_and(|role| same_role(named, &role))
            }
            _ => false,
        };
        if direct { Fit::Direct } else { Fit::No }
    }
}

/// The ARN of the role of `arn:…:sts::…:assumed-role/role/session`, without the role's path, which sessions' ARNs omit.
pub(crate) fn role_of_session(arn: &str) -> Option<String> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":sts::")?;
    let (account, resource) = rest.split_once(':')?;
    let (role, _session) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// Whether a role's ARN, which includes its path, is that of a session's role, whose ARN has no path.
fn same_role(named: &str, role: &str) -> bool {
    let split = |arn: &'_ str| -> Option<(usize, usize)> {
        let resource = arn.find(":role/")?;
        Some((resource, arn.rfind('/')?))
    };
    match (split(named), split(role)) {
        (Some((a, a_name)), Some((b, b_name))) => {
            named[..a] == role[..b] && named[a_name..] == role[b_name..]
        }
        _ => false,
    }
}

/// `NotPrincipal` excludes only a caller that it names in full: a session by session, role and account, a user by user
/// and account ("IAM JSON policy elements: `NotPrincipal`").
fn exempt(named: &[Named], principal: Principal<'_>) -> bool {
    let listed = |one: &Named| named.contains(one);
    match principal {
        _ if listed(&Named::Everyone) => true,
        Principal::Anonymous => false,
        Principal::Service(name) => listed(&Named::Service(name.to_owned())),
        Principal::Aws { arn, account } => {
            let role = role_of_session(arn);
            let role_named = role.is_none_or(|role| {
                named
                    .iter()
                    .any(|one| matches!(one, Named::Arn(arn) if same_role(arn, &role)))
            });
            let account_named = listed(&Named::Account(account.to_owned()));
            account_named
                && role_named
                && (listed(&Named::Arn(arn.to_owned())) || arn.ends_with(":root"))
        }
    }
}

/// Reads the value of either element.
pub(crate) fn read(value: &Value) -> Result<Vec<Named>, Error> {
    if value == "*" {
        return Ok(vec![Named::Everyone]);
    }
    let kinds = value
        .as_object()
        .filter(|kinds| !kinds.is_empty())
        .ok_or_else(|| Error::new("a principal is \"*\" or a map of AWS or Service"))?;
    let mut named = Vec::new();
    for (kind, names) in kinds {
        let strings = strings(names).map_err(|error| error.within(kind))?;
        for name in strings {
            let one = match kind.as_str() {
                "AWS" => aws(&name),
                "Service" if name.contains('*') => {
                    Err(Error::new("a service is named without wildcards"))
                }
                "Service" => Ok(Named::Service(name)),
                other => {
                    let message = format!("the principal type {other} is not supported");
                    return Err(Error::new(message));
                }
            };
            named.push(one.map_err(|error| error.within(kind))?);
        }
    }
    Ok(named)
}

fn aws(name: &str) -> Result<Named, Error> {
    if name == "*" {
        return Ok(Named::Everyone);
    }
    if name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Named::Account(name.to_owned()));
    }
    let parts: Vec<_> = name.splitn(6, ':').collect();
    match parts.as_slice() {
        _ if name.contains(['*', '?', '$']) => Err(Error::new(format!(
            "{name}: a principal is named without wildcards and variables"
        ))),
        ["arn", _, "iam", "", account, "root"] => Ok(Named::Account((*account).to_owned())),
        ["arn", _, "iam" | "sts", "", account, _] if account.len() == 12 => {
            Ok(Named::Arn(name.to_owned()))
        }
        _ => Err(Error::new(format!("{name} is not a principal"))),
    }
}
