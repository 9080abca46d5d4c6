//! The licences of what is linked into our programs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Those that ask of whoever ships a program no more than to name the authors (SPDX identifiers).
const ACCEPTED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Looks at every dependency of the workspace on the processors that it is built for; tells how many there are.
///
/// # Errors
/// A dependency whose licence is missing or not accepted; cargo's own.
pub fn check(root: &Path) -> anyhow::Result<usize> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["metadata", "--format-version=1", "--locked"]);
    for processor in ["x86_64", "aarch64"] {
        command.arg(format!("--filter-platform={processor}-unknown-linux-gnu"));
    }
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_accepted))
        .map(|package| {
            format!(
                "{} {}: {}",
                package["name"], package["version"], package["license"]
            )
        })
        .collect();
    if !refused.is_empty() {
        bail!("not accepted:\n{}", refused.join("\n"));
    }
    Ok(packages.len())
}

/// Whether an SPDX expression can be met by accepted licences. Of old, a slash is an `OR`.
#[must_use]
pub fn is_accepted(expression: &str) -> bool {
    let text = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    any_of(&mut rest) == Some(true) && rest.is_empty()
}

fn any_of(rest: &mut &[&str]) -> Option<bool> {
    let mut met = all_of(rest)?;
    while let ["OR", more @ ..] = *rest {
        *rest = more;
        met |= all_of(rest)?;
    }
    Some(met)
}

fn all_of(rest: &mut &[&str]) -> Option<bool> {
    let mut met = one(rest)?;
    while let ["AND", more @ ..] = *rest {
        *rest = more;
        met &= one(rest)?;
    }
    Some(met)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    match *rest {
        ["(", more @ ..] => {
            *rest = more;
            let met = any_of(rest)?;
            let [")", more @ ..] = *rest else {
                return None;
            };
            *rest = more;
            Some(met)
        }
        [licence, "WITH", exception, more @ ..] => {
            *rest = more;
            Some(ACCEPTED.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        ["OR" | "AND" | "WITH" | ")", ..] | [] => None,
        [licence, more @ ..] => {
            *rest = more;
            Some(ACCEPTED.contains(licence))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_met_or_not() {
        for met in [
            "MIT",
            "MIT/GPL-3.0",
            "GPL-3.0 OR MIT",
            "(GPL-3.0 OR MIT) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 AND MIT OR ISC",
        ] {
            assert!(is_accepted(met), "{met}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT AND (ISC OR",
            "MIT ISC",
            "OR MIT",
            "MIT WITH something",
            "GPL-3.0 OR MIT AND AGPL-3.0",
        ] {
            assert!(!is_accepted(refused), "{refused}");
        }
    }
}
