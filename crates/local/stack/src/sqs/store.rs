//! The messages of all queues, in one `SQLite` database.
//!
//! Every change is a transaction that is in the database's write-ahead log when the call returns: killing the process
//! loses nothing. A crash of the whole machine may lose the last few writes.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use uuid::Uuid;

use super::message::Message;
use crate::private_files;

const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE messages (
    number             INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL,
    queue              TEXT NOT NULL,
    body               TEXT NOT NULL,
    sent_ms            INTEGER NOT NULL,
    visible_from_ms    INTEGER NOT NULL,
    receive_count      INTEGER NOT NULL DEFAULT 0,
    first_received_ms  INTEGER,
    receipt            TEXT,
    in_flight_to       TEXT,
    dead_letter_source TEXT
);
CREATE INDEX messages_of_consumers ON messages (in_flight_to) WHERE in_flight_to IS NOT NULL;
";

/// Has every column that [`Store::counts`] and [`Store::expire`] look at: reading the messages themselves takes
/// four times as long. Earlier databases have another index.
const INDEX: &str = "
CREATE INDEX IF NOT EXISTS messages_by_state
    ON messages (queue, visible_from_ms, number, sent_ms, receive_count);
DROP INDEX IF EXISTS messages_by_visibility;
";

const COUNT: &str = "SELECT coalesce(sum(visible_from_ms <= ?1), 0), \
    coalesce(sum(visible_from_ms > ?1 AND receive_count > 0), 0), \
    coalesce(sum(visible_from_ms > ?1 AND receive_count = 0), 0) \
    FROM messages WHERE queue = ?2 AND sent_ms >= ?3";

const COLUMNS: &str =
    "number, id, body, sent_ms, receive_count, first_received_ms, receipt, dead_letter_source";

/// Why the queues cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refuses.
    #[error("the queues' database")]
    Database(#[from] rusqlite::Error),
    /// The database file cannot be created.
    #[error("the queues' database cannot be created")]
    File(#[from] std::io::Error),
    /// Another version of this program wrote it.
    #[error("the queues' database has version {0}, this program reads version {VERSION}")]
    Version(i64),
}

/// The attributes of a queue that a receive needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAttributes {
    /// ARN of the queue.
    pub arn: String,
    /// `MessageRetentionPeriod`
    pub retention_ms: u64,
    /// `VisibilityTimeout`
    pub visibility_ms: u64,
    /// `RedrivePolicy`
    pub redrive: Option<Redrive>,
}

impl QueueAttributes {
    /// Messages sent before this are past their retention period.
    fn oldest_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.retention_ms)
    }
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the dead-letter queue.
    pub dead_letter_arn: String,
    /// A message that was received this often is moved instead of being received again.
    pub max_receive_count: u32,
}

/// Messages of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Can be received.
    pub visible: u64,
    /// Received, and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

/// The parameters of a receive.
#[derive(Debug, Clone, Copy)]
pub struct Receive<'a> {
    /// At most this many messages.
    pub max_messages: u64,
    /// How long they are hidden.
    pub visibility_ms: u64,
    /// The consumer, if it is part of this program: [`Store::release`] makes its messages visible again after a crash.
    pub consumer: Option<&'a str>,
}

/// The result of [`Store::move_batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The number of messages that were moved; 0 if the queue is empty.
    Messages(u64),
    /// The next message was not moved here by a queue's redrive policy, and no destination was given.
    SourceUnknown,
}

/// The messages of all queues.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database, or creates it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        private_files::create(path)?;
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = connection.transaction()?;
        match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
            VERSION => {}
            0 => {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            other => return Err(StoreError::Version(other)),
        }
        transaction.execute_batch(INDEX)?;
        transaction.commit()?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, and returns its id.
    pub fn send(
        &self,
        queue_arn: &str,
        body: &str,
        now_ms: u64,
        delay_ms: u64,
    ) -> Result<String, StoreError> {
        let id = Uuid::new_v4().to_string();
        self.connection()
            .prepare_cached(
                "INSERT INTO messages (id, queue, body, sent_ms, visible_from_ms) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                queue_arn,
                body,
                signed(now_ms),
                signed(now_ms + delay_ms)
            ])?;
        Ok(id)
    }

    /// Receives visible messages; those that have been received too often are moved to the dead-letter queue instead.
    ///
    /// Returns the messages, and whether any went to the dead-letter queue.
    pub fn receive(
        &self,
        queue: &QueueAttributes,
        receive: &Receive<'_>,
        now_ms: u64,
    ) -> Result<(Vec<Message>, bool), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut messages = Vec::new();
        let mut dead_letters = false;
        while (messages.len() as u64) < receive.max_messages {
            let Some(stored) = first_visible(&transaction, queue, now_ms)? else {
                break;
            };
            let redrive = queue
                .redrive
                .as_ref()
                .filter(|redrive| stored.receive_count >= redrive.max_receive_count);
            if let Some(redrive) = redrive {
                // The message keeps its time stamp and its receive count
                // (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
                transaction
                    .prepare_cached(
                        "UPDATE messages SET queue = ?, visible_from_ms = ?, receipt = NULL, in_flight_to = NULL, \
                         dead_letter_source = ? WHERE number = ?",
                    )?
                    .execute(params![
                        redrive.dead_letter_arn,
                        signed(now_ms),
                        queue.arn,
                        stored.number
                    ])?;
                dead_letters = true;
                continue;
            }
            // With a visibility timeout of 0 it is visible again immediately, but a response has each message only once.
            if messages.iter().any(|taken: &Message| taken.id == stored.id) {
                break;
            }
            messages.push(take(&transaction, stored, receive, now_ms)?);
        }
        transaction.commit()?;
        Ok((messages, dead_letters))
    }

    /// When the next message of a queue becomes visible.
    pub fn next_visible_ms(&self, queue_arn: &str) -> Result<Option<u64>, StoreError> {
        let next = self
            .connection()
            .prepare_cached("SELECT min(visible_from_ms) FROM messages WHERE queue = ?")?
            .query_row([queue_arn], |row| row.get::<_, Option<i64>>(0))?;
        Ok(next.map(unsigned))
    }

    /// Deletes a message; does nothing if the handle is not that of the message's last receive.
    pub fn delete(&self, queue_arn: &str, receipt_handle: &str) -> Result<(), StoreError> {
        if let Some((number, receipt)) = parse_handle(receipt_handle) {
            self.connection()
                .prepare_cached(
                    "DELETE FROM messages WHERE number = ? AND queue = ? AND receipt = ?",
                )?
                .execute(params![number, queue_arn, receipt])?;
        }
        Ok(())
    }

    /// Changes when a message in flight becomes visible again; returns whether there is one.
    pub fn change_visibility(
        &self,
        queue_arn: &str,
        receipt_handle: &str,
        now_ms: u64,
        for_ms: u64,
    ) -> Result<bool, StoreError> {
        let Some((number, receipt)) = parse_handle(receipt_handle) else {
            return Ok(false);
        };
        let changed = self
            .connection()
            .prepare_cached(
                "UPDATE messages SET visible_from_ms = ? \
                 WHERE number = ? AND queue = ? AND receipt = ? AND visible_from_ms > ?",
            )?
            .execute(params![
                signed(now_ms + for_ms),
                number,
                queue_arn,
                receipt,
                signed(now_ms)
            ])?;
        Ok(changed == 1)
    }

    /// Records that the consumer failed to handle a message, which stays hidden until its visibility timeout has passed.
    pub fn abandon(&self, receipt_handle: &str) -> Result<(), StoreError> {
        if let Some((number, receipt)) = parse_handle(receipt_handle) {
            self.connection()
                .prepare_cached(
                    "UPDATE messages SET in_flight_to = NULL WHERE number = ? AND receipt = ?",
                )?
                .execute(params![number, receipt])?;
        }
        Ok(())
    }

    /// Makes the messages visible that a consumer of this program held when the program ended; returns their number.
    pub fn release(&self, consumer: &str, now_ms: u64) -> Result<usize, StoreError> {
        let released = self.connection().execute(
            "UPDATE messages SET visible_from_ms = min(visible_from_ms, ?), in_flight_to = NULL \
             WHERE in_flight_to = ?",
            params![signed(now_ms), consumer],
        )?;
        Ok(released)
    }

    /// Counts the messages within their retention period.
    pub fn counts(&self, queue: &QueueAttributes, now_ms: u64) -> Result<Counts, StoreError> {
        let counts = self.connection().prepare_cached(COUNT)?.query_row(
            params![signed(now_ms), queue.arn, signed(queue.oldest_ms(now_ms))],
            |row| {
                Ok(Counts {
                    visible: row.get::<_, i64>(0).map(unsigned)?,
                    in_flight: row.get::<_, i64>(1).map(unsigned)?,
                    delayed: row.get::<_, i64>(2).map(unsigned)?,
                })
            },
        )?;
        Ok(counts)
    }

    /// Deletes messages past their retention period.
    pub fn expire(&self, queue: &QueueAttributes, now_ms: u64) -> Result<usize, StoreError> {
        let expired = self.connection().execute(
            "DELETE FROM messages WHERE queue = ? AND sent_ms < ?",
            params![queue.arn, signed(queue.oldest_ms(now_ms))],
        )?;
        Ok(expired)
    }

    /// Deletes all messages of a queue.
    pub fn purge(&self, queue_arn: &str) -> Result<(), StoreError> {
        self.connection()
            .execute("DELETE FROM messages WHERE queue = ?", [queue_arn])?;
        Ok(())
    }

    /// Moves visible messages to `destination`, or each to the queue whose redrive policy left it here.
    ///
    /// A moved message is a new one: it has a new id, a new time stamp, and has never been received
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>).
    pub fn move_batch(
        &self,
        source: &QueueAttributes,
        destination: Option<&str>,
        max_messages: u64,
        now_ms: u64,
    ) -> Result<Moved, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut moved = 0;
        while moved < max_messages {
            let Some(stored) = first_visible(&transaction, source, now_ms)? else {
                break;
            };
            let Some(target) = destination.or(stored.dead_letter_source.as_deref()) else {
                if moved == 0 {
                    return Ok(Moved::SourceUnknown);
                }
                break;
            };
            transaction
                .prepare_cached(
                    "UPDATE messages SET queue = ?, id = ?, sent_ms = ?, visible_from_ms = ?, receive_count = 0, \
                     first_received_ms = NULL, receipt = NULL, dead_letter_source = NULL WHERE number = ?",
                )?
                .execute(params![
                    target,
                    Uuid::new_v4().to_string(),
                    signed(now_ms),
                    signed(now_ms),
                    stored.number
                ])?;
            moved += 1;
        }
        transaction.commit()?;
        Ok(Moved::Messages(moved))
    }
}

struct Stored {
    number: i64,
    id: String,
    body: String,
    sent_ms: u64,
    receive_count: u32,
    first_received_ms: Option<u64>,
    dead_letter_source: Option<String>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            id: row.get("id")?,
            body: row.get("body")?,
            sent_ms: row.get("sent_ms").map(unsigned)?,
            receive_count: row.get("receive_count")?,
            first_received_ms: row
                .get::<_, Option<i64>>("first_received_ms")?
                .map(unsigned),
            dead_letter_source: row.get("dead_letter_source")?,
        })
    }
}

/// The message of a queue that has been visible for longest.
fn first_visible(
    transaction: &Transaction<'_>,
    queue: &QueueAttributes,
    now_ms: u64,
) -> rusqlite::Result<Option<Stored>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages WHERE queue = ? AND visible_from_ms <= ? AND sent_ms >= ? \
             ORDER BY visible_from_ms, number LIMIT 1"
        ))?
        .query_row(
            params![
                queue.arn,
                signed(now_ms),
                signed(queue.oldest_ms(now_ms))
            ],
            Stored::read,
        )
        .optional()
}

fn take(
    transaction: &Transaction<'_>,
    stored: Stored,
    receive: &Receive<'_>,
    now_ms: u64,
) -> rusqlite::Result<Message> {
    let receipt = Uuid::new_v4().simple().to_string();
    let first_received_ms = stored.first_received_ms.unwrap_or(now_ms);
    let receive_count = stored.receive_count + 1;
    transaction
        .prepare_cached(
            "UPDATE messages SET visible_from_ms = ?, receive_count = ?, first_received_ms = ?, receipt = ?, \
             in_flight_to = ? WHERE number = ?",
        )?
        .execute(params![
            signed(now_ms + receive.visibility_ms),
            receive_count,
            signed(first_received_ms),
            receipt,
            receive.consumer,
            stored.number
        ])?;
    Ok(Message {
        receipt_handle: format!("{}-{receipt}", stored.number),
        id: stored.id,
        body: stored.body,
        sent_ms: stored.sent_ms,
        receive_count,
        first_received_ms,
        dead_letter_source: stored.dead_letter_source,
    })
}

/// A message's number and the receipt of its last receive.
fn parse_handle(receipt_handle: &str) -> Option<(i64, &str)> {
    let (number, receipt) = receipt_handle.split_once('-')?;
    Some((number.parse().ok()?, receipt))
}

/// `SQLite` has no unsigned numbers.
fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

fn unsigned(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests;
