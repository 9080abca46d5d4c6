//! The inputs of tasks, held against what the tasks take.

use regex::Regex;
use serde_json::Value;

/// What is wrong with a step's inputs: names that the task doesn't have, required ones that aren't set, values that are
/// no option. `microsoft` and `aws` are the files of `azure/`.
#[must_use]
pub fn violations(step: &Value, microsoft: &Value, aws: &Value) -> Vec<String> {
    let Some(task) = step["task"].as_str() else {
        return Vec::new();
    };
    let wrong = if let Some(known) = aws.get(task) {
        of_aws(step, known)
    } else if let Some(known) = microsoft.get(task) {
        of_microsoft(step, known)
    } else {
        vec!["is not in azure/".to_owned()]
    };
    wrong
        .into_iter()
        .map(|wrong| format!("{task}: {wrong}"))
        .collect()
}

fn inputs(step: &Value) -> impl Iterator<Item = (&str, &str)> {
    let inputs = step["inputs"].as_object().into_iter().flatten();
    inputs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
}

/// Microsoft's are known by name, in lower case.
fn of_microsoft(step: &Value, known: &Value) -> Vec<String> {
    let names = |key: &str| known[key].as_array().cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, _) in inputs(step) {
        if !names("inputs").contains(&name.to_lowercase().into()) {
            wrong.push(format!("has no input {name}"));
        }
    }
    for required in names("required") {
        if !inputs(step).any(|(name, _)| required == name.to_lowercase()) {
            wrong.push(format!("needs {required}"));
        }
    }
    wrong
}

/// AWS's are known with their types and options, and with the rules by which they are asked for.
fn of_aws(step: &Value, known: &Value) -> Vec<String> {
    let known = known.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, value) in inputs(step) {
        let Some(input) = known.iter().find(|input| input["name"] == name) else {
            wrong.push(format!("has no input {name}"));
            continue;
        };
        if !asked_for(input, step, known) {
            wrong.push(format!(
                "{name} has no effect, for {}",
                input["visibleRule"]
            ));
        }
        if value.contains("$(") {
            continue;
        }
        let options = match (input["type"].as_str(), input["options"].as_array()) {
            (Some("boolean"), _) => vec!["true".into(), "false".into()],
            // A pick list of regions or accounts is filled in by Azure.
            (Some("pickList" | "radio"), Some(options)) => options.clone(),
            _ => continue,
        };
        if !options.contains(&value.into()) {
            wrong.push(format!("{name} is {value}, which is none of {options:?}"));
        }
    }
    for input in known {
        let name = input["name"].as_str().unwrap_or_default();
        let required = input["required"] == true && asked_for(input, step, known);
        // The toolkit asks for these at run time, whatever its task.json says.
        let rule = input["visibleRule"].as_str().unwrap_or_default();
        let chosen =
            name != "s3BucketName" && rule.contains("Source = ") && asked_for(input, step, known);
        if (required || chosen) && value_of(name, step, known).is_empty() {
            wrong.push(format!("needs {name}"));
        }
    }
    wrong
}

fn value_of<'a>(name: &str, step: &'a Value, known: &'a [Value]) -> &'a str {
    let given = step["inputs"][name].as_str();
    let default = known.iter().find(|input| input["name"] == name);
    given
        .or(default.and_then(|input| input["defaultValue"].as_str()))
        .unwrap_or_default()
}

/// A rule is `NAME = VALUE` or `NAME != VALUE`, joined by `&&` and `||`.
fn asked_for(input: &Value, step: &Value, known: &[Value]) -> bool {
    let Some(rule) = input["visibleRule"].as_str() else {
        return true;
    };
    let term = Regex::new(r"^\s*(\w+)\s*(!?=)\s*(\w+)\s*$");
    let holds = |text: &str| {
        let term = term.as_ref().ok().and_then(|term| term.captures(text));
        term.is_some_and(|term| {
            let equal = value_of(&term[1], step, known).eq_ignore_ascii_case(&term[3]);
            equal == (&term[2] == "=")
        })
    };
    rule.split("||").any(|all| all.split("&&").all(holds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(task: &str, inputs: &Value) -> String {
        let microsoft =
            json!({"Cache@2": {"inputs": ["key", "path"], "required": ["key", "path"]}});
        let aws = json!({"S3@1": [
            {"name": "bucket", "type": "string", "required": true},
            {"name": "acl", "type": "pickList", "options": ["private"], "defaultValue": "private"},
            {"name": "templateSource", "type": "pickList", "options": ["file", "s3"], "defaultValue": "file"},
            {"name": "templateFile", "type": "filePath", "visibleRule": "templateSource = file"},
            {"name": "s3ObjectKey", "type": "string", "visibleRule": "templateSource = s3"},
            {"name": "log", "type": "boolean"},
        ]});
        let step = json!({"task": task, "inputs": inputs});
        violations(&step, &microsoft, &aws).join("; ")
    }

    #[test]
    fn inputs_are_those_that_the_task_has() {
        assert_eq!(check("Cache@2", &json!({"key": "k", "Path": "p"})), "");
        assert_eq!(
            check("Cache@2", &json!({"key": "k", "paths": "p"})),
            "Cache@2: has no input paths; Cache@2: needs \"path\""
        );
        assert_eq!(check("Cache@3", &json!({})), "Cache@3: is not in azure/");
        let fine = json!({"bucket": "$(b)", "acl": "private", "templateFile": "f", "log": "true"});
        assert_eq!(check("S3@1", &fine), "");
        assert_eq!(
            check(
                "S3@1",
                &json!({"bucket": "b", "templateSource": "s3", "s3ObjectKey": "k"})
            ),
            ""
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (inputs, message) in [
            (json!({"templateFile": "f"}), "S3@1: needs bucket"),
            (json!({"bucket": "b"}), "S3@1: needs templateFile"),
            (
                json!({"bucket": "b", "templateSource": "s3"}),
                "S3@1: needs s3ObjectKey",
            ),
            (
                json!({"bucket": "b", "templateFile": "f", "acl": "public"}),
                "S3@1: acl is public",
            ),
            (
                json!({"bucket": "b", "templateFile": "f", "log": "yes"}),
                "S3@1: log is yes",
            ),
            (
                json!({"bucket": "b", "templateFile": "f", "s3ObjectKey": "k"}),
                "S3@1: s3ObjectKey has no effect",
            ),
        ] {
            let wrong = check("S3@1", &inputs);
            assert!(wrong.starts_with(message), "{wrong}");
        }
    }
}
