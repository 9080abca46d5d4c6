//! Unsupported and invalid documents are refused by name and line.

mod support;

use support::api;

const GOOD: &str = "\
openapi: 3.0.1
info: {title: t, version: '1'}
components:
  securitySchemes:
    sigv4: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
paths:
  /images/{key+}:
    get:
      security: [{sigv4: []}]
      parameters: [{name: v, in: query}]
      responses: {'200': {headers: {ETag: {}}}, '404': {}}
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: GET
        uri: arn:aws:apigateway:eu-west-1:s3:path/bucket/{key}
        credentials: arn:aws:iam::123456789012:role/gateway
        requestParameters:
          integration.request.path.key: method.request.path.key
        responses:
          '404': {statusCode: 404}
          default: {statusCode: 200, responseParameters: {method.response.header.ETag: integration.response.header.ETag}}
";

#[test]
fn the_document_itself_is_understood() {
    api(GOOD).unwrap();
}

/// Replaces a piece of the valid document, and expects these words in the error.
fn refused(piece: &str, instead: &str, words: &[&str]) {
    assert!(GOOD.contains(piece), "{piece}");
    let text = GOOD.replacen(piece, instead, 1);
    let error = api(&text)
        .err()
        .unwrap_or_else(|| panic!("accepted: {instead}"))
        .to_string();
    for word in words {
        assert!(error.contains(word), "{error}\nlacks {word}");
    }
}

#[test]
fn unknown_keys() {
    refused(
        "info:",
        "servers: []\ninfo:",
        &["2:1: servers: is not supported"],
    );
    refused(
        "      security:",
        "      callbacks: {}\n      security:",
        &["11:7: paths./images/{key+}.get.callbacks"],
    );
    refused(
        "        type: aws\n",
        "        type: aws\n        cacheNamespace: x\n",
        &["cacheNamespace"],
    );
    refused(
        "{name: v, in: query}",
        "{name: v, in: query, $ref: x}",
        &["parameters[0].$ref"],
    );
    refused(
        "'404': {}}",
        "'404': {links: {}}}",
        &["responses.404.links"],
    );
    refused(
        "{statusCode: 404}",
        "{statusCode: 404, tls: 1}",
        &["22:36", "responses.404.tls"],
    );
    refused(
        "components:",
        "components:\n  parameters: {}",
        &["components.parameters"],
    );
    refused("all: {", "all: {x: 1, ", &["request-validators.all.x"]);
}

#[test]
fn other_versions() {
    refused("openapi: 3.0.1", "openapi: 3.1.0", &["OpenAPI 3.1.0"]);
    refused("openapi: 3.0.1", "swagger: '2.0'", &["swagger"]);
}

#[test]
fn other_integrations() {
    for kind in ["http", "http_proxy", "aws_proxy"] {
        refused("type: aws\n", &format!("type: {kind}\n"), &["15:15", kind]);
    }
    refused(
        "s3:path/bucket/{key}",
        "lambda:path/2015-03-31/functions/f/invocations",
        &["17:", "`lambda`"],
    );
    refused("s3:path/bucket/{key}", "sqs:path/queue", &["`sqs`"]);
    refused("httpMethod: GET", "httpMethod: GRAB", &["GRAB"]);
    refused(
        "        httpMethod: GET\n",
        "",
        &["`httpMethod` is missing"],
    );
    refused(
        "        credentials: arn:aws:iam::123456789012:role/gateway\n",
        "",
        &["`credentials` is missing"],
    );
    refused(
        "arn:aws:iam::123456789012:role/gateway",
        "arn:aws:iam::*:user/*",
        &["18:", "not the ARN of a role"],
    );
    refused(
        "type: aws\n",
        "type: aws\n        timeoutInMillis: 30000\n",
        &["29000"],
    );
    refused(
        "type: aws\n",
        "type: aws\n        passthroughBehavior: sometimes\n",
        &["sometimes"],
    );
    refused(
        "type: aws\n",
        "type: aws\n        contentHandling: CONVERT\n",
        &["CONVERT"],
    );
}

#[test]
fn uris_whose_variables_are_not_mapped() {
    refused("bucket/{key}", "bucket/{size}/{key}", &["17:", "`{size}`"]);
    refused("bucket/{key}", "bucket/key", &["`{key}`"]);
    refused(
        "s3:path/bucket",
        "s3:path/${stageVariables.bucket}",
        &["stageVariables.bucket"],
    );
}

#[test]
fn mappings_of_what_is_not_declared() {
    let path = "integration.request.path.key: method.request.path.key";
    for (source, word) in [
        ("method.request.querystring.undeclared", "undeclared"),
        ("method.request.header.X-Undeclared", "X-Undeclared"),
        ("method.request.path.size", "size"),
        ("key", "single quotes"),
        (
            "context.authorizer.principalId",
            "context.authorizer.principalId",
        ),
    ] {
        refused(
            path,
            &format!("integration.request.path.key: {source}"),
            &["20:11", word],
        );
    }
    refused(
        path,
        &format!("{path}\n          integration.request.header.Host: \"'x'\""),
        &["Host"],
    );
    refused(
        "method.response.header.ETag:",
        "method.response.header.Date:",
        &["23:", "does not declare"],
    );
    refused(
        "{statusCode: 404}",
        "{statusCode: 410}",
        &["no response 410"],
    );
}

#[test]
fn responses_that_api_gateway_would_drop() {
    refused(
        "'404': {statusCode: 404}",
        "'404': {statusCode: 200}",
        &["status 200", "would drop"],
    );
    refused(
        "'404': {statusCode: 404}",
        "'4(04': {statusCode: 404}",
        &["22:11", "regular expression"],
    );
}

#[test]
fn security_that_is_not_supported() {
    refused("[{sigv4: []}]", "[{oauth: []}]", &["11:", "`oauth`"]);
    refused("[{sigv4: []}]", "[{sigv4: [read]}]", &["scopes"]);
    refused("awsSigv4}", "custom}", &["5:", "sigv4"]);
    refused(
        "      security:",
        "      x-amazon-apigateway-auth: {type: CUSTOM}\n      security:",
        &["NONE and AWS_IAM"],
    );
    refused(
        "paths:",
        "security: [{sigv4: []}]\npaths:",
        &["8:11", "ignores `security` at the root"],
    );
}

#[test]
fn bodies_cannot_be_validated() {
    let validator = "x-amazon-apigateway-request-validator: all\n      requestBody: {content: {}}\n      parameters:";
    refused("parameters:", validator, &["requestBody", "models"]);
    refused(
        "parameters:",
        "x-amazon-apigateway-request-validator: none\n      parameters:",
        &["`none`"],
    );
}

#[test]
fn paths() {
    refused(
        "/images/{key+}:",
        "/images/{key+}/x:",
        &["9:3", "must be last"],
    );
    refused("/images/{key+}:", "images:", &["begins with"]);
    refused(
        "  /images/{key+}:",
        "  /images/{name}: {get: {x-amazon-apigateway-integration: {type: mock}}}\n  /images/{key+}:",
        &["10:3", "line 9"],
    );
    refused(
        "{name: v, in: query}",
        "{name: v, in: path}",
        &["no variable `v`"],
    );
    refused(
        "{name: v, in: query}",
        "{name: v, in: cookie}",
        &["`cookie`"],
    );
}

#[test]
fn templates_and_gateway_responses() {
    let templates = |template: &str| {
        format!("type: aws\n        requestTemplates: {{application/json: '{template}'}}\n")
    };
    refused(
        "type: aws\n",
        &templates("#if($x)"),
        &["requestTemplates.application/json"],
    );
    refused(
        "type: aws\n",
        "type: aws\n        requestTemplates: {json: x}\n",
        &["not a media type"],
    );
    let responses =
        |entry: &str| format!("x-amazon-apigateway-gateway-responses:\n  {entry}\npaths:");
    refused("paths:", &responses("TEAPOT: {}"), &["9:3", "TEAPOT"]);
    refused(
        "paths:",
        &responses("THROTTLED: {responseTemplates: {application/json: $input.body}}"),
        &["$input.body"],
    );
    refused(
        "paths:",
        &responses(
            "THROTTLED: {responseParameters: {gatewayresponse.header.X: method.request.path.key}}",
        ),
        &["method.request.path.key"],
    );
    refused(
        "paths:",
        &responses("THROTTLED: {responseParameters: {header.X: \"'x'\"}}"),
        &["header.X"],
    );
    refused(
        "paths:",
        &responses("THROTTLED: {statusCode: 999}"),
        &["999"],
    );
}
