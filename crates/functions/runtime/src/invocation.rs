//! One invocation.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use events::ObjectEvent;

use crate::Report;

/// One invocation of a function.
#[derive(Clone)]
pub struct Invocation {
    /// When Lambda ends it.
    pub deadline: Instant,
    pub(crate) request_id: String,
    pub(crate) function: String,
    log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Invocation {
    /// An invocation that ends at `deadline`, of the function of that name; `log` takes its log lines.
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

    pub(crate) fn log(&self, line: &str) {
        (self.log)(line);
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
