//! Keys in the order of their UTF-8 bytes, rolled up at a delimiter.

use rusqlite::params;

use super::objects::{COLUMNS, read};
use super::{Entry, Store, require_bucket};
use crate::Error;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Only keys that begin with this.
    pub(crate) prefix: String,
    /// Keys that go on after the prefix up to this are rolled up.
    pub(crate) delimiter: Option<String>,
    /// Only what comes after this key or rolled-up prefix.
    pub(crate) after: String,
    /// At most so many items.
    pub(crate) most: usize,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Object(Box<Entry>),
    /// The beginning that rolled-up keys have in common, with the delimiter at its end.
    Prefix(String),
}

impl Item {
    fn name(&self) -> &str {
        match self {
            Self::Object(entry) => &entry.key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// A part of a listing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// What [`Query::after`] is for the next page, if there is one.
    pub(crate) next: Option<String>,
}

impl Query {
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

    /// The least key that may be listed.
    fn lower_bound(&self) -> Vec<u8> {
        let after = match self.roll_up(&self.after) {
            Some(prefix) if prefix == self.after => past_prefix(prefix),
            _ if self.after.is_empty() => Vec::new(),
            _ => [self.after.as_bytes(), &[0]].concat(),
        };
        after.max(self.prefix.clone().into_bytes())
    }
}

/// The least byte string after all that begin with `prefix`. No byte of UTF-8 is 255, so that adding is safe.
fn past_prefix(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    match bytes.last_mut() {
        Some(last) => *last += 1,
        None => bytes.push(u8::MAX),
    }
    bytes
}

impl Store {
    pub(crate) fn list(&self, bucket: &str, query: &Query) -> Result<Page, Error> {
        let index = self.index();
        require_bucket(&index, bucket)?;
        let mut page = Page::default();
        if query.most == 0 {
            return Ok(page);
        }
        let mut statement = index.prepare(&format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND key >= ?2 AND key < ?3 ORDER BY key"
        ))?;
        let end = past_prefix(&query.prefix);
        let mut from = query.lower_bound();
        // Each turn reads up to the next rolled-up prefix and goes on behind it.
        'prefixes: loop {
            let mut rows = statement.query(params![bucket, from, end])?;
            while let Some(row) = rows.next()? {
                if page.items.len() == query.most {
                    page.next = page.items.last().map(|item| item.name().to_owned());
                    return Ok(page);
                }
                let entry = read(row)?;
                if let Some(prefix) = query.roll_up(&entry.key) {
                    from = past_prefix(prefix);
                    page.items.push(Item::Prefix(prefix.to_owned()));
                    continue 'prefixes;
                }
                page.items.push(Item::Object(Box::new(entry)));
            }
            return Ok(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(prefix: &str, delimiter: &str, after: &str) -> Query {
        Query {
            prefix: prefix.into(),
            delimiter: Some(delimiter.into()),
            after: after.into(),
            most: 1,
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
