//! Authentication and authorization: the stack's roles, a local administrator and the template's policies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cfn::Error;
use iam::{Decision, Policy, Request};

use crate::resources::names::Names;
use crate::resources::{Declared, Resources};

/// The keys that a caller signs with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Credentials {
    /// `AKIA…` or, with a session token, `ASIA…`.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// The token of a role's session.
    pub session_token: Option<String>,
}

impl Credentials {
    /// Random keys of a user.
    #[must_use]
    pub fn random_user() -> Self {
        Self {
            access_key: format!("AKIA{}", letters(16)),
            secret_key: letters(40),
            session_token: None,
        }
    }

    fn random_session() -> Self {
        Self {
            access_key: format!("ASIA{}", letters(16)),
            secret_key: letters(40),
            session_token: Some(letters(64)),
        }
    }
}

/// Random upper-case letters and digits.
fn letters(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        text.push_str(&uuid::Uuid::new_v4().simple().to_string().to_uppercase());
    }
    text.truncate(length);
    text
}

/// A user or a role's session.
#[derive(Debug)]
pub struct Principal {
    /// `arn:aws:iam::…:user/administrator` or `arn:aws:sts::…:assumed-role/{role}/{session}`.
    pub arn: String,
    /// The keys that it signs with.
    pub credentials: Credentials,
    policies: Vec<Policy>,
}

/// A principal as policies name them.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// A user or a role.
    Principal(&'a Principal),
    /// An AWS service on behalf of one of its resources.
    Service {
        /// `s3.amazonaws.com`
        name: &'a str,
        /// ARN of the bucket, topic, …
        source_arn: &'a str,
    },
}

/// Credentials that belong to no principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCredentialsError {
    /// The access key does not exist.
    #[error("the access key does not exist")]
    AccessKey,
    /// The session token is not that of the access key.
    #[error("the security token included in the request is invalid")]
    SessionToken,
}

/// A denial by policy, with the message of AWS's `AccessDenied`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AccessDeniedError(pub String);

/// Why a service cannot assume a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssumeRoleError {
    /// There is no such role.
    #[error("there is no role {0}")]
    NoSuchRole(String),
    /// The role's trust policy does not allow it.
    #[error("{service} cannot assume {role_arn}: its trust policy does not allow it")]
    NotTrusted {
        /// The service.
        service: String,
        /// The role.
        role_arn: String,
    },
}

struct Role {
    trust: Policy,
    session: Arc<Principal>,
}

/// Every principal and every policy of the stack.
pub struct AccessControl {
    account_id: String,
    administrator: Arc<Principal>,
    principals: HashMap<String, Arc<Principal>>,
    roles: HashMap<String, Role>,
    /// Policies of buckets, topics and queues by the ARN of their resource.
    resource_policies: HashMap<String, Vec<Policy>>,
}

impl AccessControl {
    /// Reads roles and resource policies.
    ///
    /// # Errors
    /// A policy that can't be read, with its line.
    pub fn new(
        resources: &Resources,
        names: &Names,
        administrator: Credentials,
    ) -> Result<Self, Error> {
        let account_id = names.environment.account_id.clone();
        let everything = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        });
        let everything = Policy::identity_based(&everything)
            .map_err(|error| Error::without_place(error.to_string()))?;
        let administrator = Arc::new(Principal {
            arn: format!("arn:aws:iam::{account_id}:user/administrator"),
            credentials: administrator,
            policies: vec![everything],
        });
        let mut access_control = Self {
            account_id,
            administrator: Arc::clone(&administrator),
            principals: HashMap::new(),
            roles: HashMap::new(),
            resource_policies: HashMap::new(),
        };
        access_control.add(administrator);
        for role in &resources.roles {
            access_control.add_role(role, names)?;
        }
        for policy in &resources.bucket_policies {
            let bucket = format!("arn:aws:s3:::{}", policy.properties.bucket);
            access_control.add_policy(policy, bucket, &policy.properties.policy_document)?;
        }
        for policy in &resources.topic_policies {
            for topic in &policy.properties.topics {
                access_control.add_policy(
                    policy,
                    topic.clone(),
                    &policy.properties.policy_document,
                )?;
            }
        }
        for policy in &resources.queue_policies {
            for url in &policy.properties.queues {
                let name = url.rsplit('/').next().unwrap_or(url);
                let queue = names.arn("sqs", name);
                access_control.add_policy(policy, queue, &policy.properties.policy_document)?;
            }
        }
        Ok(access_control)
    }

    fn add(&mut self, principal: Arc<Principal>) {
        self.principals
            .insert(principal.credentials.access_key.clone(), principal);
    }

    fn add_role(
        &mut self,
        role: &Declared<crate::resources::iam::Role>,
        names: &Names,
    ) -> Result<(), Error> {
        let trust = parsed(
            role,
            Policy::resource_based,
            &role.properties.assume_role_policy_document,
        )?;
        let policies = role
            .properties
            .policies
            .iter()
            .map(|policy| parsed(role, Policy::identity_based, &policy.policy_document))
            .collect::<Result<_, _>>()?;
        let name = &role.physical_id;
        let session = Arc::new(Principal {
            arn: format!("arn:aws:sts::{}:assumed-role/{name}/local", self.account_id),
            credentials: Credentials::random_session(),
            policies,
        });
        self.add(Arc::clone(&session));
        self.roles
            .insert(names.role_arn(name), Role { trust, session });
        Ok(())
    }

    fn add_policy<T>(
        &mut self,
        resource: &Declared<T>,
        arn: String,
        document: &serde_json::Value,
    ) -> Result<(), Error> {
        let policy = parsed(resource, Policy::resource_based, document)?;
        self.resource_policies.entry(arn).or_default().push(policy);
        Ok(())
    }

    /// The local administrator, who may do everything that no policy explicitly denies.
    #[must_use]
    pub fn administrator(&self) -> &Arc<Principal> {
        &self.administrator
    }

    /// The secret of an access key.
    #[must_use]
    pub fn secret_key(&self, access_key: &str) -> Option<&str> {
        let principal = self.principals.get(access_key)?;
        Some(&principal.credentials.secret_key)
    }

    /// The principal of an access key.
    ///
    /// # Errors
    /// The key or the session token is unknown.
    pub fn principal(
        &self,
        access_key: &str,
        session_token: Option<&str>,
    ) -> Result<&Arc<Principal>, UnknownCredentialsError> {
        let principal = self
            .principals
            .get(access_key)
            .ok_or(UnknownCredentialsError::AccessKey)?;
        if principal.credentials.session_token.as_deref() == session_token {
            Ok(principal)
        } else {
            Err(UnknownCredentialsError::SessionToken)
        }
    }

    /// The session of the role with this ARN.
    #[must_use]
    pub fn session(&self, role_arn: &str) -> Option<&Arc<Principal>> {
        self.roles.get(role_arn).map(|role| &role.session)
    }

    /// Assumes a role on behalf of a service such as `lambda.amazonaws.com`. `source_arn` is the resource that the
    /// service names: the function for Lambda, none for API Gateway.
    ///
    /// # Errors
    /// There is no such role, or its trust policy does not allow the service.
    pub fn assume(
        &self,
        role_arn: &str,
        service: &str,
        source_arn: Option<&str>,
    ) -> Result<&Arc<Principal>, AssumeRoleError> {
        let role = self
            .roles
            .get(role_arn)
            .ok_or_else(|| AssumeRoleError::NoSuchRole(role_arn.to_owned()))?;
        let request = Request {
            principal: iam::Principal::Service(service),
            action: "sts:AssumeRole",
            resource: role_arn,
            context: &self.context(source_arn),
        };
        match iam::evaluate(&[], std::slice::from_ref(&role.trust), &request) {
            Decision::Allow => Ok(&role.session),
            _ => Err(AssumeRoleError::NotTrusted {
                service: service.to_owned(),
                role_arn: role_arn.to_owned(),
            }),
        }
    }

    /// Checks that `caller` may perform `action` on `resource`.
    ///
    /// # Errors
    /// No policy allows it, or one denies it.
    pub fn check(
        &self,
        caller: Caller<'_>,
        action: &str,
        resource: &str,
    ) -> Result<(), AccessDeniedError> {
        let owner = policy_holder(resource);
        let resource_policies = self
            .resource_policies
            .get(owner)
            .map_or(&[][..], Vec::as_slice);
        let (principal, identity, context, name) = match caller {
            Caller::Principal(principal) => (
                iam::Principal::Aws {
                    arn: &principal.arn,
                    account: &self.account_id,
                },
                principal.policies.as_slice(),
                self.context(None),
                principal.arn.as_str(),
            ),
            Caller::Service { name, source_arn } => (
                iam::Principal::Service(name),
                &[][..],
                self.context(Some(source_arn)),
                name,
            ),
        };
        let request = Request {
            principal,
            action,
            resource,
            context: &context,
        };
        match iam::evaluate(identity, resource_policies, &request) {
            Decision::Allow => Ok(()),
            refusal => Err(AccessDeniedError(iam::denial_message(
                name, action, resource, refusal,
            ))),
        }
    }

    /// The condition keys of a request. Loopback traffic counts as TLS, because AWS's endpoints are reached over TLS.
    fn context(&self, source_arn: Option<&str>) -> BTreeMap<String, Vec<String>> {
        let mut context =
            BTreeMap::from([("aws:SecureTransport".to_owned(), vec!["true".to_owned()])]);
        if let Some(arn) = source_arn {
            context.insert("aws:SourceArn".to_owned(), vec![arn.to_owned()]);
            context.insert(
                "aws:SourceAccount".to_owned(),
                vec![self.account_id.clone()],
            );
        }
        context
    }
}

/// The ARN that a resource's policy is stored under; an object's is its bucket's.
fn policy_holder(resource: &str) -> &str {
    match resource.strip_prefix("arn:aws:s3:::") {
        Some(path) => {
            let bucket = path.find('/').unwrap_or(path.len());
            &resource[..resource.len() - path.len() + bucket]
        }
        None => resource,
    }
}

fn parsed<T>(
    resource: &Declared<T>,
    parse: fn(&serde_json::Value) -> Result<Policy, iam::Error>,
    document: &serde_json::Value,
) -> Result<Policy, Error> {
    parse(document).map_err(|error| {
        Error::new(resource.span, error.to_string())
            .within(&resource.logical_id)
            .within("Resources")
    })
}

/// The ARN of a function that is given by ARN or by name.
#[must_use]
pub fn function_arn(names: &Names, name_or_arn: &str) -> String {
    if name_or_arn.starts_with("arn:") {
        name_or_arn.to_owned()
    } else {
        names.arn("lambda", &format!("function:{name_or_arn}"))
    }
}
