//! The events that wait for a function, each in a file of its own until it has been handled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::clock::now_ms;

/// An event that waits for a function, or is being handled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// The same for all of its attempts.
    pub request_id: String,
    /// JSON.
    pub payload: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it came.
    received_ms: u64,
    /// Its place among all that came to its queue, because many come in one millisecond.
    arrival: u64,
    /// When it is due.
    pub not_before_ms: u64,
}

impl Event {
    /// An event that comes now.
    pub fn new(payload: &str) -> Self {
        let now = now_ms();
        Self {
            request_id: uuid::Uuid::new_v4().to_string(),
            payload: payload.to_owned(),
            attempts: 0,
            received_ms: now,
            arrival: 0,
            not_before_ms: now,
        }
    }

    /// How long ago it came.
    pub fn age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.received_ms))
    }
}

/// A function's events. Those that are being handled are on disk too, so that a crash repeats and never loses one.
pub struct EventQueue {
    folder: PathBuf,
    /// By due time, then by arrival.
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    arrivals: u64,
    events: BTreeMap<(u64, u64), Event>,
}

impl Waiting {
    fn add(&mut self, event: Event) {
        self.arrivals = self.arrivals.max(event.arrival);
        self.events
            .insert((event.not_before_ms, event.arrival), event);
    }
}

impl EventQueue {
    /// Takes up what an earlier run left.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot keep events in {}", folder.display());
        std::fs::create_dir_all(folder).with_context(context)?;
        let mut waiting = Waiting::default();
        for entry in std::fs::read_dir(folder).with_context(context)? {
            let path = entry.with_context(context)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let text = std::fs::read(&path).with_context(context)?;
                let event: Event = serde_json::from_slice(&text)
                    .with_context(|| format!("{} is not an event", path.display()))?;
                waiting.add(event);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            waiting: Mutex::new(waiting),
            changed: Notify::new(),
        })
    }

    /// Adds an event, on disk first.
    pub fn push(&self, mut event: Event) -> anyhow::Result<()> {
        event.arrival = self.next_arrival();
        self.write(&event)?;
        self.add(event);
        Ok(())
    }

    /// Puts back an event that is to be tried again.
    pub fn put_back(&self, event: Event) {
        if let Err(error) = self.write(&event) {
            // The file of the attempt before still stands for it.
            tracing::error!("{error:#}");
        }
        self.add(event);
    }

    fn next_arrival(&self) -> u64 {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.arrivals += 1;
        waiting.arrivals
    }

    fn add(&self, event: Event) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(event);
        // One permit wakes one slot, or is kept for the next one that looks.
        self.changed.notify_one();
    }

    /// Forgets an event that has been handled.
    pub fn remove(&self, event: &Event) {
        let path = self.path(event);
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::error!("cannot remove {}: {error}", path.display());
        }
    }

    /// The next event that is due, once there is one.
    pub async fn next(&self) -> Event {
        loop {
            let wait = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let now = now_ms();
                match waiting.events.first_entry() {
                    Some(first) if first.key().0 <= now => {
                        let event = first.remove();
                        if !waiting.events.is_empty() {
                            self.changed.notify_one();
                        }
                        return event;
                    }
                    Some(first) => Duration::from_millis(first.key().0 - now),
                    None => Duration::from_hours(1),
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn path(&self, event: &Event) -> PathBuf {
        self.folder.join(format!("{}.json", event.request_id))
    }

    fn write(&self, event: &Event) -> anyhow::Result<()> {
        let path = self.path(event);
        let partial = path.with_extension("partial");
        std::fs::write(&partial, serde_json::to_vec(event)?)
            .and_then(|()| std::fs::rename(&partial, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::TemporaryFolder;

    #[tokio::test]
    async fn an_event_outlives_a_crash_until_it_is_removed() {
        let folder = TemporaryFolder::new().unwrap();
        let queue = EventQueue::open(folder.path()).unwrap();
        for payload in 1..=9 {
            queue.push(Event::new(&payload.to_string())).unwrap();
        }
        assert_eq!(queue.next().await.payload, "1");

        // Stopped while the first is being handled: all are there again, in order, before what comes later.
        let queue = EventQueue::open(folder.path()).unwrap();
        queue.push(Event::new("10")).unwrap();
        for payload in 1..=3 {
            let event = queue.next().await;
            assert_eq!(event.payload, payload.to_string());
            queue.remove(&event);
        }

        let queue = EventQueue::open(folder.path()).unwrap();
        for payload in 4..=10 {
            assert_eq!(queue.next().await.payload, payload.to_string());
        }
    }

    #[tokio::test]
    async fn what_is_not_due_waits_behind_what_is() {
        let folder = TemporaryFolder::new().unwrap();
        let queue = EventQueue::open(folder.path()).unwrap();
        let mut retried = Event::new("retried");
        retried.not_before_ms += 3_600_000;
        queue.put_back(retried);
        queue.push(Event::new("new")).unwrap();
        assert_eq!(queue.next().await.payload, "new");
    }
}
