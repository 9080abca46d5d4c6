//! The tests that read the template, built once and run against mutants.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The packages whose tests read the template.
const PACKAGES: [&str; 2] = ["crates/local/stack", "tests"];
const FUNCTIONS: [&str; 2] = ["create-thumbnail", "analyze-image"];
/// Longer than any suite takes.
const ENDLESS: Duration = Duration::from_mins(10);

/// A selection of tests of one test program.
#[derive(Debug)]
pub struct Suite {
    /// The program.
    pub program: &'static str,
    /// Its arguments, which select tests.
    arguments: &'static [&'static str],
    /// Whether it takes seconds rather than milliseconds.
    pub slow: bool,
}

impl Suite {
    /// `system multipart::`
    pub fn name(&self) -> String {
        let words = std::iter::once(&self.program).chain(self.arguments);
        words.copied().collect::<Vec<_>>().join(" ")
    }
}

/// In the order in which they are run: first the quick ones that detect most.
///
/// The test that compares the deployments' logical ids with a hash of the API is left out: it would detect every change
/// of the API, whether it matters or not.
pub const SUITES: [Suite; 14] = [
    Suite {
        program: "answers",
        arguments: &[],
        slow: false,
    },
    Suite {
        program: "policies",
        arguments: &[],
        slow: false,
    },
    Suite {
        program: "safeguards",
        arguments: &[],
        slow: false,
    },
    Suite {
        program: "description",
        arguments: &[],
        slow: false,
    },
    Suite {
        program: "operations",
        arguments: &[],
        slow: false,
    },
    Suite {
        program: "system",
        arguments: &["uploads::", "errors::", "labels::", "changes::a_broken"],
        slow: true,
    },
    Suite {
        program: "system",
        arguments: &["gallery::", "multipart::"],
        slow: true,
    },
    Suite {
        program: "permissions",
        arguments: &["gone::"],
        slow: true,
    },
    Suite {
        program: "template",
        arguments: &[],
        slow: true,
    },
    Suite {
        program: "queues",
        arguments: &[],
        slow: true,
    },
    Suite {
        program: "deployment",
        arguments: &["--skip=ids_carry_the_hash"],
        slow: true,
    },
    Suite {
        program: "mapping_templates",
        arguments: &[],
        slow: true,
    },
    Suite {
        program: "permissions",
        arguments: &["--skip=gone::"],
        slow: true,
    },
    Suite {
        program: "system",
        arguments: &[
            "--skip=uploads::",
            "--skip=errors::",
            "--skip=gallery::",
            "--skip=labels::",
            "--skip=multipart::",
            "--skip=changes::a_broken",
            // These test image formats and load, not the template, and take long.
            "--skip=formats::",
            "--skip=crowd::",
        ],
        slow: true,
    },
];

/// The result of a suite for a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All tests passed.
    Passed,
    /// The first test that failed, or how the program ended.
    Failed(String),
}

/// Test programs, and the functions' zips.
pub struct Suites {
    root: PathBuf,
    programs: BTreeMap<String, (PathBuf, PathBuf)>,
    artifacts: PathBuf,
    patience: Duration,
}

impl Suites {
    /// Builds the tests and the functions; zips and temporary files are in `work`.
    ///
    /// # Errors
    /// A build that fails.
    pub fn build(root: &Path, work: &Path, patience: Duration) -> anyhow::Result<Self> {
        let packages = PACKAGES.map(|package| root.join(package));
        // With the features of the whole workspace, so that what `cargo test --workspace` built is not built again.
        let mut tests = vec!["test", "--no-run", "--workspace"];
        tests.extend(SUITES.iter().flat_map(|suite| ["--test", suite.program]));
        let mut programs = BTreeMap::new();
        for artifact in cargo(root, &tests)? {
            let folder = artifact["manifest_path"]
                .as_str()
                .and_then(|path| Path::new(path).parent());
            if let (Some(name), Some(path), Some(folder), Some(true)) = (
                artifact["target"]["name"].as_str(),
                artifact["executable"].as_str(),
                folder,
                artifact["profile"]["test"].as_bool(),
            ) && packages.iter().any(|package| package == folder)
            {
                programs.insert(name.to_owned(), (PathBuf::from(path), folder.to_owned()));
            }
        }
        let artifacts = work.join("artifacts");
        fs::create_dir_all(&artifacts)?;
        // Built with local-stack, so that features are the same as when it builds them, and nothing is built twice.
        let mut functions = vec!["build", "-p", "local-stack"];
        functions.extend(
            FUNCTIONS
                .iter()
                .flat_map(|name| ["-p", name, "--bin", name]),
        );
        for artifact in cargo(root, &functions)? {
            let name = artifact["target"]["name"].as_str().unwrap_or_default();
            if let (true, Some(path)) = (FUNCTIONS.contains(&name), artifact["executable"].as_str())
            {
                zipped(
                    Path::new(path),
                    &artifacts.join(format!("{name}-local.zip")),
                )?;
            }
        }
        Ok(Self {
            root: root.to_owned(),
            programs,
            artifacts,
            patience,
        })
    }

    /// Runs a suite against a template until the first test fails. `None` if there is no such program.
    ///
    /// # Errors
    /// A program that can't be run.
    pub fn run(
        &self,
        suite: &Suite,
        template: &Path,
        scratch: &Path,
    ) -> anyhow::Result<Option<Outcome>> {
        self.tests(suite.program, suite.arguments, template, scratch)
    }

    /// Runs one test of a suite.
    ///
    /// # Errors
    /// A program that can't be run.
    pub fn run_one(
        &self,
        suite: &Suite,
        test: &str,
        template: &Path,
        scratch: &Path,
    ) -> anyhow::Result<Option<Outcome>> {
        self.tests(suite.program, &["--exact", test], template, scratch)
    }

    /// Whether the linter reports anything in a template; it uses the working folder's configuration.
    ///
    /// # Errors
    /// A linter that can't be run.
    pub fn lint(&self, template: &Path) -> anyhow::Result<bool> {
        let status = Command::new(self.root.join(".ci/lint-template"))
            .arg(template)
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("cannot run .ci/lint-template")?;
        Ok(status.success())
    }

    fn tests(
        &self,
        program: &str,
        arguments: &[&str],
        template: &Path,
        scratch: &Path,
    ) -> anyhow::Result<Option<Outcome>> {
        let Some((executable, folder)) = self.programs.get(program) else {
            return Ok(None);
        };
        let scratch = Scratch::new(scratch)?;
        let mut child = Command::new(executable)
            .args(arguments)
            .current_dir(folder)
            .env("STACK_TEMPLATE", self.root.join(template))
            .env("STACK_ARTIFACTS", &self.artifacts)
            .env("STACK_PATIENCE", self.patience.as_secs().to_string())
            .env("TMPDIR", &scratch.0)
            .env("RUST_LOG", "off")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", executable.display()))?;
        let output = child.stdout.take().context("it has no output")?;
        let (lines, receiver) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let end = Instant::now() + ENDLESS;
        let failed = loop {
            match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let name = line
                        .strip_prefix("test ")
                        .and_then(|rest| rest.strip_suffix(" ... FAILED"));
                    if let Some(name) = name {
                        break Some(name.to_owned());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break None,
                Err(RecvTimeoutError::Timeout) => break Some("does not end".to_owned()),
            }
        };
        if failed.is_some() {
            // The process group, because the test has child processes: the functions.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
        let status = child.wait()?;
        drop(receiver);
        let _ = reader.join();
        Ok(Some(match failed {
            Some(test) => Outcome::Failed(test),
            None if status.success() => Outcome::Passed,
            None => Outcome::Failed(status.to_string()),
        }))
    }
}

/// A folder that is removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The folder of cargo's output, in the profile of this program.
fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root)
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
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
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    Ok(messages
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

fn zipped(executable: &Path, zip: &Path) -> anyhow::Result<()> {
    let mut archive = ZipWriter::new(File::create(zip)?);
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    archive.start_file("bootstrap", options)?;
    io::copy(&mut File::open(executable)?, &mut archive)?;
    archive.finish()?.flush()?;
    Ok(())
}
