//! Builds the gallery page: `web/index.html` with its style sheet and its modules, as one self-contained file.
//!
//! The files of `web/` also run unchanged from any web server. Joining them needs no bundler, because they use a subset
//! of the language, which [`build`] checks: modules import by name from a file beside them
//! (`import { name } from "./file.js";`), export only declarations, have unique names for all top-level declarations, and
//! have no comments or template literals that span lines.

mod minify;
mod modules;
mod style;
mod tokens;

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// Size in bytes that a built page must not exceed.
pub const MAX_BYTES: usize = 60_000;

const STYLE_SHEET: &str = r#"<link rel="stylesheet" href="style.css">"#;
const ENTRY: &str = r#"<script type="module" src="main.js"></script>"#;
const CHARSET: &str = r#"<meta charset="utf-8">"#;

/// Why the page cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file is missing or is not UTF-8.
    #[error("cannot read {file}")]
    Read {
        /// Its name in the folder.
        file: String,
        /// What the file system reports.
        source: std::io::Error,
    },
    /// `index.html` does not have a line that the build replaces.
    #[error("index.html has no line {0}")]
    Anchor(&'static str),
    /// A file uses something outside the supported subset.
    #[error("{file}: {problem}")]
    Unsupported {
        /// Its name in the folder.
        file: String,
        /// What it uses.
        problem: String,
    },
    /// The page exceeds [`MAX_BYTES`].
    #[error("the page has {0} bytes, more than {MAX_BYTES}")]
    TooLarge(usize),
}

/// Builds the page from the files in `folder`.
///
/// The page starts with a Content-Security-Policy that allows its own script and style by their hashes, requests to its
/// own origin, and nothing else.
///
/// # Errors
/// [`BuildError`].
pub fn build(folder: &Path) -> Result<String, BuildError> {
    let style = style::minify(&read(folder, "style.css")?);
    let script = modules::bundle("main.js", &|file| read(folder, file))?;
    let script = minify::minify(&script)
        .ok_or_else(|| unsupported("main.js", "a literal or a bracket has no end".into()))?;
    for (file, text, end) in [
        ("style.css", &style, "</style"),
        ("main.js", &script, "</script"),
        ("main.js", &script, "<!--"),
    ] {
        if text.contains(end) {
            return Err(unsupported(file, format!("contains {end}")));
        }
    }
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src 'self' blob: data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(&script),
        hash(&style),
    );
    let mut page = read(folder, "index.html")?
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    page.push('\n');
    for (anchor, replacement) in [
        (
            CHARSET,
            format!(
                "{CHARSET}\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">"
            ),
        ),
        (STYLE_SHEET, format!("<style>{style}</style>")),
        (ENTRY, format!("<script type=\"module\">{script}</script>")),
    ] {
        if page.matches(anchor).count() != 1 {
            return Err(BuildError::Anchor(anchor));
        }
        page = page.replacen(anchor, &replacement, 1);
    }
    if page.len() > MAX_BYTES {
        return Err(BuildError::TooLarge(page.len()));
    }
    Ok(page)
}

fn read(folder: &Path, file: &str) -> Result<String, BuildError> {
    std::fs::read_to_string(folder.join(file)).map_err(|source| BuildError::Read {
        file: file.to_owned(),
        source,
    })
}

fn unsupported(file: &str, problem: String) -> BuildError {
    BuildError::Unsupported {
        file: file.to_owned(),
        problem,
    }
}

/// The source expression of a hash (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}
