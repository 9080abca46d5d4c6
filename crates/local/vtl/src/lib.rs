//! API Gateway mapping templates: Velocity with `$input`, `$util`, `$context` and `$stageVariables`.
//!
//! This crate knows no HTTP: its input is parameters, body and context, its output text and overrides.
//!
//! ```
//! let template = vtl::Template::parse(r#"{"key": "$util.escapeJavaScript($input.params('key'))"}"#)?;
//! let mut input = vtl::Input::default();
//! input.path.insert("key".to_owned(), "pets/cat.jpg".to_owned());
//! assert_eq!(template.render(&input)?.text, r#"{"key": "pets\/cat.jpg"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The language is Apache Velocity 1.7, with the differences that were recorded from API Gateway: an undefined
//! reference prints nothing, counts as true and equals both `$null` and `""`; `#macro` defines nothing; `null`
//! is a value; lists from JSON print as JSON.
//!
//! Where neither documentation nor a recording says what API Gateway does, this was chosen:
//!
//! - `#set` to an undefined reference assigns null (Velocity 1.7 would keep the old value).
//! - `$input.json` of a JSON null prints `null`; only a missing value prints `""`.
//! - `$util.parseJson` of invalid JSON is an error, of an empty string null.
//! - The names of parameters and headers are case-sensitive.
//! - Arguments of methods, indexes and elements may be any expression (Velocity 1.7 takes plain values).
//! - Map keys are strings: `{1: "a"}` and `{"1": "a"}` are the same map.
//! - Bugs of Velocity's lexer are not reproduced: it loses `.b` in `$a.trim()x.b`, `a}` in `$a.trim(){a}`,
//!   `foo}` in `$\!{foo}`, and a lone `#` before an escaped directive.

mod ast;
mod error;
mod escapes;
mod evaluator;
mod expression;
mod gateway_objects;
mod java_regex;
mod json;
mod json_path;
mod lexer;

mod loops;
mod methods;
mod operators;
mod parser;
mod printing;
mod regex_cache;
mod text_methods;
mod util;
mod value;

use std::collections::BTreeMap;

pub use error::{MAX_DEPTH, MAX_ITERATIONS, MAX_TEXT_BYTES, MAX_WORK, ParseError, RenderError};

/// A parsed mapping template, which threads may share. Its renderings share only compiled patterns.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: ast::Block,
    patterns: regex_cache::RegexCache,
}

/// What a template can read.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// The payload as text; `$input.body`, and `$input.path` and `$input.json` if it is JSON.
    pub body: String,
    /// Path parameters, as passed to the template; `$input.params`.
    pub path: BTreeMap<String, String>,
    /// Query parameters, decoded; `$input.params`.
    pub querystring: BTreeMap<String, String>,
    /// Headers, named as the client wrote them; `$input.params`.
    pub header: BTreeMap<String, String>,
    /// The `$context` object; anything but an object counts as an empty one. A response template sees what the request
    /// template assigned if this is its [`Rendered::context`].
    pub context: serde_json::Value,
    /// `$stageVariables`.
    pub stage_variables: BTreeMap<String, String>,
}

/// The result of a rendering.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// At most [`MAX_TEXT_BYTES`].
    pub text: String,
    /// `$context.requestOverride`.
    ///
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>
    pub request_override: Overrides,
    /// `$context.responseOverride`.
    pub response_override: ResponseOverride,
    /// The whole `$context` after rendering, overrides and the template's additions included.
    pub context: serde_json::Value,
}

/// Parameters of the integration request that a template replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// By header name.
    pub header: BTreeMap<String, String>,
    /// By name of the query parameter.
    pub querystring: BTreeMap<String, String>,
    /// By name of the path parameter.
    pub path: BTreeMap<String, String>,
}

/// What a template replaces in the response to the client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseOverride {
    /// 100 to 599; other values are ignored, as recorded.
    pub status: Option<u16>,
    /// By header name.
    pub header: BTreeMap<String, String>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// A syntax error, with its line and column, or nesting deeper than [`MAX_DEPTH`].
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        Ok(Self {
            nodes: parser::parse_template(source)?,
            patterns: regex_cache::RegexCache::default(),
        })
    }

    /// Renders the template; [`MAX_WORK`] and [`MAX_TEXT_BYTES`] bound time and memory.
    ///
    /// # Errors
    ///
    /// A call that throws in Java (a bad index, malformed percent encoding, invalid JSON for `parseJson`), an invalid
    /// `JSONPath` or regular expression, or an exceeded limit. API Gateway then responds with 500.
    pub fn render(&self, input: &Input) -> Result<Rendered, RenderError> {
        let mut heap = value::Heap::default();
        let request = gateway_objects::GatewayObjects::new(input, &mut heap);
        let context = request.context;
        let mut evaluator = evaluator::Evaluator::new(heap, request, &self.patterns);
        let mut text = String::new();
        evaluator.block(&self.nodes, &mut text)?;
        let (heap, meter) = (&evaluator.heap, &mut evaluator.meter);
        Ok(Rendered {
            text,
            request_override: gateway_objects::request_override(heap, context, meter)?,
            response_override: gateway_objects::response_override(heap, context, meter)?,
            context: heap.export(&value::Value::Map(context), meter)?,
        })
    }
}
