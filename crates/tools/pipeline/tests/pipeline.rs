//! `azure-pipelines.yml` against what Azure takes, what the template asks for, and what is in this repository.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cfn::{Node, Template};
use local_stack::Stack;
use local_stack::command_line::{Data, Options};
use pipeline::document::{self, Parameters};
use pipeline::jobs::{Job, jobs};
use pipeline::{schema, tasks};
use regex::Regex;
use serde_json::Value;

const DEPLOY: &str = "CloudFormationCreateOrUpdateStack@1";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn azure(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("azure")
        .join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn all_jobs() -> Vec<Job> {
    jobs(&document::pipeline(&root(), &Parameters::new()).unwrap()).unwrap()
}

fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_files_are_of_the_published_schema() {
    let schema = azure("pipelines-schema.json");
    let pipeline = document::load(&root().join("azure-pipelines.yml")).unwrap();
    nothing(&schema::violations(&schema, "pipeline", &pipeline));
    let templates = document::templates(&root()).unwrap();
    assert!(!templates.is_empty());
    for file in templates {
        let template = document::load(&root().join(file)).unwrap();
        nothing(&schema::violations(&schema, "jobsTemplate", &template));
    }
    let whole = document::pipeline(&root(), &Parameters::new()).unwrap();
    nothing(&schema::violations(&schema, "pipeline", &whole));
}

/// A schema that takes anything would pass the test above.
#[test]
fn the_schema_refuses_what_is_misspelt() {
    let schema = azure("pipelines-schema.json");
    let good = document::pipeline(&root(), &Parameters::new()).unwrap();
    let wrong = |from: &str, to: &str| {
        let bad = good
            .to_string()
            .replace(&format!("\"{from}\":"), &format!("\"{to}\":"));
        let bad: Value = serde_json::from_str(&bad).unwrap();
        assert_ne!(good, bad, "{from} is not there any more");
        schema::violations(&schema, "pipeline", &bad)
    };
    for (from, to) in [
        ("stages", "stage"),
        ("lockBehavior", "lockBehaviour"),
        ("dependsOn", "needs"),
        ("timeoutInMinutes", "timeout"),
        ("runOnce", "once"),
        ("steps", "step"),
        ("script", "scripts"),
        ("cron", "crontab"),
    ] {
        assert!(!wrong(from, to).is_empty(), "{to} passed for {from}");
    }
}

#[test]
fn every_input_is_one_that_its_task_has() {
    let (microsoft, aws) = (azure("ms-tasks.json"), azure("aws-tasks.json"));
    let schema = azure("pipelines-schema.json");
    let mut used = BTreeSet::new();
    for job in all_jobs() {
        for step in &job.steps {
            let Some(task) = step["task"].as_str() else {
                continue;
            };
            used.insert(task.to_owned());
            nothing(&tasks::violations(step, &microsoft, &aws));
            // The published schema takes any key beside `task` and `inputs`.
            let mut rest = step.clone();
            let rest = rest.as_object_mut().unwrap();
            rest.remove("task");
            rest.remove("inputs");
            nothing(&schema::violations(
                &schema,
                "taskBase",
                &rest.clone().into(),
            ));
        }
    }
    let known = [&microsoft, &aws].map(|tasks| tasks.as_object().unwrap().keys());
    assert_eq!(
        used,
        known.into_iter().flatten().cloned().collect(),
        "azure/ has what is used"
    );
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
    let readme = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    for command in seen {
        assert!(
            readme.contains(&format!("`{command}")),
            "CONTRIBUTING.md does not name {command}"
        );
    }
}

/// No logic in the pipeline: a script is one command, which a person can run as well.
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
fn every_variable_is_set_by_somebody() {
    let pipeline = document::pipeline(&root(), &Parameters::new()).unwrap();
    let variables = pipeline["variables"].as_array().unwrap();
    let ours: BTreeSet<&str> = variables
        .iter()
        .filter_map(|variable| variable["name"].as_str())
        .collect();
    let by_azure = Regex::new(r"^(Agent|Build|Pipeline|System)\.[A-Z]\w+$").unwrap();
    let used = Regex::new(r"\$\(([\w.]+)\)|variables\['([\w.]+)'\]").unwrap();
    for job in all_jobs() {
        let mut set: BTreeSet<String> = job.variables.keys().cloned().collect();
        for step in &job.steps {
            for found in used.captures_iter(&step.to_string()) {
                let name = found.get(1).or(found.get(2)).unwrap().as_str();
                let known = ours.contains(name) || set.contains(name) || by_azure.is_match(name);
                assert!(
                    known,
                    "{} / {}: nobody sets {name} before it is used",
                    job.stage, job.name
                );
            }
            set.extend(set_by(step));
        }
    }
}

/// The variables that a step's command sets for the steps that follow.
fn set_by(step: &Value) -> Vec<String> {
    let mut set = Vec::new();
    if let Some(file) = step["inputs"]["filePath"].as_str() {
        let file = file.replace("$(Build.SourcesDirectory)", root().to_str().unwrap());
        let text = fs::read_to_string(file).unwrap();
        let says = Regex::new(r"(?m)^say (\w+) ").unwrap();
        set.extend(says.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    if step["inputs"]["captureStackOutputs"] == "asVariables" {
        let template = fs::read_to_string(root().join("infra/infra.yaml")).unwrap();
        let template = Node::parse(&template).unwrap();
        let outputs = template.get("Outputs").unwrap().as_map().unwrap();
        set.extend(outputs.iter().map(|(name, _, _)| name.clone()));
    }
    set
}

/// What each deployment passes to the template, as the task will read it.
fn deployments() -> Vec<BTreeMap<String, String>> {
    let version = Regex::new(r"\$\((?:version|previousVersion)\)").unwrap();
    let mut all = Vec::new();
    for job in all_jobs() {
        for step in job.steps.iter().filter(|step| step["task"] == DEPLOY) {
            let text = step["inputs"]["templateParameters"].as_str().unwrap();
            let text = text.replace("$(alarmTopicArn)", "");
            let text = version.replace_all(&text, "20260101.1");
            let text = text.replace(
                "$(artifactsBucket)",
                "contact-sheet-artifacts-123456789012-us-east-1",
            );
            assert!(!text.contains("$("), "{text}");
            let node = Node::parse(&text).unwrap();
            let entries = node.as_list().unwrap().iter().map(|entry| {
                assert_eq!(entry.as_map().unwrap().len(), 2, "{entry:?}");
                // CloudFormation takes text only; YAML must not have made anything else of it.
                let text = |key: &str| entry.get(key).unwrap().as_str().unwrap().to_owned();
                (text("ParameterKey"), text("ParameterValue"))
            });
            all.push(entries.collect());
        }
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

/// A deployment passes the same whether it goes forth or back.
#[test]
fn the_way_back_is_the_way_there() {
    for job in all_jobs() {
        let steps: Vec<&Value> = job
            .steps
            .iter()
            .filter(|step| step["task"] == DEPLOY)
            .collect();
        let [there, back] = steps.as_slice() else {
            assert!(steps.is_empty());
            continue;
        };
        for input in [
            "templateParameters",
            "s3ObjectKey",
            "stackName",
            "roleARN",
            "capabilityIAM",
            "awsCredentials",
        ] {
            let there = there["inputs"][input].as_str().unwrap();
            let back = back["inputs"][input].as_str().unwrap();
            assert_eq!(
                there.replace("$(version)", "$(previousVersion)"),
                back,
                "{input}"
            );
        }
    }
}

/// What a pull request is asked is what `.ci/run` asks.
#[test]
fn the_local_run_calls_what_a_pull_request_is_asked() {
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    let jobs = all_jobs();
    let checks: Vec<&Job> = jobs.iter().filter(|job| job.stage == "Check").collect();
    assert!(!checks.is_empty());
    for script in checks.iter().flat_map(|job| job.scripts()) {
        // The toolchain is what `.ci/run` is given.
        if !script.starts_with(".ci/toolchain") {
            let called = run.lines().any(|line| line == format!("step {script}"));
            assert!(called, ".ci/run does not call {script}");
        }
    }
}

/// The stages that a pull request runs must not see a credential.
#[test]
fn only_deployments_and_the_night_have_credentials() {
    for job in all_jobs() {
        let text = Value::from(job.steps.clone()).to_string();
        let stages = [
            "Staging",
            "Production",
            "NightlyStaging",
            "NightlyProduction",
        ];
        let may = stages.contains(&job.stage.as_str());
        assert_eq!(
            text.contains("awsCredentials"),
            may,
            "{} / {}",
            job.stage,
            job.name
        );
    }
}
