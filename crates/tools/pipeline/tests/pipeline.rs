//! `azure-pipelines.yml` agrees with Azure's rules, the template, and the files of this repository.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cfn::Template;
use local_stack::Stack;
use local_stack::command_line::{Data, Options};
use pipeline::document::{self, Parameters};
use pipeline::jobs::{Job, jobs};
use regex::Regex;
use serde_json::Value;

const DEPLOY: &str = "CloudFormationCreateOrUpdateStack@1";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn all_jobs() -> Vec<Job> {
    jobs(&document::pipeline(&root(), &Parameters::new()).unwrap()).unwrap()
}

#[test]
fn every_file_that_is_named_is_there_and_can_be_run() {
    let name = Regex::new(r"(?:^|[\s/])(\.ci/[\w.-]+|infra/[\w.-]+)").unwrap();
    let mut seen = BTreeSet::new();
    for job in all_jobs() {
        for step in &job.steps {
            let texts = [&step["script"], &step["inputs"]["filePath"]];
            for text in texts.into_iter().filter_map(Value::as_str) {
                let named: Vec<_> = name.captures_iter(text).collect();
                assert_eq!(named.len(), 1, "{text} is not one command of .ci/");
                let path = root().join(&named[0][1]);
                let file = fs::metadata(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert_eq!(
                    file.permissions().mode() & 0o111,
                    0o111,
                    "{} cannot be run",
                    path.display()
                );
                seen.insert(named[0][1].to_owned());
            }
            let text = step["inputs"]["filePath"].as_str().unwrap_or_default();
            let inside = text.is_empty() || text.starts_with("$(Build.SourcesDirectory)/.ci/");
            assert!(inside, "{text} is not below the sources");
        }
    }
    // The lock file is a part of every cache's key.
    assert!(root().join("Cargo.lock").is_file());
    let readme = fs::read_to_string(root().join(".ci/README.md")).unwrap();
    for command in seen {
        assert!(
            readme.contains(&format!("`{command}")),
            ".ci/README.md does not name {command}"
        );
    }
}

/// There is no logic in the pipeline: each script is one command that can also be run by hand.
#[test]
fn every_script_is_one_command() {
    let command = Regex::new(r"^\.ci/[\w-]+( [^ ;|&<>`]+)*$").unwrap();
    for job in all_jobs() {
        for script in job.scripts() {
            assert!(command.is_match(script), "{script}");
        }
    }
}

#[test]
fn every_variable_is_set_before_it_is_used() {
    let pipeline = document::pipeline(&root(), &Parameters::new()).unwrap();
    let variables = pipeline["variables"].as_array().unwrap();
    let ours: BTreeSet<&str> = variables
        .iter()
        .filter_map(|variable| variable["name"].as_str())
        .collect();
    let by_azure = Regex::new(r"^(Agent|Build|Pipeline|System)\.[A-Z]\w+$").unwrap();
    let used = Regex::new(r"\$\(([\w.]+)\)|variables\['([\w.]+)'\]").unwrap();
    let output = Regex::new(r"dependencies\.(\w+)\.outputs\['(?:(\w+)\.)?(\w+\.\w+)'\]").unwrap();
    let all = all_jobs();
    for job in &all {
        let place = format!("{} / {}", job.stage, job.name);
        let known = |name: &str, set: &BTreeSet<String>| {
            ours.contains(name) || set.contains(name) || by_azure.is_match(name)
        };
        let mut set: BTreeSet<String> = job.variables.keys().cloned().collect();
        let text = format!(
            "{} {}",
            job.condition,
            serde_json::to_string(&job.variables).unwrap()
        );
        for found in output.captures_iter(&text) {
            // A deployment's output has the deployment's name before the step's (Azure Pipelines, "Deployment jobs").
            let from = all
                .iter()
                .find(|other| other.stage == job.stage && other.name == found[1])
                .unwrap();
            assert!(
                job.depends_on.contains(&from.name),
                "{place} does not depend on {}",
                from.name
            );
            assert_eq!(
                from.is_deployment,
                found.get(2).is_some(),
                "{place}: {}",
                &found[0]
            );
            let sets: Vec<String> = from.steps.iter().flat_map(set_by).collect();
            assert!(
                sets.contains(&found[3].to_owned()),
                "{place}: nothing sets {}",
                &found[3]
            );
        }
        for step in &job.steps {
            for found in used.captures_iter(&step.to_string()) {
                let name = found.get(1).or(found.get(2)).unwrap().as_str();
                assert!(
                    known(name, &set),
                    "{place}: nothing sets {name} before it is used"
                );
            }
            set.extend(set_by(step));
        }
    }
}

/// The outputs of a step, as `STEP.VARIABLE`.
fn set_by(step: &Value) -> Vec<String> {
    let (Some(name), Some(file)) = (step["name"].as_str(), step["inputs"]["filePath"].as_str())
    else {
        return Vec::new();
    };
    let file = file.replace("$(Build.SourcesDirectory)", root().to_str().unwrap());
    let text = fs::read_to_string(file).unwrap();
    let sets = Regex::new(r"(?m)^set_variable (\w+) ").unwrap();
    let sets = sets.captures_iter(&text);
    sets.map(|found| format!("{name}.{}", &found[1])).collect()
}

/// The parameters that each deployment passes to the template: a version's parameters, filled in as in the pipeline.
fn deployments() -> Vec<BTreeMap<String, String>> {
    let mut all = Vec::new();
    for job in all_jobs() {
        if !job.steps.iter().any(|step| step["task"] == DEPLOY) {
            continue;
        }
        let fill = job
            .scripts()
            .find(|script| script.starts_with(".ci/fill-parameters "))
            .unwrap();
        let text = fs::read_to_string(root().join("infra/parameters.pipeline.json")).unwrap();
        let mut text = text.replace("${Version}", "20260101.1");
        for pair in fill.split_whitespace().skip(2) {
            let (name, value) = pair.split_once('=').unwrap();
            let value = match name {
                "Account" => "123456789012",
                "Region" => "us-east-1",
                "AlarmTopic" => "",
                "ArtifactsBucket" => "contact-sheet-artifacts-123456789012-us-east-1",
                "PermissionsBoundary" => "arn:aws:iam::123456789012:policy/x",
                _ => value,
            };
            text = text.replace(&format!("${{{name}}}"), value);
        }
        assert!(!text.contains("${"), "{text}");
        let entries: Vec<BTreeMap<String, String>> = serde_json::from_str(&text).unwrap();
        let entries = entries.iter().map(|entry| {
            assert_eq!(entry.len(), 2, "{entry:?}");
            (
                entry["ParameterKey"].clone(),
                entry["ParameterValue"].clone(),
            )
        });
        all.push(entries.collect());
    }
    assert_eq!(all.len(), 4, "two environments, each with a way back");
    all
}

#[test]
fn every_parameter_without_a_default_is_passed() {
    let text = fs::read_to_string(root().join("infra/infra.yaml")).unwrap();
    let template = Template::parse("infra.yaml", &text).unwrap();
    for parameters in deployments() {
        for parameter in template.parameters() {
            let passed = parameters.contains_key(&parameter.name);
            assert!(
                passed || parameter.default.is_some(),
                "{} is not passed",
                parameter.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_stack_takes_what_the_pipeline_passes() {
    let mut tried = BTreeSet::new();
    for parameters in deployments() {
        if !tried.insert(parameters.clone()) {
            continue;
        }
        let options = Options {
            api_port: 0,
            aws_port: 0,
            data: Data::Ephemeral,
            parameters,
            ..Options::default()
        };
        let started = Stack::start(&options).await;
        assert!(started.is_ok(), "{:#}", started.err().unwrap());
    }
}

/// A version is deployed and rolled back to with its own template and parameters.
#[test]
fn a_rollback_is_a_deployment_of_another_version() {
    let plain = |text: &str| {
        let text = text
            .replace("before.", "")
            .replace("$(previousVersion)", "$(version)");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let steps = |name: &str, stage: &str| {
        let jobs = all_jobs();
        let job = jobs
            .into_iter()
            .find(|job| job.stage == stage && job.name == name);
        job.unwrap().steps
    };
    for stage in ["Staging", "Production"] {
        let (there, back) = (steps("Deploy", stage), steps("Back", stage));
        let task = |steps: &[Value]| {
            steps
                .iter()
                .find(|step| step["task"] == DEPLOY)
                .unwrap()
                .clone()
        };
        let (task_there, task_back) = (task(&there), task(&back));
        for input in [
            "templateParametersFile",
            "s3ObjectKey",
            "s3BucketName",
            "stackName",
            "roleARN",
            "capabilityIAM",
            "awsCredentials",
        ] {
            let [there, back] = [&task_there, &task_back]
                .map(|task| plain(task["inputs"][input].as_str().unwrap()));
            assert_eq!(there, back, "{input}");
        }
        for command in ["fill-parameters", "fetch-release"] {
            let [there, back] = [&there, &back].map(|steps| {
                let step = steps
                    .iter()
                    .map(Value::to_string)
                    .find(|step| step.contains(command));
                let step: Value = serde_json::from_str(&step.unwrap()).unwrap();
                plain(
                    step["script"]
                        .as_str()
                        .or(step["inputs"]["arguments"].as_str())
                        .unwrap(),
                )
            });
            assert_eq!(there, back, "{command}");
        }
        assert!(
            plain(task_there["inputs"]["s3ObjectKey"].as_str().unwrap())
                .ends_with("infra-$(version).yaml")
        );
        // The alarms that caused the rollback would block it.
        assert_eq!(task_back["inputs"]["rollbackTriggerARNs"], "");
        assert_eq!(task_back["inputs"]["monitoringTimeInMinutes"], "0");
    }
}

/// Microsoft's free agents end a job of a private project after an hour.
#[test]
fn every_job_ends_within_an_hour() {
    for job in all_jobs() {
        let minutes: u32 = job.timeout.parse().unwrap();
        assert!(
            (1..=60).contains(&minutes),
            "{} / {}: {minutes}",
            job.stage,
            job.name
        );
        for step in job.steps.iter().filter(|step| step["task"] == DEPLOY) {
            let task: u32 = step["inputs"]["timeoutInMins"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(
                task + 20 <= minutes,
                "`.ci/deployed` waits for what the task gave up on"
            );
        }
    }
}

/// A batch waits for the whole run before it, approvals included.
#[test]
fn a_push_needs_no_approval() {
    let pipeline = document::load(&root().join("azure-pipelines.yml")).unwrap();
    assert!(pipeline["trigger"].get("batch").is_none());
}

/// The task's default is 900 s, and it does not renew credentials.
#[test]
fn credentials_last_as_long_as_a_job() {
    let pipeline = document::load(&root().join("azure-pipelines.yml")).unwrap();
    let variables = pipeline["variables"].as_array().unwrap();
    let seconds = variables
        .iter()
        .find(|variable| variable["name"] == "aws.rolecredential.maxduration");
    let role = fs::read_to_string(root().join("infra/environment.yaml")).unwrap();
    assert_eq!(seconds.unwrap()["value"], "3600");
    assert_eq!(role.matches("MaxSessionDuration: 3600").count(), 2);
}

/// Everything that is deployed was built by Build and is compared with its manifest.
#[test]
fn the_manifest_is_made_of_everything_that_is_built() {
    let jobs = all_jobs();
    let of = |stage: &'static str| jobs.iter().filter(move |job| job.stage == stage);
    let input =
        |step: &Value, name: &str| step["inputs"][name].as_str().unwrap_or_default().to_owned();
    let mut made = BTreeSet::new();
    let mut sealed = BTreeSet::new();
    for job in of("Build") {
        let function = job
            .variables
            .get("function")
            .map(String::as_str)
            .unwrap_or_default();
        for step in &job.steps {
            if step["task"] == "PublishPipelineArtifact@1" {
                made.insert(input(step, "artifact").replace("$(function)", function));
            } else if step["task"] == "DownloadPipelineArtifact@2" {
                sealed.insert(input(step, "artifactName"));
            }
        }
    }
    assert!(made.remove("release"));
    assert_eq!(made, sealed);
    for stage in ["Staging", "Production"] {
        let deploy = of(stage).find(|job| job.name == "Deploy").unwrap();
        let downloads = deploy
            .steps
            .iter()
            .filter(|step| step["task"] == "DownloadPipelineArtifact@2");
        let downloads: Vec<String> = downloads.map(|step| input(step, "artifactName")).collect();
        assert_eq!(downloads, ["release"]);
    }
}

/// `.ci/run` runs the checks of a pull request.
#[test]
fn the_local_run_has_the_checks_of_a_pull_request() {
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    let jobs = all_jobs();
    let checks: Vec<&Job> = jobs.iter().filter(|job| job.stage == "Check").collect();
    assert!(!checks.is_empty());
    for script in checks.iter().flat_map(|job| job.scripts()) {
        // `.ci/run` requires the toolchain to be installed.
        if !script.starts_with(".ci/toolchain") {
            let called = run.lines().any(|line| line == format!("step {script}"));
            assert!(called, ".ci/run does not call {script}");
        }
    }
}

/// No stage of a pull request has credentials, each environment has its own, and the jobs that run the system tests never
/// have those of a deployment.
#[test]
fn each_job_has_the_credentials_of_its_purpose() {
    for job in all_jobs() {
        let credentials = job
            .steps
            .iter()
            .filter_map(|step| step["inputs"]["awsCredentials"].as_str());
        let credentials: BTreeSet<&str> = credentials.collect();
        let environment = match job.stage.as_str() {
            "Staging" | "NightlyStaging" => "contact-sheet-staging",
            "Production" | "NightlyProduction" => "contact-sheet-production",
            _ => "",
        };
        let expected = match (environment, job.name.as_str()) {
            ("", _) => BTreeSet::new(),
            (_, "Prove") => BTreeSet::from([format!("{environment}-proof")]),
            _ => BTreeSet::from([environment.to_owned()]),
        };
        let credentials: BTreeSet<String> = credentials.into_iter().map(str::to_owned).collect();
        assert_eq!(credentials, expected, "{} / {}", job.stage, job.name);
        let runs_tests = Value::from(job.steps.clone())
            .to_string()
            .contains(".ci/prove");
        assert_eq!(
            runs_tests,
            job.name == "Prove",
            "{} / {}",
            job.stage,
            job.name
        );
    }
}

/// The tests that SECURITY.md names exist.
#[test]
fn every_test_that_security_md_names_exists() {
    fn sources(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                all.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut all = String::new();
    sources(&root().join("crates"), &mut all);
    sources(&root().join("tests"), &mut all);
    let promises = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let name = Regex::new(r"\b[a-z0-9]+(?:_[a-z0-9]+){3,}\b").unwrap();
    let mut seen = 0;
    for found in name.find_iter(&promises) {
        assert!(
            all.contains(&format!("fn {}(", found.as_str())),
            "{}",
            found.as_str()
        );
        seen += 1;
    }
    assert!(seen > 5, "{seen} tests");
}
