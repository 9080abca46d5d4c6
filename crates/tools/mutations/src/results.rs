//! Results by mutant, kept in a file so that a run can be interrupted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::mutants::{Kind, Mutant};

/// The result of a mutant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Verdict {
    /// The mutated template.
    pub hash: String,
    /// What was removed.
    pub id: String,
    /// The kind of element that was removed.
    pub kind: Kind,
    /// The test that failed; `None` if all passed.
    pub failed: Option<String>,
    /// How long the tests took.
    pub seconds: f64,
}

/// The verdicts of a file, by the mutated template.
pub struct Results {
    file: File,
    known: BTreeMap<String, Verdict>,
}

impl Results {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// A file that can't be read or written.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot keep results in {}", path.display());
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .with_context(context)?;
        let mut known = BTreeMap::new();
        for line in BufReader::new(&file).lines() {
            let line = line.with_context(context)?;
            // A mutant whose line was cut off by an interruption is run again.
            if let Ok(verdict) = serde_json::from_str::<Verdict>(&line) {
                known.insert(verdict.hash.clone(), verdict);
            }
        }
        Ok(Self { file, known })
    }

    /// The result of a mutant, if known.
    pub fn of(&self, mutant: &Mutant) -> Option<&Verdict> {
        self.known.get(&hash(mutant))
    }

    /// Appends a result.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn add(
        &mut self,
        mutant: &Mutant,
        failed: Option<String>,
        seconds: f64,
    ) -> anyhow::Result<()> {
        let verdict = Verdict {
            hash: hash(mutant),
            id: mutant.id.clone(),
            kind: mutant.kind,
            failed,
            seconds,
        };
        let line = format!("{}\n", serde_json::to_string(&verdict)?);
        std::io::Write::write_all(&mut self.file, line.as_bytes())?;
        self.known.insert(verdict.hash.clone(), verdict);
        Ok(())
    }
}

fn hash(mutant: &Mutant) -> String {
    let digest = Sha256::digest(mutant.text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
