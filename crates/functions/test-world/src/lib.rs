//! What the functions' tests run in.
//!
//! [`Tables`] are the tables of the template in an embedded `DynamoDB`. A [`Gate`] holds every call of an invocation
//! before and after it is made, so that a test can put the calls of several [`Invocation`]s in any order.
#![expect(
    clippy::missing_panics_doc,
    reason = "it is for tests, which fail by panicking"
)]

mod environment;
pub mod events;
mod gate;
mod invocation;
mod tables;

pub use environment::what_is_missing_is_named;
pub use gate::Gate;
pub use invocation::{Invocation, Step};
pub use tables::Tables;
