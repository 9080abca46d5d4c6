//! The template that is deployed, read and resolved for one account.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cfn::{Environment, Stack, Template};
use local_stack::Options;
use local_stack::command_line::Data;
use local_stack::resources::Resources;
use local_stack::resources::names::Names;

pub const ACCOUNT: &str = "111122223333";

/// `infra/infra.yaml`, or what `STACK_TEMPLATE` names.
pub fn path() -> PathBuf {
    std::env::var_os("STACK_TEMPLATE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../infra/infra.yaml"),
        PathBuf::from,
    )
}

pub fn text() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// Runs the template on free ports with these parameters, and keeps nothing.
pub fn ephemeral(parameters: &[(&str, &str)]) -> Options {
    Options {
        api_port: 0,
        aws_port: 0,
        data: Data::Ephemeral,
        template: Some(path()),
        artifacts: std::env::var_os("STACK_ARTIFACTS").map(PathBuf::from),
        parameters: owned(parameters).collect(),
        ..Options::default()
    }
}

fn owned(parameters: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    parameters
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
}

pub fn names() -> Names {
    Names {
        environment: Environment {
            account_id: ACCOUNT.to_owned(),
            region: "eu-central-1".to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            stack_name: "pictures".to_owned(),
            stack_id: format!(
                "arn:aws:cloudformation:eu-central-1:{ACCOUNT}:stack/pictures/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
            ),
            notification_arns: Vec::new(),
        },
    }
}

/// The stack with these parameters and the two that have no default.
pub fn resolved(parameters: &[(&str, &str)]) -> (Stack, Resources) {
    let mut values = BTreeMap::from([
        ("CreateThumbnailLambdaVersionFile".into(), "a.zip".into()),
        ("AnalyzeImageLambdaVersionFile".into(), "b.zip".into()),
    ]);
    values.extend(owned(parameters));
    let names = names();
    let template = Template::parse("infra.yaml", &text()).unwrap();
    let stack = template
        .resolve(&values, &names.environment, &names)
        .unwrap();
    let resources = Resources::read(&stack, &names).unwrap();
    (stack, resources)
}
