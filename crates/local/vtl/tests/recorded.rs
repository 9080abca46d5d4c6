//! Output that was recorded from API Gateway; see `README.md`.

use std::collections::BTreeMap;

use serde_json::Value;
use vtl::{Input, Rendered, Template};

fn texts(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// The difference from the recording, if there is one.
fn difference(case: &Value) -> Option<String> {
    let input = &case["input"];
    let input = Input {
        body: input["body"].as_str().unwrap_or_default().to_owned(),
        path: texts(&input["path"]),
        querystring: texts(&input["querystring"]),
        header: texts(&input["header"]),
        context: input["context"].clone(),
        stage_variables: texts(&input["stageVariables"]),
    };
    let source = case["template"].as_str().unwrap_or_default();
    let template = match Template::parse(source) {
        Ok(template) => template,
        Err(error) => return Some(error.to_string()),
    };
    let rendered = match template.render(&input) {
        Ok(rendered) => rendered,
        Err(error) => return Some(error.to_string()),
    };
    let expected = &case["expected"];
    let agrees = match case["compare"].as_str() {
        Some("json") => {
            serde_json::from_str::<Value>(&rendered.text).is_ok_and(|json| json == *expected)
        }
        _ if case["normalize"] == "collapse-whitespace" => {
            let words: Vec<&str> = rendered.text.split_whitespace().collect();
            words.join(" ") == expected.as_str().unwrap_or_default()
        }
        _ => rendered.text == expected.as_str().unwrap_or_default(),
    };
    if !agrees {
        return Some(format!("expected {expected}, rendered {:?}", rendered.text));
    }
    overrides_differ(case, &rendered)
}

fn overrides_differ(case: &Value, rendered: &Rendered) -> Option<String> {
    let expected = case.get("expected_overrides")?;
    let response = &expected["responseOverride"];
    let request = &expected["requestOverride"];
    let agrees = rendered.response_override.status.map(u64::from) == response["status"].as_u64()
        && rendered.response_override.header == texts(&response["header"])
        && rendered.request_override.header == texts(&request["header"])
        && rendered.request_override.querystring == texts(&request["querystring"])
        && rendered.request_override.path == texts(&request["path"])
        && response
            .get("custom")
            .is_none_or(|custom| rendered.context["responseOverride"]["custom"] == *custom);
    (!agrees).then(|| format!("expected {expected}, rendered {rendered:?}"))
}

#[test]
fn every_recorded_template_renders_as_recorded() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("recorded_cases.json")).expect("the recorded cases");
    assert_eq!(cases.len(), 201);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            difference(case).map(|difference| format!("{}: {difference}", case["name"]))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
