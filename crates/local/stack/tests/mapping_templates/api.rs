//! The shipped template's API, resolved as the stack resolves it, and every mapping template in it.

use std::collections::{BTreeMap, BTreeSet};

use api_gateway::{Api, PathParameters, Settings};
use cfn::{Node, ResourceTypes as _, Value};

use crate::shipped::{ACCOUNT, names, resolved};

/// Words of the document's structure that are left out of a mapping template's place.
const UNTOLD: &[&str] = &[
    "paths",
    "responses",
    "responseTemplates",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-integration",
];
const BINARY: &str = "x-amazon-apigateway-binary-media-types";

/// The API of `infra/infra.yaml`, and the resources that its requests may reach.
#[derive(Clone)]
pub struct Shipped {
    open: Node,
    closed: Node,
    settings: Settings,
    pub raw_bucket: String,
    pub thumbnail_bucket: String,
    pub image_table: String,
    pub label_table: String,
    roles: BTreeMap<String, String>,
}

impl Shipped {
    /// Reads it with `ApiAuthorization` `NONE` and, for denials, `AWS_IAM`.
    pub fn read() -> Self {
        let closed = Self::resolve("AWS_IAM").open;
        Self {
            closed,
            ..Self::resolve("NONE")
        }
    }

    fn resolve(authorization: &str) -> Self {
        let (stack, resources) = resolved(&[("ApiAuthorization", authorization)]);
        let names = names();
        let id = |logical: &str| names.reference(stack.resource(logical).unwrap()).unwrap();
        let roles = resources.roles.iter().map(|role| {
            let arn = names.role_arn(&role.physical_id);
            (role.logical_id.clone(), arn)
        });
        let stage = &resources.stages[0].properties;
        let body = stack
            .resource("ApiGatewayRest")
            .unwrap()
            .properties
            .get("Body")
            .unwrap();
        Self {
            open: body.clone(),
            closed: body.clone(),
            settings: Settings {
                api_id: id("ApiGatewayRest"),
                stage: stage.stage_name.clone(),
                account_id: ACCOUNT.to_owned(),
                region: names.environment.region.clone(),
                stage_variables: stage.variables.clone(),
                binary_media_types: Vec::new(),
                path_parameters: PathParameters::Decoded,
            },
            raw_bucket: id("RawBucket"),
            thumbnail_bucket: id("ThumbnailBucket"),
            image_table: id("ImageTable"),
            label_table: id("LabelTable"),
            roles: roles.collect(),
        }
    }

    /// How path parameters are passed on.
    pub fn path_parameters(&self) -> PathParameters {
        self.settings.path_parameters
    }

    /// The same API with path parameters passed on in another way.
    pub fn with_path_parameters(&self, reading: PathParameters) -> Self {
        let mut read = self.clone();
        read.settings.path_parameters = reading;
        read
    }

    /// The API that anyone may call.
    pub fn open(&self) -> Result<Api, cfn::Error> {
        Api::from_openapi(&self.open, self.settings.clone())
    }

    /// The API that requires a signature.
    pub fn closed(&self) -> Result<Api, cfn::Error> {
        Api::from_openapi(&self.closed, self.settings.clone())
    }

    /// The ARN of the role with this logical id.
    pub fn role(&self, logical_id: &str) -> &str {
        &self.roles[logical_id]
    }

    /// `GET /images`, …
    pub fn routes(&self) -> BTreeSet<String> {
        let open = self.open().unwrap();
        let routes = open.routes();
        routes
            .map(|route| format!("{} {}", route.method, route.path))
            .collect()
    }

    /// Every mapping template by its place: `/images get 200 application/json`.
    pub fn templates(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        visit(&mut self.open.clone(), "", false, &mut |place, text| {
            assert!(
                found.insert(place.to_owned(), text.clone()).is_none(),
                "{place}"
            );
        });
        found
    }

    /// The same API with one template changed.
    pub fn with(&self, place: &str, template: &str) -> Self {
        let mut changed = self.clone();
        for body in [&mut changed.open, &mut changed.closed] {
            visit(body, "", false, &mut |at, text| {
                if at == place {
                    template.clone_into(text);
                }
            });
        }
        changed
    }

    /// The same API without binary media types: its templates then get text instead of base64. There is no record of
    /// what `*/*` gives them, so they have to work with either.
    pub fn without_binary_types(&self) -> Self {
        let mut changed = self.clone();
        for body in [&mut changed.open, &mut changed.closed] {
            let Value::Map(entries) = &mut body.value else {
                panic!("the document is a map");
            };
            let before = entries.len();
            entries.retain(|(key, ..)| key != BINARY);
            assert_eq!(entries.len() + 1, before, "{BINARY}");
        }
        changed
    }
}

/// Calls `change` for every entry of every `requestTemplates` and `responseTemplates`.
fn visit(
    node: &mut Node,
    place: &str,
    in_templates: bool,
    change: &mut dyn FnMut(&str, &mut String),
) {
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    for (key, _, value) in entries {
        let below = if UNTOLD.contains(&key.as_str()) {
            place.to_owned()
        } else {
            format!("{place} {key}").trim_start().to_owned()
        };
        match &mut value.value {
            Value::String(text) if in_templates => change(&below, text),
            _ => {
                let templates = matches!(key.as_str(), "requestTemplates" | "responseTemplates");
                visit(value, &below, templates, change);
            }
        }
    }
}
