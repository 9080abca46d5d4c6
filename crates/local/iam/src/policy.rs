//! A policy document.

use std::collections::HashSet;

use serde_json::Value;

use crate::statement::Statement;
use crate::{Error, PolicyType};

/// A policy document, parsed and checked.
#[derive(Debug, Clone)]
pub struct Policy {
    document: Value,
    statements: Vec<Statement>,
}

impl Policy {
    /// Reads a document of either type. A statement in the wrong type of policy (with or without a `Principal`) never applies
    /// in [`evaluate`](crate::evaluate); if the type is known, [`Policy::identity_based`] and [`Policy::resource_based`]
    /// refuse such statements.
    ///
    /// # Errors
    /// An element, operator, principal or condition key family that is not known, or a malformed one.
    pub fn parse(document: &Value) -> Result<Self, Error> {
        let elements = document
            .as_object()
            .ok_or_else(|| Error::new("a policy is a map"))?;
        let unknown = elements
            .keys()
            .find(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement"));
        if let Some(unknown) = unknown {
            return Err(Error::new(format!("the element {unknown} is not known")));
        }
        // Policy variables exist since version 2012-10-17; in 2008-10-17, the default, they are plain text.
        let variables = match elements.get("Version").map(Value::as_str) {
            Some(Some("2012-10-17")) => true,
            None | Some(Some("2008-10-17")) => false,
            _ => return Err(Error::new("it is 2012-10-17 or 2008-10-17").within("Version")),
        };
        let statements = match elements.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement) => std::slice::from_ref(statement),
            None => return Err(Error::new("it has no Statement")),
        };
        let read = |(index, statement)| {
            Statement::read(statement, variables)
                .map_err(|error| error.within(&format!("Statement[{index}]")))
        };
        let statements: Vec<_> = statements
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?;
        let mut sids = HashSet::new();
        let mut named = statements.iter().filter_map(Statement::sid);
        if let Some(twice) = named.find(|sid| !sids.insert(*sid)) {
            return Err(Error::new(format!("the Sid {twice} is repeated")));
        }
        Ok(Self {
            document: document.clone(),
            statements,
        })
    }

    /// Reads a policy that is attached to a user or role.
    ///
    /// # Errors
    /// As [`Policy::parse`], and statements that name a principal or no resource.
    pub fn identity_based(document: &Value) -> Result<Self, Error> {
        Self::parse(document)?.checked(PolicyType::IdentityBased)
    }

    /// Reads a policy that is attached to a bucket, topic, queue, function or, as its trust policy, to a role.
    ///
    /// # Errors
    /// As [`Policy::parse`], and statements that name no principal.
    pub fn resource_based(document: &Value) -> Result<Self, Error> {
        Self::parse(document)?.checked(PolicyType::ResourceBased)
    }

    fn checked(self, policy_type: PolicyType) -> Result<Self, Error> {
        for (index, statement) in self.statements.iter().enumerate() {
            let checked = statement.check(policy_type);
            checked.map_err(|error| error.within(&format!("Statement[{index}]")))?;
        }
        Ok(self)
    }

    /// Its statements.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.document.clone()
    }

    /// The policy without one of its statements, counted from 0; `None` if there is no such statement.
    #[must_use]
    pub fn without_statement(&self, index: usize) -> Option<Self> {
        let mut without = self.clone();
        if index >= self.statements.len() {
            return None;
        }
        without.statements.remove(index);
        match without.document.get_mut("Statement")? {
            Value::Array(statements) => drop(statements.remove(index)),
            statement => *statement = Value::Array(Vec::new()),
        }
        Some(without)
    }

    /// The policy without one action of one statement, both counted from 0; `None` if there is no such action. A statement is
    /// removed with its last action.
    #[must_use]
    pub fn without_action(&self, statement: usize, action: usize) -> Option<Self> {
        let actions = self.statements.get(statement)?.actions();
        if action >= actions.len() {
            return None;
        }
        if actions.len() == 1 {
            return self.without_statement(statement);
        }
        let mut document = self.document.clone();
        let element = match document.get_mut("Statement")? {
            Value::Array(statements) => statements.get_mut(statement)?,
            single => single,
        };
        let key = if element.get("Action").is_some() {
            "Action"
        } else {
            "NotAction"
        };
        element.get_mut(key)?.as_array_mut()?.remove(action);
        Self::parse(&document).ok()
    }
}
