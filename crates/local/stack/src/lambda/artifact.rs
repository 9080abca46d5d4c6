//! Where a function's executable comes from: built from this workspace, or taken out of a zip.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::private_files;

/// Builds the packages whose zips the keys name, with the profile that this program was built with.
///
/// A key is `<package>-<version>.zip`; cargo finds nothing to do where nothing has changed.
///
/// # Errors
/// A key that names no package, or a build that fails.
pub fn build(keys: &[&str]) -> anyhow::Result<HashMap<String, PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut packages = HashMap::new();
    for key in keys {
        packages.insert(package(key, &root)?, *key);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(&root)
        .args([
            "build",
            "--message-format=json-render-diagnostics",
            "--package=local-stack",
        ])
        .stderr(Stdio::inherit());
    // Cargo sets these variables for the program that it runs. ring's build script watches them, and would run again.
    for (name, _) in std::env::vars_os() {
        let is_set_by_cargo = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_set_by_cargo {
            command.env_remove(name);
        }
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    // The first build takes minutes: show its progress on a terminal.
    if !io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    for package in packages.keys() {
        command
            .arg(format!("--package={package}"))
            .arg(format!("--bin={package}"));
    }
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the functions do not build");
    }
    let mut executables = HashMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else {
            continue;
        };
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if let (Some(key), Some(path)) = (packages.get(name), message["executable"].as_str()) {
            executables.insert((*key).to_owned(), PathBuf::from(path));
        }
    }
    Ok(executables)
}

fn package(key: &str, root: &Path) -> anyhow::Result<String> {
    let stem = key.strip_suffix(".zip").unwrap_or(key);
    let package = stem
        .rmatch_indices('-')
        .map(|(end, _)| &stem[..end])
        .find(|name| {
            root.join("crates/functions")
                .join(name)
                .join("src/main.rs")
                .exists()
        });
    match package {
        Some(name) => Ok(name.to_owned()),
        None => bail!("{key} is not <function>-<version>.zip of a function in crates/functions/"),
    }
}

/// Extracts `bootstrap` from the zips in `folder`.
///
/// A zip is found by its key, or else by its function's name, if exactly one matches.
///
/// # Errors
/// No zip or several, or one without an executable `bootstrap` for this machine at its root.
pub fn unpack(
    keys: &[&str],
    folder: &Path,
    into: &Path,
) -> anyhow::Result<HashMap<String, PathBuf>> {
    let mut executables = HashMap::new();
    for key in keys {
        let zip = find(key, folder)?;
        let target = into.join(key);
        private_files::create_folder(&target)
            .with_context(|| format!("cannot create {}", target.display()))?;
        let path = target.join("bootstrap");
        extract(&zip, &path).with_context(|| format!("cannot run {}", zip.display()))?;
        executables.insert((*key).to_owned(), path);
    }
    Ok(executables)
}

fn find(key: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let exact = folder.join(key);
    if exact.is_file() {
        return Ok(exact);
    }
    let function = key.rsplit_once('-').map_or(key, |(function, _)| function);
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut zips: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let versioned = name
                .strip_prefix(function)
                .is_some_and(|rest| rest.starts_with('-'));
            versioned && path.extension().is_some_and(|ending| ending == "zip")
        })
        .collect();
    match (zips.pop(), zips.len()) {
        (Some(zip), 0) => Ok(zip),
        (None, _) => bail!("{} has no {function}-<version>.zip", folder.display()),
        (Some(_), more) => bail!(
            "{} has {} zips of {function}: name one with --parameter",
            folder.display(),
            more + 1
        ),
    }
}

fn extract(zip: &Path, path: &Path) -> anyhow::Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(zip)?)?;
    let mut bootstrap = archive
        .by_name("bootstrap")
        .context("there is no bootstrap at its root")?;
    if bootstrap.unix_mode().is_some_and(|mode| mode & 0o111 == 0) {
        bail!("its bootstrap is not executable");
    }
    // Another process may be running the existing file, so a new one replaces it.
    let partial = path.with_extension("partial");
    io::copy(&mut bootstrap, &mut private_files::executable(&partial)?)?;
    fs::rename(&partial, path)?;
    Ok(())
}
