//! Keys in the order of their UTF-8 bytes, rolled up at a delimiter.

use rusqlite::params;

use super::versions::{COLUMNS, read, sequence};
use super::{ObjectVersion, Store, buckets};
use crate::Error;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListingQuery {
    /// Only keys that begin with this.
    pub(crate) prefix: String,
    /// Keys are rolled up at its first occurrence after the prefix.
    pub(crate) delimiter: Option<String>,
    /// Only items after this.
    pub(crate) after: Position,
    /// The maximum number of items.
    pub(crate) limit: usize,
}

/// A place in a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// A key or rolled-up prefix.
    pub(crate) key: String,
    /// A version of the key, whose older versions come after it; if absent, the place is after all versions.
    pub(crate) version: Option<String>,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListingItem {
    Version(Box<ObjectVersion>),
    /// The common beginning of rolled-up keys, up to and including the delimiter.
    Prefix(String),
}

impl ListingItem {
    fn position(&self) -> Position {
        match self {
            Self::Version(version) => Position {
                key: version.key.clone(),
                version: Some(version.id.clone()),
            },
            Self::Prefix(prefix) => Position {
                key: prefix.clone(),
                version: None,
            },
        }
    }
}

/// A part of a listing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListingPage {
    pub(crate) items: Vec<ListingItem>,
    /// [`ListingQuery::after`] for the next page, if there is one.
    pub(crate) next: Option<Position>,
}

impl ListingQuery {
    /// The rolled-up prefix that a key belongs to.
    fn roll_up<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self
            .delimiter
            .as_deref()
            .filter(|delimiter| !delimiter.is_empty())?;
        let rest = key.strip_prefix(&self.prefix)?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        Some(&key[..end])
    }

    /// The first key that may be listed.
    fn lower_bound(&self) -> Vec<u8> {
        let Position { key, .. } = &self.after;
        let after = match self.roll_up(key) {
            Some(prefix) if prefix == key => past_prefix(prefix),
            _ if key.is_empty() => Vec::new(),
            _ => [key.as_bytes(), &[0]].concat(),
        };
        after.max(self.prefix.clone().into_bytes())
    }
}

/// The first byte string after all that begin with `prefix`. No byte of UTF-8 is 255, so adding 1 cannot overflow.
fn past_prefix(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    match bytes.last_mut() {
        Some(last) => *last += 1,
        None => bytes.push(u8::MAX),
    }
    bytes
}

impl Store {
    /// The objects that are not deleted: latest versions with a content.
    pub(crate) fn list(&self, bucket: &str, query: &ListingQuery) -> Result<ListingPage, Error> {
        self.list_where(bucket, query, "is_latest AND content IS NOT NULL")
    }

    /// All versions and delete markers, the newest of each key first.
    pub(crate) fn list_versions(
        &self,
        bucket: &str,
        query: &ListingQuery,
    ) -> Result<ListingPage, Error> {
        self.list_where(bucket, query, "true")
    }

    fn list_where(
        &self,
        bucket: &str,
        query: &ListingQuery,
        condition: &str,
    ) -> Result<ListingPage, Error> {
        let index = self.index();
        buckets::select(&index, bucket)?;
        let mut page = ListingPage::default();
        if query.limit == 0 {
            return Ok(page);
        }
        if let Some(version) = &query.after.version {
            let Position { key, .. } = &query.after;
            // A version that is deleted during the listing must not hide later ones; some are rather listed twice.
            let before = sequence(&index, bucket, key, version)?.unwrap_or(i64::MAX);
            let mut statement = index.prepare(&format!(
                "SELECT {COLUMNS} FROM versions WHERE bucket = ?1 AND key = ?2 AND sequence < ?3 AND {condition}
                 ORDER BY sequence DESC"
            ))?;
            let mut rows = statement.query(params![bucket, key.as_bytes(), before])?;
            while let Some(row) = rows.next()? {
                if page.is_full(query) {
                    return Ok(page);
                }
                page.items.push(ListingItem::Version(Box::new(read(row)?)));
            }
        }
        let mut statement = index.prepare(&format!(
            "SELECT {COLUMNS} FROM versions WHERE bucket = ?1 AND key >= ?2 AND key < ?3 AND {condition}
             ORDER BY key, sequence DESC"
        ))?;
        let end = past_prefix(&query.prefix);
        let mut from = query.lower_bound();
        // Each iteration reads up to the next rolled-up prefix and continues after it.
        'prefixes: loop {
            let mut rows = statement.query(params![bucket, from, end])?;
            while let Some(row) = rows.next()? {
                if page.is_full(query) {
                    return Ok(page);
                }
                let version = read(row)?;
                if let Some(prefix) = query.roll_up(&version.key) {
                    from = past_prefix(prefix);
                    page.items.push(ListingItem::Prefix(prefix.to_owned()));
                    continue 'prefixes;
                }
                page.items.push(ListingItem::Version(Box::new(version)));
            }
            return Ok(page);
        }
    }
}

impl ListingPage {
    /// Whether the page is full, so that the next item belongs to the next page.
    fn is_full(&mut self, query: &ListingQuery) -> bool {
        let is_full = self.items.len() == query.limit;
        if is_full {
            self.next = self.items.last().map(ListingItem::position);
        }
        is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(prefix: &str, delimiter: &str, after: &str) -> ListingQuery {
        ListingQuery {
            prefix: prefix.into(),
            delimiter: Some(delimiter.into()),
            after: Position {
                key: after.into(),
                version: None,
            },
            limit: 1,
        }
    }

    #[test]
    fn keys_are_rolled_up_at_the_first_delimiter_after_the_prefix() {
        assert_eq!(query("", "/", "").roll_up("a/b/c"), Some("a/"));
        assert_eq!(query("a/", "/", "").roll_up("a/b/c"), Some("a/b/"));
        assert_eq!(query("a/b", "/", "").roll_up("a/b"), None);
        assert_eq!(query("", "", "").roll_up("a/b"), None);
        assert_eq!(query("", "ö", "").roll_up("aöb"), Some("aö"));
    }

    #[test]
    fn the_next_page_begins_behind_a_rolled_up_prefix() {
        assert_eq!(query("", "/", "a/").lower_bound(), b"a0");
        assert_eq!(query("", "/", "a/b").lower_bound(), b"a/b\0");
        assert_eq!(query("a/", "/", "a/").lower_bound(), b"a/\0");
        assert_eq!(query("b", "/", "a").lower_bound(), b"b");
    }
}
