//! A function's zip, as Lambda will find it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use zip::ZipArchive;

use crate::elf;

/// What Lambda's `provided.al2023` has.
const NEWEST_GLIBC: (u32, u32) = (2, 34);
/// In bytes. A cold start fetches and unpacks all of it.
const LARGEST: u64 = 6_000_000;

/// Tells what a zip holds.
///
/// # Errors
/// A zip with anything but one executable `bootstrap` at its root, for another processor than `architecture` (`arm64`
/// or `x86_64`), that needs a newer glibc than 2.34, or of more than 6 MB.
pub fn inspect(zip: &Path, architecture: &str) -> anyhow::Result<String> {
    let size = fs::metadata(zip)?.len();
    let mut archive = ZipArchive::new(File::open(zip)?).context("no zip")?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    if names != ["bootstrap"] {
        bail!("holds {names:?}, not just bootstrap");
    }
    let mut entry = archive.by_index(0)?;
    let mode = entry.unix_mode().unwrap_or_default();
    if mode & 0o555 != 0o555 {
        bail!("bootstrap has mode {mode:o}: not everybody may run it");
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    let executable = elf::read(&bytes).context("bootstrap is no 64-bit executable")?;
    let machine = match executable.machine {
        62 => "x86_64",
        183 => "arm64",
        _ => "something else",
    };
    if machine != architecture {
        bail!("bootstrap is for {machine}, not for {architecture}");
    }
    let (major, minor) = executable
        .newest_glibc()
        .context("bootstrap needs no glibc")?;
    if (major, minor) > NEWEST_GLIBC {
        bail!("bootstrap needs glibc {major}.{minor}; Lambda has 2.34");
    }
    if size > LARGEST {
        bail!("has {size} bytes, more than {LARGEST}");
    }
    Ok(format!(
        "{size} bytes zipped, {} unpacked, {machine}, glibc {major}.{minor}",
        bytes.len()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip of the test's own, gone when it ends.
    struct Zip(PathBuf);

    impl Zip {
        fn new(name: &str, entries: &[Entry<'_>]) -> Self {
            let path = std::env::temp_dir().join(format!("{}-{name}.zip", std::process::id()));
            let mut writer = ZipWriter::new(File::create(&path).unwrap());
            for (name, mode, bytes) in entries {
                let options = SimpleFileOptions::default().unix_permissions(*mode);
                writer.start_file(*name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
            writer.finish().unwrap();
            Self(path)
        }
    }

    impl Drop for Zip {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    /// The smallest ELF file that has a version need: a header, a string, a need, and two section headers.
    fn executable(machine: u8, version: &str) -> Vec<u8> {
        let mut bytes = vec![0; 0x140];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        bytes[18] = machine;
        (bytes[0x28], bytes[0x3a], bytes[0x3c]) = (0xc0, 64, 2);
        bytes[0x40..0x40 + version.len()].copy_from_slice(version.as_bytes());
        // The need at 0x80: one version, which begins 16 bytes on.
        (bytes[0x82], bytes[0x88]) = (1, 16);
        // Section 0 has the strings, section 1 the needs.
        bytes[0xc0 + 0x18] = 0x40;
        bytes[0x104..0x108].copy_from_slice(&0x6fff_fffe_u32.to_le_bytes());
        (bytes[0x118], bytes[0x12c]) = (0x80, 1);
        bytes
    }

    /// Name, mode and bytes.
    type Entry<'a> = (&'a str, u32, &'a [u8]);

    fn answer(name: &str, entries: &[Entry<'_>]) -> String {
        let zip = Zip::new(name, entries);
        inspect(&zip.0, "arm64").unwrap_or_else(|error| format!("{error:#}"))
    }

    #[test]
    fn one_executable_bootstrap_passes() {
        let fine = executable(183, "GLIBC_2.34");
        let answer = answer("fine", &[("bootstrap", 0o755, &fine)]);
        assert!(
            answer.ends_with(" bytes zipped, 320 unpacked, arm64, glibc 2.34"),
            "{answer}"
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let fine = executable(183, "GLIBC_2.34");
        let noise: Vec<u8> = (0..3_100_000_u64)
            .flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
            .collect();
        let large = [fine.as_slice(), &noise].concat();
        let cases: [(&str, &[Entry<'_>], &str); 8] = [
            (
                "two",
                &[("bootstrap", 0o755, &fine), ("x", 0o755, &fine)],
                "not just bootstrap",
            ),
            (
                "folder",
                &[("bin/bootstrap", 0o755, &fine)],
                "not just bootstrap",
            ),
            ("mode", &[("bootstrap", 0o644, &fine)], "has mode 100644"),
            (
                "text",
                &[("bootstrap", 0o755, b"#!/bin/sh")],
                "no 64-bit executable",
            ),
            (
                "x86",
                &[("bootstrap", 0o755, &executable(62, "GLIBC_2.34"))],
                "is for x86_64, not for arm64",
            ),
            (
                "glibc",
                &[("bootstrap", 0o755, &executable(183, "GLIBC_2.38"))],
                "needs glibc 2.38",
            ),
            (
                "none",
                &[("bootstrap", 0o755, &executable(183, "OTHER_1"))],
                "needs no glibc",
            ),
            (
                "large",
                &[("bootstrap", 0o755, &large)],
                "more than 6000000",
            ),
        ];
        for (name, entries, part) in cases {
            let answer = answer(name, entries);
            assert!(answer.contains(part), "{name}: {answer}");
        }
    }
}
