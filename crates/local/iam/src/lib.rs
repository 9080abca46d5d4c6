//! IAM policies: whether a principal may perform an action on a resource.
//!
//! [`Policy::parse`] reads a document and refuses by name what this crate can't evaluate, so that no statement is
//! ignored silently; [`evaluate`] decides. The crate does no I/O.
//!
//! Supported: identity-based and resource-based policies (trust policies among them) within one account. Not supported:
//! permissions boundaries, session policies, organizations' policies, and requests across accounts, which both accounts
//! would have to allow.
//!
//! Rules: "IAM JSON policy element reference" and "Policy evaluation logic", IAM user guide.

mod condition;
mod context;
mod error;
mod evaluate;
mod pattern;
mod policy;
mod principal;
mod statement;
mod strings;

pub use error::Error;
pub use evaluate::{Decision, PolicyType, Request, denial_message, evaluate};
pub use policy::Policy;
pub use principal::Principal;
pub use statement::{Effect, Statement};
