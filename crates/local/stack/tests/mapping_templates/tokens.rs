//! The API's page tokens and limits, implemented independently of the templates.

use std::fmt::Write as _;

use crate::draw::Next;

/// Bytes of the longest key that S3 takes.
const MAX_KEY_LENGTH: usize = 1024;
/// The beginning of a `Rank`, before the key: a confidence of up to 100 with four decimals.
const RANK: &str = "098.7100#";
/// The beginning of a token of `/images`, before the key: milliseconds since 1970.
pub const LISTED_AT: &str = "1795352400000";

/// A list of the API, which determines how its tokens begin and what they hold.
#[derive(Clone, Copy)]
pub enum List {
    /// `/images`: a token holds `ListedAt` and a key.
    Images,
    /// `/labels/{name}`: a token holds a `Rank`.
    Labels,
}

impl List {
    fn beginning(self) -> &'static str {
        match self {
            Self::Images => "i2.",
            Self::Labels => "l1.",
        }
    }

    /// The stored value for a key, which a token holds.
    pub fn stored(self, key: &str) -> String {
        match self {
            Self::Images => format!("{LISTED_AT}.{key}"),
            Self::Labels => format!("{RANK}{key}"),
        }
    }

    /// The token that continues after a stored value.
    pub fn token(self, stored: &str) -> String {
        self.beginning().to_owned() + &encoded(stored)
    }

    /// The token as the client sends it; `None` if it sends none.
    pub fn spelt(self, next: &Next) -> Option<String> {
        match next {
            Next::None => None,
            Next::Of(key) => Some(self.token(&self.stored(key))),
            Next::Like(rest) => Some(self.beginning().to_owned() + rest),
            Next::Any(text) => Some(text.clone()),
        }
    }

    /// What a token holds; `None` if this list cannot have written it.
    pub fn read(self, token: &str) -> Option<String> {
        let spelling = token.strip_prefix(self.beginning())?;
        let mut bytes = Vec::new();
        let mut rest = spelling.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'~' => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    u8::try_from(digit()? * 16 + digit()?).ok()?
                }
                _ => byte,
            });
        }
        let text = String::from_utf8(bytes).ok()?;
        let key = match self {
            Self::Images => {
                let (at, key) = text.split_once('.')?;
                let digits = at.len() == LISTED_AT.len() && at.bytes().all(|b| b.is_ascii_digit());
                digits.then_some(key)?
            }
            Self::Labels => {
                let (rank, key) = (text.get(..RANK.len())?, text.get(RANK.len()..)?);
                let shape = |(at, c): (usize, char)| match at {
                    0 => c == '0' || c == '1',
                    3 => c == '.',
                    8 => c == '#',
                    _ => c.is_ascii_digit(),
                };
                rank.chars().enumerate().all(shape).then_some(key)?
            }
        };
        let good = !key.is_empty() && key.len() <= MAX_KEY_LENGTH && encoded(&text) == spelling;
        good.then_some(text)
    }
}

/// Every byte but letters, digits, dot, hyphen and underscore as `~` and two digits.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "~{byte:02X}").unwrap();
        }
    }
    out
}

/// The page's size; `None` if the limit is invalid.
pub fn page_size(limit: Option<&str>) -> Option<u8> {
    let text = limit.unwrap_or_default();
    if text.is_empty() {
        return Some(50);
    }
    let size: u8 = text.parse().ok()?;
    ((1..=100).contains(&size) && size.to_string() == text).then_some(size)
}
