//! Records in `DynamoDB`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use events::ObjectEvent;

use crate::item::{from_item, row, row_key, to_item};
use crate::{IndexChanges, ItemError, Merged, Record, Write, merge};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The image table and, for analyze-image, the label table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    images: String,
    labels: Option<String>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The record was written.
    Written,
    /// Nothing: it had been written before.
    Duplicate,
    /// Nothing: the record is of a newer event.
    Late,
}

/// How a write ended, and the record that is in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// How the write ended.
    pub verdict: Verdict,
    /// The record in the table.
    pub record: Record,
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The item could not be read.
    #[error("record of {key:?} cannot be read from table {table}")]
    Read {
        /// The object's key.
        key: String,
        /// The image table.
        table: String,
        /// The SDK's error.
        source: Source,
    },
    /// The item could not be written.
    #[error("record of {key:?} cannot be written to table {table}")]
    Write {
        /// The object's key.
        key: String,
        /// The image table.
        table: String,
        /// The SDK's error.
        source: Source,
    },
    /// The item is not a record.
    #[error("item of {key:?} is not a record")]
    Item {
        /// The object's key.
        key: String,
        /// Why.
        source: ItemError,
    },
    /// Other writers kept changing the record until there was no time left.
    #[error("record of {key:?} changed between read and write in {attempts} attempts")]
    Contended {
        /// The object's key.
        key: String,
        /// How many writes were tried.
        attempts: u32,
    },
    /// The write changes the label index, and the store has none.
    #[error("record of {key:?} changes the label index, which this function does not write")]
    NoIndex {
        /// The object's key.
        key: String,
    },
}

/// How one conditional write ended.
enum Attempt {
    Written,
    /// The record has changed since it was read. The item is the one in the table, unless there is none or another transaction
    /// was changing it: `ReturnValuesOnConditionCheckFailure` of
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Put.html>.
    Conflict(Option<Item>),
}

type Item = HashMap<String, AttributeValue>;

impl Store {
    /// A store of records only.
    #[must_use]
    pub fn new(client: Client, image_table: impl Into<String>) -> Self {
        Self {
            client,
            images: image_table.into(),
            labels: None,
        }
    }

    /// The same store, with the label index.
    #[must_use]
    pub fn with_index(self, label_table: impl Into<String>) -> Self {
        Self {
            labels: Some(label_table.into()),
            ..self
        }
    }

    /// The record of a key, if there is one.
    ///
    /// # Errors
    /// The item cannot be read, or is not a record.
    pub async fn read(&self, key: &str) -> Result<Option<Record>, StoreError> {
        self.get(key, true).await
    }

    /// The record of a key as it was a moment ago, at half the price.
    ///
    /// # Errors
    /// The item cannot be read, or is not a record.
    pub async fn read_eventually(&self, key: &str) -> Result<Option<Record>, StoreError> {
        self.get(key, false).await
    }

    async fn get(&self, key: &str, consistent: bool) -> Result<Option<Record>, StoreError> {
        let response = self
            .client
            .get_item()
            .table_name(&self.images)
            .key("Id", AttributeValue::S(key.to_owned()))
            .consistent_read(consistent)
            .send()
            .await
            .map_err(|source| StoreError::Read {
                key: key.to_owned(),
                table: self.images.clone(),
                source: source.into(),
            })?;
        record(key, response.item.as_ref())
    }

    /// Reads, merges and writes, again if the record changes between read and write, until `deadline` is near.
    ///
    /// # Errors
    /// `DynamoDB` fails or throttles.
    pub async fn write(
        &self,
        event: &ObjectEvent,
        write: &Write,
        deadline: Instant,
    ) -> Result<Written, StoreError> {
        let read = self.read(&event.key).await?;
        self.replace_read(read, event, write, deadline).await
    }

    /// Merges into the record that was `read` before, and writes: one call less than [`Store::write`]. If the record has
    /// changed since, the error contains the new one, which is merged into and written at once.
    ///
    /// # Errors
    /// Those of [`Store::write`].
    pub async fn replace_read(
        &self,
        read: Option<Record>,
        event: &ObjectEvent,
        write: &Write,
        deadline: Instant,
    ) -> Result<Written, StoreError> {
        let mut read = Some(read);
        for attempts in 1.. {
            let old = match read.take() {
                Some(record) => record,
                None => self.read(&event.key).await?,
            };
            let verdict = match (merge(old.as_ref(), event, write), old) {
                (Merged::Write(new), old) => match self.replace(old.as_ref(), &new).await? {
                    Attempt::Written => {
                        return Ok(Written {
                            verdict: Verdict::Written,
                            record: *new,
                        });
                    }
                    // After the pause that follows later attempts the item would be stale.
                    Attempt::Conflict(Some(item)) if attempts == 1 => {
                        read = Some(record(&event.key, Some(&item))?);
                        continue;
                    }
                    Attempt::Conflict(_) => None,
                },
                (Merged::Duplicate, Some(record)) => Some((Verdict::Duplicate, record)),
                (Merged::Late, Some(record)) => Some((Verdict::Late, record)),
                // Unreachable: only a record makes an event late or a duplicate.
                (Merged::Duplicate | Merged::Late, None) => None,
            };
            if let Some((verdict, record)) = verdict {
                return Ok(Written { verdict, record });
            }
            let pause = backoff(attempts);
            if Instant::now() + pause >= deadline {
                return Err(StoreError::Contended {
                    key: event.key.clone(),
                    attempts,
                });
            }
            tokio::time::sleep(pause).await;
        }
        unreachable!("the range above has no end")
    }

    /// Replaces `old` by `new`, if `old` is still in the table.
    async fn replace(&self, old: Option<&Record>, new: &Record) -> Result<Attempt, StoreError> {
        let key = &new.key;
        let item = to_item(new).map_err(|source| StoreError::Item {
            key: key.clone(),
            source,
        })?;
        let changes = new.index_changes(old);
        let put = Put::builder()
            .table_name(&self.images)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match old {
            None => put.condition_expression("attribute_not_exists(Id)"),
            Some(old) => put
                .condition_expression("Rev = :read")
                .expression_attribute_values(":read", AttributeValue::N(old.rev.to_string())),
        };
        let failed = |source: Source| StoreError::Write {
            key: key.clone(),
            table: self.images.clone(),
            source,
        };
        let put = put.build().map_err(|source| failed(source.into()))?;
        let written = if changes.is_empty() {
            self.put(put).await
        } else {
            let labels = self
                .labels
                .as_ref()
                .ok_or_else(|| StoreError::NoIndex { key: key.clone() })?;
            self.transact(put, labels, key, &changes).await
        };
        written.map_err(failed)
    }

    async fn put(&self, put: Put) -> Result<Attempt, Source> {
        let response = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                put.return_values_on_condition_check_failure,
            )
            .send()
            .await;
        match response {
            Ok(_) => Ok(Attempt::Written),
            Err(error) => put_conflict(&error).ok_or_else(|| error.into()),
        }
    }

    async fn transact(
        &self,
        put: Put,
        labels: &str,
        key: &str,
        changes: &IndexChanges,
    ) -> Result<Attempt, Source> {
        let mut request = self.client.transact_write_items();
        request = request.transact_items(TransactWriteItem::builder().put(put).build());
        for (label, confidence) in &changes.put {
            let put =
                Put::builder()
                    .table_name(labels)
                    .set_item(Some(row(label, *confidence, key)));
            request =
                request.transact_items(TransactWriteItem::builder().put(put.build()?).build());
        }
        for (label, confidence) in &changes.delete {
            let delete = Delete::builder().table_name(labels).set_key(Some(row_key(
                label,
                *confidence,
                key,
            )));
            request = request
                .transact_items(TransactWriteItem::builder().delete(delete.build()?).build());
        }
        match request.send().await {
            Ok(_) => Ok(Attempt::Written),
            Err(error) => transaction_conflict(&error).ok_or_else(|| error.into()),
        }
    }
}

fn record(key: &str, item: Option<&Item>) -> Result<Option<Record>, StoreError> {
    item.map(from_item)
        .transpose()
        .map_err(|source| StoreError::Item {
            key: key.to_owned(),
            source,
        })
}

/// The conflict, if the error means that the record changed between read and write.
fn put_conflict(error: &SdkError<PutItemError>) -> Option<Attempt> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(failed) => {
            Some(Attempt::Conflict(failed.item.clone()))
        }
        PutItemError::TransactionConflictException(_) => Some(Attempt::Conflict(None)),
        _ => None,
    }
}

/// The same for a transaction, which reports one reason for each of its writes, the record's first. Any other reason, such
/// as throttling, is an error.
fn transaction_conflict(error: &SdkError<TransactWriteItemsError>) -> Option<Attempt> {
    let TransactWriteItemsError::TransactionCanceledException(canceled) =
        error.as_service_error()?
    else {
        return None;
    };
    let reasons = canceled.cancellation_reasons();
    let mut codes = reasons
        .iter()
        .filter_map(|reason| reason.code())
        .filter(|code| *code != "None")
        .peekable();
    let is_conflict = codes.peek().is_some()
        && codes.all(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"));
    is_conflict.then(|| Attempt::Conflict(reasons[0].item.clone()))
}

/// Full jitter below a ceiling that doubles from 40 ms to 1 s.
fn backoff(attempts: u32) -> Duration {
    let ceiling = 20_u64.saturating_mul(1 << attempts.min(6)).min(1000);
    Duration::from_millis(fastrand::u64(0..=ceiling))
}
