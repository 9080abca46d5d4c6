//! An invocation that continues only when a test allows it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::Gate;

/// An invocation whose calls wait at a [`Gate`].
pub struct Invocation<T> {
    gate: Gate,
    future: Pin<Box<dyn Future<Output = T>>>,
}

/// How far an invocation has come.
#[derive(Debug)]
pub enum Step<T> {
    /// It waits at its gate.
    Waits(Invocation<T>),
    /// It has ended.
    Ended(T),
}

impl<T> fmt::Debug for Invocation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

impl<T> Invocation<T> {
    /// Starts `future`, whose calls wait at `gate`, and runs it up to the gate.
    pub async fn start(gate: Gate, future: impl Future<Output = T> + 'static) -> Step<T> {
        let future = Box::pin(future);
        Self { gate, future }.advance().await
    }

    /// Where its calls wait, in the order of arrival.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.gate.waiting()
    }

    /// Lets one of the waiting calls go on, and runs the invocation up to its gate again.
    pub async fn release(self, index: usize) -> Step<T> {
        self.gate.release(index);
        self.advance().await
    }

    /// Lets all the waiting calls go on at once.
    pub async fn release_all(self) -> Step<T> {
        for _ in self.waiting() {
            self.gate.release(0);
        }
        self.advance().await
    }

    /// Lets other calls go on, in the order of arrival, until one waits at `at`.
    pub async fn until(mut self, at: &str) -> Self {
        loop {
            let waiting = self.waiting();
            if waiting.iter().any(|other| other == at) {
                return self;
            }
            self = match self.release(0).await {
                Step::Waits(on) => on,
                Step::Ended(_) => panic!("it ended and never waited {at}"),
            };
        }
    }

    /// Lets it go on to its end.
    pub async fn finish(mut self) -> T {
        loop {
            self = match self.release(0).await {
                Step::Waits(on) => on,
                Step::Ended(result) => return result,
            };
        }
    }

    /// Runs it until all its calls wait, or it ends.
    async fn advance(mut self) -> Step<T> {
        let (gate, future) = (&self.gate, &mut self.future);
        let result = poll_fn(|context| {
            loop {
                let woken = Arc::new(Woken {
                    woken: AtomicBool::new(false),
                    outer: context.waker().clone(),
                });
                let waker = Waker::from(woken.clone());
                match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(result) => return Poll::Ready(Some(result)),
                    Poll::Pending if woken.woken.load(Ordering::SeqCst) => {}
                    Poll::Pending if gate.is_idle() => return Poll::Ready(None),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        match result {
            Some(result) => Step::Ended(result),
            None => Step::Waits(self),
        }
    }
}

impl<T> Step<T> {
    /// Runs to the end, making all waiting calls at once in each round. Returns the calls of each round, and the result: the
    /// number of rounds is the number of calls that wait for one another.
    pub async fn rounds(mut self) -> (Vec<Vec<String>>, T) {
        let mut rounds = vec![];
        loop {
            self = match self {
                Self::Ended(result) => return (rounds, result),
                Self::Waits(invocation) => {
                    let mut calls: Vec<String> = invocation
                        .waiting()
                        .iter()
                        .filter_map(|at| at.strip_prefix("before ").map(str::to_owned))
                        .collect();
                    calls.sort();
                    if !calls.is_empty() {
                        rounds.push(calls);
                    }
                    invocation.release_all().await
                }
            }
        }
    }

    /// The invocation, which has not ended.
    pub fn waits(self) -> Invocation<T> {
        match self {
            Self::Waits(invocation) => invocation,
            Self::Ended(_) => panic!("it ended"),
        }
    }
}

struct Woken {
    woken: AtomicBool,
    outer: Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}
