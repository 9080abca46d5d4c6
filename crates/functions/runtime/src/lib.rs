//! What both functions share: everything but the work on one object.
//!
//! [`serve`] receives invocations from Lambda. A [`Function`] takes each of them apart: every event of every message, the
//! bucket check, the limit of a key's length, which upload an event means, the [`Report`]. What one function does with
//! one object is its [`Task`]. [`Originals`] is the raw bucket, [`Variables`] the environment.

mod clients;
mod failures;
mod function;
mod invocation;
mod originals;
mod outcome;
mod queue;
mod report;
mod serve;
mod variables;
mod white_space_key;

pub use clients::clients;
pub use failures::{Failure, Failures};
pub use function::{Context, Error, Function, Task, Upload};
pub use invocation::Invocation;
pub use originals::{Description, ObjectError, Original, Originals, Portion, RawBucket};
pub use outcome::Outcome;
pub use queue::{Queue, QueueError, Sqs};
pub use report::{Report, timed};
pub use serve::{init, serve};
pub use variables::{ConfigError, Variables};
