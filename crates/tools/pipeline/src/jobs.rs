//! The jobs of a pipeline, in the order in which they may run, and their steps.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

/// A job, which runs on a separate machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The stage that it is in.
    pub stage: String,
    /// Its name, with the name of its matrix entry, if it has one.
    pub name: String,
    /// Its variables, and those of its entry in a matrix.
    pub variables: BTreeMap<String, String>,
    /// The jobs of its stage that come before it.
    pub depends_on: Vec<String>,
    /// Its condition; empty is `succeeded()`.
    pub condition: String,
    /// `timeoutInMinutes`.
    pub timeout: String,
    /// Whether it deploys to an environment; its outputs then have other names.
    pub is_deployment: bool,
    /// Its steps, as written.
    pub steps: Vec<Value>,
}

impl Job {
    /// The scripts that it runs, as written.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step["script"].as_str())
    }
}

/// Every job of a pipeline with expanded templates; a job with a matrix appears once for each entry.
///
/// # Errors
/// A job without steps.
pub fn jobs(pipeline: &Value) -> anyhow::Result<Vec<Job>> {
    let mut all = Vec::new();
    for stage in pipeline["stages"].as_array().context("no stages")? {
        for job in stage["jobs"].as_array().context("a stage has no jobs")? {
            let name = [&job["job"], &job["deployment"]]
                .into_iter()
                .find_map(Value::as_str);
            let name = name.context("a job has no name")?;
            let steps = [
                &job["steps"],
                &job["strategy"]["runOnce"]["deploy"]["steps"],
            ];
            let steps = steps.into_iter().find_map(Value::as_array);
            let steps = steps.with_context(|| format!("{name} has no steps"))?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let depends_on = match &job["dependsOn"] {
                Value::Array(names) => names.iter().map(text).collect(),
                Value::String(name) => vec![name.clone()],
                _ => Vec::new(),
            };
            let one = |name: String, of_matrix: BTreeMap<String, String>| {
                let mut variables: BTreeMap<String, String> = strings(&job["variables"]);
                variables.extend(of_matrix);
                Job {
                    stage: text(&stage["stage"]),
                    name,
                    variables,
                    depends_on: depends_on.clone(),
                    condition: text(&job["condition"]),
                    timeout: text(&job["timeoutInMinutes"]),
                    is_deployment: job["deployment"].is_string(),
                    steps: steps.clone(),
                }
            };
            match job["strategy"]["matrix"].as_object() {
                None => all.push(one(name.to_owned(), BTreeMap::new())),
                Some(entries) => {
                    let entries = entries.iter();
                    all.extend(entries.map(|(entry, variables)| {
                        one(format!("{name} {entry}"), strings(variables))
                    }));
                }
            }
        }
    }
    Ok(all)
}

fn strings(variables: &Value) -> BTreeMap<String, String> {
    let variables = variables.as_object().into_iter().flatten();
    let variables = variables
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    variables.collect()
}
