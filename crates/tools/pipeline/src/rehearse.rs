//! Runs a pipeline's scripts on this machine, in order, up to where AWS is needed.
//!
//! A folder stands for the agents: `s` is the clone, `a` what a job publishes, `artifacts` what was published. Variables
//! are put in as Azure puts them in, in the script (`$(name)`) and in its environment (`NAME`). What isn't a script is
//! done as far as later scripts depend on it: artefacts are published and downloaded; results of tests must be there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};
use regex::{Captures, Regex};
use serde_json::Value;

use crate::document::{Parameters, pipeline};
use crate::jobs::{Job, jobs};

/// The build number that a rehearsal has.
pub const BUILD_NUMBER: &str = "20260101.1";

/// A folder in which a pipeline is rehearsed.
pub struct Rehearsal {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

/// How far a job came.
enum Came {
    ToTheEnd,
    ToAws(String),
}

impl Rehearsal {
    /// Of the pipeline of the clone in `folder/s`.
    ///
    /// # Errors
    /// A pipeline that cannot be read.
    pub fn new(folder: &Path) -> anyhow::Result<(Self, Vec<Job>)> {
        let folder = fs::canonicalize(folder).context("no folder")?;
        let pipeline = pipeline(&folder.join("s"), &Parameters::new())?;
        let path = |name: &str| folder.join(name).display().to_string();
        let mut variables = BTreeMap::from(
            [
                ("Agent.OS", "Linux".to_owned()),
                ("Build.ArtifactStagingDirectory", path("a")),
                ("Build.BuildId", "1".to_owned()),
                ("Build.BuildNumber", BUILD_NUMBER.to_owned()),
                ("Build.Reason", "IndividualCI".to_owned()),
                ("Build.SourceBranch", "refs/heads/main".to_owned()),
                ("Build.SourcesDirectory", path("s")),
                ("Pipeline.Workspace", path("")),
                ("System.DefaultWorkingDirectory", path("s")),
                ("System.StageAttempt", "1".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value.trim_end_matches('/').to_owned())),
        );
        for variable in pipeline["variables"].as_array().into_iter().flatten() {
            let text = |key: &str| variable[key].as_str().unwrap_or_default().to_owned();
            variables.insert(text("name"), text("value"));
        }
        // A cache that is warm, as `Cache@2` would bring it.
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR"] {
            if let Ok(value) = std::env::var(name) {
                variables.insert(name.to_owned(), value);
            }
        }
        let rehearsal = Self { folder, variables };
        Ok((rehearsal, jobs(&pipeline)?))
    }

    /// Runs a job's steps; tells how far it came.
    ///
    /// # Errors
    /// A step that fails, or that leaves something undone on which a later one depends.
    pub fn run(&self, job: &Job) -> anyhow::Result<String> {
        let start = Instant::now();
        let staging = self.folder.join("a");
        if staging.exists() {
            fs::remove_dir_all(&staging)?;
        }
        fs::create_dir_all(&staging)?;
        let mut variables = self.variables.clone();
        variables.extend(job.variables.clone());
        let mut came = Came::ToTheEnd;
        for step in &job.steps {
            let done = self.step(step, &variables);
            if let Some(task) = done.with_context(|| format!("{} / {}", job.stage, job.name))? {
                came = Came::ToAws(task);
                break;
            }
        }
        let seconds = start.elapsed().as_secs();
        Ok(match came {
            Came::ToTheEnd => format!("{} / {}: all steps, {seconds} s", job.stage, job.name),
            Came::ToAws(task) => {
                format!("{} / {}: up to {task}, {seconds} s", job.stage, job.name)
            }
        })
    }

    /// Does one step; the name of its task if that needs AWS.
    fn step(
        &self,
        step: &Value,
        variables: &BTreeMap<String, String>,
    ) -> anyhow::Result<Option<String>> {
        if let Some(script) = step["script"].as_str() {
            self.script(&filled(script, variables)?, step, variables)?;
            return Ok(None);
        }
        let Some(task) = step["task"].as_str() else {
            // `checkout` and `download: none`: the clone is there, and nothing else.
            return Ok(None);
        };
        let input =
            |name: &str| filled(step["inputs"][name].as_str().unwrap_or_default(), variables);
        match task.split('@').next().unwrap_or_default() {
            // Whatever was cached is there still.
            "Cache" => {}
            "PublishPipelineArtifact" => {
                let artifact = self.folder.join("artifacts").join(input("artifact")?);
                if artifact.exists() {
                    bail!("{} is published already", artifact.display());
                }
                copy(Path::new(&input("targetPath")?), &artifact)?;
            }
            "DownloadPipelineArtifact" => {
                let artifact = self.folder.join("artifacts").join(input("artifactName")?);
                copy(&artifact, Path::new(&input("targetPath")?))?;
            }
            "PublishTestResults" => {
                let file = Path::new(&input("searchFolder")?).join(input("testResultsFiles")?);
                let results = fs::read_to_string(&file);
                let results = results.with_context(|| format!("no {}", file.display()))?;
                println!(
                    "{}: {} tests",
                    file.display(),
                    results.matches("<testcase ").count()
                );
            }
            "AWSShellScript" | "CloudFormationCreateOrUpdateStack" | "S3Upload" => {
                return Ok(Some(task.to_owned()));
            }
            other => bail!("{other} is not rehearsed"),
        }
        Ok(None)
    }

    fn script(
        &self,
        script: &str,
        step: &Value,
        variables: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        println!("+ {script}");
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-c", script])
            .current_dir(self.folder.join("s"));
        for (name, value) in variables {
            let name = name.replace('.', "_").to_uppercase();
            command.env(name, filled(value, variables)?);
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, filled(value.as_str().unwrap_or_default(), variables)?);
        }
        let status = command.status().context("cannot run bash")?;
        if !status.success() {
            bail!("{script}: {status}");
        }
        Ok(())
    }
}

/// A text with its variables put in, and theirs.
///
/// # Errors
/// A variable that nobody has set.
fn filled(text: &str, variables: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let name = Regex::new(r"\$\(([A-Za-z][\w.]*)\)").context("a pattern")?;
    let mut text = text.to_owned();
    for _ in 0..5 {
        let mut unset = None;
        let filled = name.replace_all(&text, |found: &Captures<'_>| {
            variables.get(&found[1]).cloned().unwrap_or_else(|| {
                unset = Some(found[1].to_owned());
                String::new()
            })
        });
        if let Some(name) = unset {
            bail!("nobody sets $({name})");
        }
        if filled == text {
            return Ok(text);
        }
        text = filled.into_owned();
    }
    bail!("{text}: variables without end")
}

/// Copies the files of a folder, of which there must be some; they lose the right to be run, as artefacts do.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("no {}", from.display()))?;
    let mut count = 0;
    for entry in entries {
        let entry = entry?;
        fs::write(to.join(entry.file_name()), fs::read(entry.path())?)?;
        count += 1;
    }
    if count == 0 {
        bail!("{} is empty", from.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_theirs() {
        let variables = [
            ("version", "$(Build.BuildNumber)"),
            ("Build.BuildNumber", "1.2"),
            ("a", "$(a)x"),
        ];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let fill = |text: &str| filled(text, &variables).map_err(|error| error.to_string());
        assert_eq!(
            fill("x-$(version).zip $(date +%s) $x").unwrap(),
            "x-1.2.zip $(date +%s) $x"
        );
        assert_eq!(fill("$(none)").unwrap_err(), "nobody sets $(none)");
        assert!(fill("$(a)").unwrap_err().ends_with("variables without end"));
    }
}
