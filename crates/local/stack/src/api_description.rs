//! The API's OpenAPI document for clients: the template's, resolved, with additions that API Gateway can't import.

use std::collections::BTreeMap;

use cfn::{Environment, Template};
use serde_json::{Map, Value, json};

use crate::resources::names::Names;

/// The routes whose responses are the bytes of an object, with the statuses that carry them.
const BYTES: [&str; 2] = ["/thumbnails/{size}/{key+}", "/originals/{key+}"];

/// Reads the OpenAPI document from a template with its default parameters.
///
/// `plain` is for client generators: it leaves out API Gateway's extensions and the preflights, writes a greedy path
/// variable like any other (a slash in it may be sent as `%2F`), and gives the bytes of an image the type
/// `application/octet-stream`, because openapi-python-client generates nothing for `*/*`.
///
/// # Errors
/// The template cannot be resolved, or has no API.
pub fn describe(template: &str, plain: bool) -> Result<Value, cfn::Error> {
    let environment = Environment {
        account_id: "123456789012".to_owned(),
        region: crate::REGION.to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "contact-sheet".to_owned(),
        stack_id: format!(
            "arn:aws:cloudformation:{}:123456789012:stack/contact-sheet/00000000-0000-0000-0000-000000000000",
            crate::REGION
        ),
        notification_arns: Vec::new(),
    };
    let names = Names { environment };
    let parameters = BTreeMap::from([
        (
            "CreateThumbnailLambdaVersionFile".to_owned(),
            "create-thumbnail.zip".to_owned(),
        ),
        (
            "AnalyzeImageLambdaVersionFile".to_owned(),
            "analyze-image.zip".to_owned(),
        ),
    ]);
    let template = Template::parse("infra.yaml", template)?;
    let stack = template.resolve(&parameters, &names.environment, &names)?;
    let body = stack.resources.iter().find_map(|resource| {
        let is_api = resource.kind == "AWS::ApiGateway::RestApi";
        resource.properties.get("Body").filter(|_| is_api)
    });
    let mut document = body.map(cfn::Node::to_json).unwrap_or_default();
    add_what_import_does_not_take(&mut document);
    if plain {
        make_plain(&mut document);
    }
    Ok(document)
}

/// Adds that `next` may be null, the bytes of images, and the API's URL.
fn add_what_import_does_not_take(document: &mut Value) {
    for page in ["ImagePage", "LabelPage"] {
        let schema = &mut document["components"]["schemas"][page];
        schema["properties"]["next"]["nullable"] = json!(true);
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!("next"));
        }
    }
    let bytes = json!({"*/*": {"schema": {"type": "string", "format": "binary"}}});
    for path in BYTES {
        for status in ["200", "206"] {
            document["paths"][path]["get"]["responses"][status]["content"] = bytes.clone();
        }
    }
    document["paths"]["/"]["get"]["responses"]["200"]["content"] =
        json!({"text/html": {"schema": {"type": "string"}}});
    for path in ["/images/{key+}", "/uploads/{key+}"] {
        document["paths"][path]["put"]["requestBody"] = json!({"content": bytes.clone()});
    }
    document["servers"] = json!([{
        "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
        "variables": {
            "api": {"default": "api"},
            "region": {"default": crate::REGION},
            "stage": {"default": "v1"},
        },
    }]);
}

fn make_plain(document: &mut Value) {
    remove_extensions(document);
    name_bytes(document);
    if let Some(paths) = document["paths"].as_object_mut() {
        let renamed: Map<String, Value> = std::mem::take(paths)
            .into_iter()
            .map(|(path, mut item)| {
                if let Some(item) = item.as_object_mut() {
                    item.remove("options");
                }
                (path.replace("+}", "}"), item)
            })
            .collect();
        *paths = renamed;
    }
}

/// Replaces the media type `*/*` by that of bytes.
fn name_bytes(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(bytes) = members.remove("*/*") {
                members.insert("application/octet-stream".to_owned(), bytes);
            }
            members.values_mut().for_each(name_bytes);
        }
        Value::Array(elements) => elements.iter_mut().for_each(name_bytes),
        _ => {}
    }
}

fn remove_extensions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-amazon-apigateway"));
            members.values_mut().for_each(remove_extensions);
        }
        Value::Array(elements) => elements.iter_mut().for_each(remove_extensions),
        _ => {}
    }
}
