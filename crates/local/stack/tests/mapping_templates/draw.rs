//! Random hostile input, and how it is encoded in a request.

use std::fmt::Write as _;

use api_gateway::PathParameters;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::sample::select;

/// The hostile input of one exchange.
#[derive(Debug, Clone)]
pub struct Draw {
    /// A key or label; may be invalid UTF-8.
    pub key: Vec<u8>,
    /// A size of thumbnails.
    pub size: Vec<u8>,
    /// How both are encoded: which bytes are escaped, and how.
    pub spelling: u64,
    pub limit: Option<String>,
    pub next: Next,
    /// Keys and labels that the tables hold.
    pub stored: Vec<String>,
    /// Text in the services' responses.
    pub service_text: String,
    /// Input that the route does not use: parameters, headers, a body.
    pub noise: String,
}

impl Draw {
    /// Whether the gateway passes the path on: one that is not UTF-8 is refused before a template if it is decoded.
    pub fn reaches_a_template(&self, reading: PathParameters) -> bool {
        reading == PathParameters::AsSent
            || [&self.key, &self.size]
                .iter()
                .all(|part| std::str::from_utf8(part).is_ok())
    }
}

/// A page token.
#[derive(Debug, Clone)]
pub enum Next {
    None,
    /// As the API would write it for this text.
    Of(String),
    /// The beginning of the API's tokens, followed by this.
    Like(String),
    /// Anything.
    Any(String),
}

/// Each has broken something somewhere: an encoding, a template, a path, a query, JSON.
pub const PIECES: &[&str] = &[
    "a",
    "'",
    "\"",
    "\\",
    "\\'",
    "\\\"",
    "\\\\'",
    "\\u0022",
    "/",
    "//",
    "../",
    " ",
    "+",
    "%",
    "%2",
    "%2B",
    "%22",
    "%00",
    "~22",
    "*",
    "?",
    "#",
    "&limit=1000",
    ";",
    "${}",
    "$!{x}",
    "$util.urlDecode('%22')",
    "$input.body",
    "#set($reply = 1)",
    "#set($context.responseOverride.status = 200)",
    "#if(true)",
    "#end",
    "#stop",
    "##",
    "#*",
    "#[[",
    "\0",
    "\u{1}",
    "\t",
    "\n",
    "\r\nX-Injected: 1\r\n\r\n",
    "\u{1f}",
    "\u{7f}",
    "\u{80}",
    "é",
    "\u{2028}",
    "\u{fdd0}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "🦀",
    "\", \"TableName\": \"another",
    "\"}}, \"TableName\": \"another\", \"x\": {\"y\": {\"S\": \"",
    "\", \"next\": null, \"images\": [], \"x\": \"",
    "'}, {'",
    "{\"json\": [1, null]}",
    "null",
    "<Code>InvalidURI</Code>",
    "</script>",
    "Throttling",
    "arn:aws:s3:::another/x",
];

/// Invalid UTF-8: a stray byte, a cut-off or overlong sequence, a surrogate, a number beyond the last character.
pub const NO_UTF8: &[&[u8]] = &[
    b"\xff",
    b"a\xc3",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\xef\xbf\xbd",
];

impl Draw {
    /// The key or label decoded as UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.key).into_owned()
    }

    /// The key encoded for a path, with plain or encoded slashes.
    pub fn greedy(&self) -> String {
        // Plain slashes at the end would be dropped.
        let end = self
            .key
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |last| last + 1);
        let (key, slashes) = self.key.split_at(end);
        spelt(key, self.spelling, true) + &spelt(slashes, self.spelling, false)
    }

    /// The key encoded as one segment of a path.
    pub fn segment(&self) -> String {
        spelt(&self.key, self.spelling, false)
    }

    pub fn size_segment(&self) -> String {
        spelt(&self.size, self.spelling.rotate_left(7), false)
    }
}

/// Percent-encodes bytes in one of many ways that are valid in a path. A plus in a path is a plus (RFC 3986).
fn spelt(bytes: &[u8], spelling: u64, slashes_stay: bool) -> String {
    let mut out = String::new();
    for (at, byte) in (0_u32..).zip(bytes) {
        let choice = spelling.rotate_left(at) % 4;
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@".contains(byte)
            || *byte == b'/' && slashes_stay;
        match (byte, choice) {
            (_, 0..=2) if plain => out.push(char::from(*byte)),
            (_, 1) => write!(out, "%{byte:02x}").unwrap(),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}

/// Encodes a value for a query.
pub fn queried(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A draw around each piece, with valid and invalid parameters.
pub fn by_hand() -> Vec<Draw> {
    let long = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let mut texts: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    texts.push(PIECES.concat());
    for piece in ["k", "'", "\\", "🦀", "\u{1}"] {
        texts.push(long(piece, 1000));
    }
    texts.push(long("k", 1001));
    texts.push(long("é", 2050));
    let limits = [
        None,
        Some(""),
        Some("1"),
        Some("100"),
        Some("101"),
        Some("0"),
        Some("07"),
        Some("5\n"),
    ];
    let mut draws = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let good = at % 2 == 0 || text.len() > 1000;
        draws.push(Draw {
            key: text.clone().into(),
            size: text.clone().into(),
            spelling: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(at as u64),
            limit: match at / 2 % 3 {
                _ if good => limits[at / 2 % 4].map(str::to_owned),
                0 => Some(text.clone()),
                _ => limits[at / 2 % limits.len()].map(str::to_owned),
            },
            next: match at / 2 % 4 {
                _ if text.len() > 1000 => Next::None,
                0 => Next::None,
                1 if !good => Next::Like(text.clone()),
                2 if !good => Next::Any(text.clone()),
                _ => Next::Of(text.clone()),
            },
            stored: texts
                .iter()
                .cycle()
                .skip(at)
                .take(at % 3)
                .cloned()
                .collect(),
            service_text: text.clone(),
            noise: text.clone(),
        });
    }
    let first = draws[0].clone();
    draws.extend(NO_UTF8.iter().map(|bytes| Draw {
        key: bytes.to_vec(),
        ..first.clone()
    }));
    draws.extend(
        [
            "~ff",
            "~FF",
            "~41",
            "~C3~A9",
            "a~",
            "~0A",
            "098.7100~23k",
            "198.7100~23",
            "a.b-c_d",
        ]
        .map(|token| Draw {
            next: Next::Like(token.to_owned()),
            ..first.clone()
        }),
    );
    draws
}

/// Any draw.
pub fn any_draw() -> impl Strategy<Value = Draw> {
    let key = prop_oneof![
        6 => text(1000).prop_map(String::into_bytes),
        1 => (text(400), select(NO_UTF8), text(400)).prop_map(|(before, bytes, after)| {
            [before.as_bytes(), bytes, after.as_bytes()].concat()
        }),
        1 => text(2100).prop_map(String::into_bytes),
    ];
    let key = key.prop_filter("a key", |key| !key.is_empty());
    let limit = prop_oneof![
        Just(None),
        (0..120_u8).prop_map(|limit| Some(limit.to_string())),
        text(20).prop_map(Some),
    ];
    let next = prop_oneof![
        Just(Next::None),
        text(1000).prop_map(Next::Of),
        "[A-Za-z0-9._~-]{0,20}|([a-z]|~[0-9A-F]{2}){0,8}".prop_map(Next::Like),
        text(40).prop_map(Next::Any),
    ];
    let size = text(30)
        .prop_map(String::into_bytes)
        .prop_filter("a size", |size| !size.is_empty());
    let stored = prop::collection::vec(text(1000), 0..4);
    (
        key,
        size,
        any::<u64>(),
        limit,
        next,
        stored,
        text(60),
        text(60),
    )
        .prop_map(
            |(key, size, spelling, limit, next, stored, service_text, noise)| Draw {
                key,
                size,
                spelling,
                limit,
                next,
                stored,
                service_text,
                noise,
            },
        )
}

/// Pieces and arbitrary text, up to so many bytes.
fn text(bytes: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(PIECES).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        1 => select(PIECES).prop_map(|piece| piece.repeat(40)),
    ];
    prop::collection::vec(piece, 0..12).prop_map(move |pieces| {
        let mut text = pieces.concat();
        while text.len() > bytes {
            text.pop();
        }
        text
    })
}
