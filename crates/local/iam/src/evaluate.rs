//! Policy evaluation.

use std::collections::BTreeMap;

use crate::principal::Fit;
use crate::{Effect, Policy, Principal};

/// A request to be authorized.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The caller.
    pub principal: Principal<'a>,
    /// The action, such as `s3:GetObject`.
    pub action: &'a str,
    /// The ARN of the resource; `*` if the action has none.
    pub resource: &'a str,
    /// Condition keys and their values. Keys match in any case. `aws:PrincipalArn`, `aws:PrincipalAccount`,
    /// `aws:PrincipalIsAWSService` and `aws:PrincipalServiceName` are derived from the principal unless given here.
    pub context: &'a BTreeMap<String, Vec<String>>,
}

/// Where a policy is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyType {
    /// To a user or role.
    IdentityBased,
    /// To a resource.
    ResourceBased,
}

/// The result of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and none denies it.
    Allow,
    /// A statement of a policy of this type denies the request.
    ExplicitDeny(PolicyType),
    /// No statement allows the request.
    ImplicitDeny,
}

/// Decides a request within one account.
///
/// An explicit deny takes precedence. Otherwise one statement that allows is enough, in an identity-based or a
/// resource-based policy; for services and anonymous callers only resource-based policies count. A resource-based policy
/// that names the account leaves the decision to the account's identity-based policies.
#[must_use]
pub fn evaluate(identity: &[Policy], resource: &[Policy], request: &Request<'_>) -> Decision {
    let identity = match request.principal {
        Principal::Aws { .. } => identity,
        Principal::Service(_) | Principal::Anonymous => &[],
    };
    let policies = [
        (PolicyType::IdentityBased, identity),
        (PolicyType::ResourceBased, resource),
    ];
    let mut allowed = false;
    for (policy_type, policies) in policies {
        for statement in policies.iter().flat_map(Policy::statements) {
            match (statement.effect(), statement.fit(policy_type, request)) {
                (_, Fit::No) | (Effect::Allow, Fit::Account) => {}
                (Effect::Deny, Fit::Account | Fit::Direct) => {
                    return Decision::ExplicitDeny(policy_type);
                }
                (Effect::Allow, Fit::Direct) => allowed = true,
            }
        }
    }
    if allowed {
        Decision::Allow
    } else {
        Decision::ImplicitDeny
    }
}

/// AWS's message to a caller that is denied ("Troubleshoot access denied error messages"). Amazon S3 puts the resource in
/// quotation marks, other services don't. `principal` is an ARN, or a service's name.
#[must_use]
pub fn denial_message(principal: &str, action: &str, resource: &str, decision: Decision) -> String {
    let quote = if action.starts_with("s3:") { "\"" } else { "" };
    let why = match decision {
        Decision::ExplicitDeny(PolicyType::IdentityBased) => {
            "with an explicit deny in an identity-based policy".to_owned()
        }
        Decision::ExplicitDeny(PolicyType::ResourceBased) => {
            "with an explicit deny in a resource-based policy".to_owned()
        }
        Decision::ImplicitDeny | Decision::Allow => {
            let policy_type = if principal.starts_with("arn:") {
                "identity"
            } else {
                "resource"
            };
            format!("because no {policy_type}-based policy allows the {action} action")
        }
    };
    format!(
        "User: {principal} is not authorized to perform: {action} on resource: {quote}{resource}{quote} {why}"
    )
}
