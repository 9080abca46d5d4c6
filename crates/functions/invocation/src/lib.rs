//! What both functions do around an event: the way in from Lambda, and one line for each object on the way out.
//!
//! [`serve`] hands a function its events, each with the [`Invocation`] that it came in. An invocation gives out a
//! [`Report`] for each object, which becomes one line of the log, and the function's metrics.

mod outcome;
mod report;
mod serve;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use events::ObjectEvent;

pub use outcome::Outcome;
pub use report::Report;
pub use serve::{aws, init, serve};

/// Takes the lines of a log.
type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// One invocation of a function.
#[derive(Clone)]
pub struct Invocation {
    /// When Lambda ends it.
    pub deadline: Instant,
    request_id: String,
    function: String,
    log: Sink,
}

impl Invocation {
    /// An invocation that ends at `deadline`, of the function of that name; `log` takes its lines.
    #[must_use]
    pub fn new(
        deadline: Instant,
        request_id: impl Into<String>,
        function: impl Into<String>,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            deadline,
            request_id: request_id.into(),
            function: function.into(),
            log: Arc::new(log),
        }
    }

    /// Starts the report of one event.
    #[must_use]
    pub fn report<'a>(&'a self, event: &'a ObjectEvent) -> Report<'a> {
        Report::new(self, event)
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("deadline", &self.deadline)
            .field("request_id", &self.request_id)
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
