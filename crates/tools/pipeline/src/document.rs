//! Reads `azure-pipelines.yml` as Azure does: every scalar is a string, templates are expanded, and `${{ }}` is replaced
//! by its value.
//!
//! Of Azure's template expressions it supports those that the pipeline uses, `parameters.NAME` and
//! `replace(parameters.NAME, 'FROM', 'TO')`, and refuses the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context as _, bail};
use cfn::Node;
use regex::{Captures, Regex};
use serde_json::{Map, Value};

static EXPRESSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{\{\s*(.*?)\s*\}\}").expect("a pattern"));

/// Parameters by name.
pub type Parameters = BTreeMap<String, String>;

/// A YAML file; numbers and booleans are strings, as in Azure.
///
/// # Errors
/// A file that cannot be read, or is not YAML.
pub fn load(path: &Path) -> anyhow::Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let node = Node::parse(&text).map_err(|error| error.in_file(&path.display().to_string()))?;
    Ok(texts(&node))
}

fn texts(node: &Node) -> Value {
    match &node.value {
        cfn::Value::List(entries) => entries.iter().map(texts).collect(),
        cfn::Value::Map(entries) => entries
            .iter()
            .map(|(key, _, value)| (key.clone(), texts(value)))
            .collect::<Map<_, _>>()
            .into(),
        _ => node.scalar_text().unwrap_or_default().into(),
    }
}

/// The pipeline of a repository, with templates and expressions replaced.
///
/// # Errors
/// A file that cannot be read; parameters that are missing or not declared; an unsupported expression.
pub fn pipeline(root: &Path, parameters: &Parameters) -> anyhow::Result<Value> {
    let mut pipeline = expanded(&root.join("azure-pipelines.yml"), parameters)?;
    let stages = pipeline["stages"].as_array_mut().context("no stages")?;
    for stage in stages {
        let jobs = stage["jobs"]
            .as_array_mut()
            .context("a stage has no jobs")?;
        let mut all = Vec::new();
        for job in jobs.drain(..) {
            match job["template"].as_str() {
                None => all.push(job),
                Some(file) => {
                    let mut template = expanded(&root.join(file), &given(&job))?;
                    let jobs = template["jobs"].as_array_mut();
                    all.append(jobs.with_context(|| format!("{file} has no jobs"))?);
                }
            }
        }
        *jobs = all;
    }
    Ok(pipeline)
}

/// The files that the pipeline includes, from the repository's root.
///
/// # Errors
/// A pipeline that cannot be read.
pub fn templates(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let pipeline = load(&root.join("azure-pipelines.yml"))?;
    let mut files = Vec::new();
    for stage in pipeline["stages"].as_array().context("no stages")? {
        for job in stage["jobs"].as_array().context("a stage has no jobs")? {
            files.extend(job["template"].as_str().map(PathBuf::from));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn given(job: &Value) -> Parameters {
    let given = job["parameters"].as_object().into_iter().flatten();
    given
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// A file with its expressions replaced, by the parameters given and the defaults of those declared.
fn expanded(path: &Path, given: &Parameters) -> anyhow::Result<Value> {
    let document = load(path)?;
    let mut parameters = Parameters::new();
    for declared in document["parameters"].as_array().into_iter().flatten() {
        let name = declared["name"].as_str().unwrap_or_default();
        let value = given.get(name).map(String::as_str);
        let value = value.or(declared["default"].as_str());
        let value = value.with_context(|| format!("{} needs {name}", path.display()))?;
        parameters.insert(name.to_owned(), value.to_owned());
    }
    if let Some(name) = given.keys().find(|name| !parameters.contains_key(*name)) {
        bail!("{} has no parameter {name}", path.display());
    }
    replaced(&document, &parameters).with_context(|| path.display().to_string())
}

fn replaced(value: &Value, parameters: &Parameters) -> anyhow::Result<Value> {
    Ok(match value {
        Value::String(text) => evaluated(text, parameters)?.into(),
        Value::Array(entries) => {
            let entries = entries.iter().map(|entry| replaced(entry, parameters));
            Value::Array(entries.collect::<anyhow::Result<_>>()?)
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), replaced(value, parameters)?)));
            Value::Object(entries.collect::<anyhow::Result<_>>()?)
        }
        other => other.clone(),
    })
}

fn evaluated(text: &str, parameters: &Parameters) -> anyhow::Result<String> {
    let mut unknown = None;
    let result = EXPRESSION.replace_all(text, |found: &Captures<'_>| {
        value_of(&found[1], parameters).unwrap_or_else(|| {
            unknown = Some(found[1].to_owned());
            String::new()
        })
    });
    match unknown {
        Some(expression) => bail!("${{{{ {expression} }}}} is not known"),
        None => Ok(result.into_owned()),
    }
}

fn value_of(expression: &str, parameters: &Parameters) -> Option<String> {
    let parameter = |text: &str| parameters.get(text.trim().strip_prefix("parameters.")?);
    let Some(arguments) = expression.strip_prefix("replace(") else {
        return parameter(expression).cloned();
    };
    let mut arguments = arguments.strip_suffix(')')?.splitn(3, ',');
    let text = parameter(arguments.next()?)?;
    let mut literal = || {
        arguments
            .next()?
            .trim()
            .strip_prefix('\'')?
            .strip_suffix('\'')
    };
    let (from, to) = (literal()?, literal()?);
    Some(text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(text: &str) -> Result<String, String> {
        let parameters = Parameters::from([("a".to_owned(), "none".to_owned())]);
        evaluated(text, &parameters).map_err(|error| error.to_string())
    }

    #[test]
    fn expressions_have_values() {
        assert_eq!(
            evaluate("x ${{ parameters.a }} $(y)").unwrap(),
            "x none $(y)"
        );
        assert_eq!(
            evaluate("${{ replace(parameters.a, 'none', '$(Build.BuildNumber)') }}").unwrap(),
            "$(Build.BuildNumber)"
        );
        assert_eq!(
            evaluate("${{replace(parameters.a, 'x', 'y')}}").unwrap(),
            "none"
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for expression in [
            "parameters.b",
            "variables.a",
            "replace(parameters.a, 'x')",
            "if eq(1, 1)",
        ] {
            let text = format!("${{{{ {expression} }}}}");
            assert_eq!(evaluate(&text).unwrap_err(), format!("{text} is not known"));
        }
    }
}
