//! The tables of the index, and the migration from earlier layouts.

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;

/// The version of the layout, stored in the index as `user_version`.
const LAYOUT: i64 = 2;

/// An object is a chain of versions. In a bucket without versioning it is one version, `null`.
const TABLES: &str = "
CREATE TABLE buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL, versioning TEXT) WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, initiated INTEGER NOT NULL, settings TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL, md5 BLOB NOT NULL,
    modified INTEGER NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE sequence (last INTEGER NOT NULL);
INSERT INTO sequence VALUES (0);
";

/// New in layout 2. A version without content is a delete marker.
const VERSIONS: &str = "
CREATE TABLE versions (
    bucket TEXT NOT NULL, key BLOB NOT NULL, sequence INTEGER NOT NULL, version TEXT NOT NULL,
    is_latest INTEGER NOT NULL, content TEXT, size INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL,
    metadata TEXT NOT NULL, PRIMARY KEY (bucket, key, sequence DESC)
) WITHOUT ROWID;
CREATE UNIQUE INDEX latest_versions ON versions (bucket, key) WHERE is_latest;
CREATE UNIQUE INDEX version_ids ON versions (bucket, key, version);
CREATE TABLE completed_uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, completed INTEGER NOT NULL, outcome TEXT NOT NULL
) WITHOUT ROWID;
";

/// Layout 1 had one object for each key, and each bucket's region.
const FROM_LAYOUT_1: &str = "
INSERT INTO versions (bucket, key, sequence, version, is_latest, content, size, etag, modified, metadata)
    SELECT bucket, key, sequence, 'null', 1, content, size, etag, modified, description FROM objects;
DROP TABLE objects;
ALTER TABLE buckets DROP COLUMN region;
ALTER TABLE buckets ADD COLUMN versioning TEXT;
ALTER TABLE uploads RENAME COLUMN plan TO settings;
";

/// Creates the tables, or migrates those of an earlier layout.
pub(super) fn prepare(index: &mut Connection) -> Result<(), Error> {
    let tx = index.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match tx.pragma_query_value(None, "user_version", |row| row.get(0))? {
        LAYOUT => {}
        0 => {
            tx.execute_batch(TABLES)?;
            tx.execute_batch(VERSIONS)?;
        }
        1 => {
            tx.execute_batch(VERSIONS)?;
            tx.execute_batch(FROM_LAYOUT_1)?;
        }
        found => {
            return Err(Error::IndexLayout {
                found,
                expected: LAYOUT,
            });
        }
    }
    tx.pragma_update(None, "user_version", LAYOUT)?;
    tx.commit()?;
    Ok(())
}
