//! One statement of a policy.

use serde_json::{Map, Value};

use crate::condition::{self, Condition};
use crate::pattern::{Pattern, Syntax};
use crate::principal::{self, Fit, Principals};
use crate::strings::strings;
use crate::{Error, PolicyType, Request};

/// The effect of a statement that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows the request.
    Allow,
    /// Denies the request, whatever other statements allow.
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    sid: Option<String>,
    effect: Effect,
    actions: List,
    /// Trust policies have none: they apply to their role.
    resources: Option<List>,
    principals: Option<Principals>,
    conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone)]
struct List {
    strings: Vec<String>,
    patterns: Vec<Pattern>,
    negated: bool,
}

impl List {
    /// Reads whichever of two elements is present.
    fn read(
        statement: &Map<String, Value>,
        name: &str,
        pattern: impl Fn(&str) -> Result<Pattern, Error>,
    ) -> Result<Option<Self>, Error> {
        let Some((key, value, negated)) = either(statement, name)? else {
            return Ok(None);
        };
        let read = || {
            let strings = strings(value)?;
            if strings.is_empty() {
                return Err(Error::new("the list is empty"));
            }
            let patterns = strings
                .iter()
                .map(|text| pattern(text))
                .collect::<Result<_, _>>()?;
            Ok(Some(Self {
                strings,
                patterns,
                negated,
            }))
        };
        read().map_err(|error| error.within(&key))
    }

    fn apply(&self, matches: impl Fn(&Pattern) -> bool) -> bool {
        self.patterns.iter().any(matches) != self.negated
    }
}

const ELEMENTS: [&str; 9] = [
    "Action",
    "Condition",
    "Effect",
    "NotAction",
    "NotPrincipal",
    "NotResource",
    "Principal",
    "Resource",
    "Sid",
];

impl Statement {
    pub(crate) fn read(value: &Value, variables: bool) -> Result<Self, Error> {
        let statement = value
            .as_object()
            .ok_or_else(|| Error::new("a statement is a map"))?;
        if let Some(unknown) = statement
            .keys()
            .find(|key| !ELEMENTS.contains(&key.as_str()))
        {
            return Err(Error::new(format!("the element {unknown} is not known")));
        }
        let sid = statement.get("Sid").map(|sid| {
            let sid = sid.as_str().map(str::to_owned);
            sid.ok_or_else(|| Error::new("a Sid is a string").within("Sid"))
        });
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(Error::new("it is Allow or Deny").within("Effect")),
        };
        let actions = List::read(statement, "Action", action)?;
        let resources = List::read(statement, "Resource", |text| resource(text, variables))?;
        let principals = either(statement, "Principal")?.map(|(key, value, negated)| {
            let named = principal::read(value).map_err(|error| error.within(&key))?;
            Ok(if negated {
                Principals::AllBut(named)
            } else {
                Principals::Named(named)
            })
        });
        let conditions = statement.get("Condition").map(|value| {
            condition::read(value, variables).map_err(|error| error.within("Condition"))
        });
        Ok(Self {
            sid: sid.transpose()?,
            effect,
            actions: actions.ok_or_else(|| Error::new("it has no Action"))?,
            resources,
            principals: principals.transpose()?,
            conditions: conditions.transpose()?.unwrap_or_default(),
        })
    }

    /// The statement's `Sid`.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The entries of its `Action` or `NotAction`, as written.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.actions.strings
    }

    /// The entries of its `Resource` or `NotResource`, as written; empty if it has none.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        self.resources
            .as_ref()
            .map_or(&[], |resources| &resources.strings)
    }

    /// The condition keys that it uses, as written.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(Condition::key)
    }

    /// Checks that it has the elements that a policy of this type requires, and none that it can't have.
    pub(crate) fn check(&self, policy_type: PolicyType) -> Result<(), Error> {
        let message = match (policy_type, &self.principals, &self.resources) {
            (PolicyType::IdentityBased, Some(_), _) => {
                "an identity-based policy names no Principal"
            }
            (PolicyType::IdentityBased, None, None) => "it has no Resource",
            (PolicyType::ResourceBased, None, _) => "it has no Principal",
            _ => return Ok(()),
        };
        Err(Error::new(message))
    }

    /// Whether it applies to a request, and how it names the caller.
    pub(crate) fn fit(&self, policy_type: PolicyType, request: &Request<'_>) -> Fit {
        let fit = match (policy_type, &self.principals) {
            // The policy is attached to the caller.
            (PolicyType::IdentityBased, None) => Fit::Direct,
            (PolicyType::ResourceBased, Some(principals)) => principals.fit(request.principal),
            _ => Fit::No,
        };
        let applies = fit != Fit::No
            && self
                .actions
                .apply(|pattern| pattern.matches_ignoring_case(request.action, request))
            && self.resources.as_ref().is_none_or(|resources| {
                resources.apply(|pattern| pattern.matches(request.resource, request))
            })
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request));
        if applies { fit } else { Fit::No }
    }
}

fn either<'s>(
    statement: &'s Map<String, Value>,
    name: &str,
) -> Result<Option<(String, &'s Value, bool)>, Error> {
    let negation = format!("Not{name}");
    match (statement.get(name), statement.get(&negation)) {
        (Some(_), Some(_)) => Err(Error::new(format!("it has both {name} and {negation}"))),
        (Some(value), None) => Ok(Some((name.to_owned(), value, false))),
        (None, Some(value)) => Ok(Some((negation, value, true))),
        (None, None) => Ok(None),
    }
}

/// `service:Name` with wildcards in the name, or `*`.
fn action(text: &str) -> Result<Pattern, Error> {
    let named = text.split_once(':').is_some_and(|(service, name)| {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !service.is_empty()
            && service.bytes().all(letter)
            && !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'?'))
    });
    if text != "*" && !named {
        return Err(Error::new(format!("{text} is not an action")));
    }
    Pattern::read(
        text,
        Syntax {
            wildcards: true,
            variables: false,
        },
    )
}

/// An ARN with wildcards and variables, or `*`.
fn resource(text: &str, variables: bool) -> Result<Pattern, Error> {
    if text != "*" && !text.starts_with("arn:") && !text.starts_with("${") {
        return Err(Error::new(format!("{text} is not an ARN")));
    }
    let pattern = Pattern::read(
        text,
        Syntax {
            wildcards: true,
            variables,
        },
    )?;
    Ok(pattern.bounded_by_colons())
}
