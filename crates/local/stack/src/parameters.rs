//! The template's parameters, from a file and from the command line.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

/// A parameters file as `aws cloudformation deploy --parameter-overrides file://` takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct File {
    parameters: BTreeMap<String, String>,
}

/// Reads the parameters of `path`; those of `given` take precedence.
///
/// # Errors
/// A file that can't be read.
pub fn read(
    path: &Path,
    given: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a parameters file", path.display()))?;
    let mut parameters = file.parameters;
    parameters.extend(given.clone());
    Ok(parameters)
}
