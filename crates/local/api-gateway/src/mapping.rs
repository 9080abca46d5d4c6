//! Parameter mapping expressions: where a path part, query parameter or header gets its value.
//!
//! "Parameter mapping source reference for REST APIs" (developer guide).

use std::str::FromStr as _;

use http::HeaderName;
use serde_json::Value;

/// Sources that all kinds of mappings have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shared {
    /// `'text'`.
    Static(String),
    /// `context.identity.sourceIp`.
    Context(String),
    /// `stageVariables.name`.
    StageVariable(String),
}

/// Sources of a request mapping and of a gateway response's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequestSource {
    /// `method.request.path.name`.
    Path(String),
    /// `method.request.querystring.name`.
    Query(String),
    /// `method.request.header.Name`.
    Header(HeaderName),
    /// `method.request.body` and `method.request.body.a.b`.
    Body(JsonPath),
    /// A source that all kinds of mappings have.
    Shared(Shared),
}

/// Sources of a response mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResponseSource {
    /// `integration.response.header.Name`.
    Header(HeaderName),
    /// `integration.response.body` and `integration.response.body.a.b`.
    Body(JsonPath),
    /// A source that all kinds of mappings have.
    Shared(Shared),
}

/// `$context` variables that this gateway supports.
const CONTEXT: &[&str] = &[
    "accountId",
    "apiId",
    "domainName",
    "domainPrefix",
    "extendedRequestId",
    "httpMethod",
    "identity.accessKey",
    "identity.accountId",
    "identity.apiKey",
    "identity.apiKeyId",
    "identity.caller",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "resourcePath",
    "stage",
];

impl Shared {
    fn parse(expression: &str) -> Result<Self, String> {
        if let Some(text) = expression
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
        {
            return Ok(Self::Static(text.to_owned()));
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return Ok(Self::StageVariable(name.to_owned()));
        }
        match expression.strip_prefix("context.") {
            Some(name) if CONTEXT.contains(&name) => Ok(Self::Context(name.to_owned())),
            Some(name) => Err(format!("`context.{name}` is not supported by this gateway")),
            None => Err(format!(
                "`{expression}` is not a mapping expression (static text is in single quotes)"
            )),
        }
    }
}

impl RequestSource {
    /// Reads an expression.
    pub(crate) fn parse(expression: &str) -> Result<Self, String> {
        let Some(rest) = expression.strip_prefix("method.request.") else {
            return Shared::parse(expression).map(Self::Shared);
        };
        match rest.split_once('.') {
            Some(("path", name)) if is_name(name) => Ok(Self::Path(name.to_owned())),
            Some(("querystring", name)) if is_name(name) => Ok(Self::Query(name.to_owned())),
            Some(("header", name)) => header_name(name).map(Self::Header),
            Some(("body", path)) => JsonPath::parse(path).map(Self::Body),
            None if rest == "body" => Ok(Self::Body(JsonPath::default())),
            _ => Err(format!("`{expression}` is not supported by this gateway")),
        }
    }
}

impl ResponseSource {
    /// Reads an expression.
    pub(crate) fn parse(expression: &str) -> Result<Self, String> {
        let Some(rest) = expression.strip_prefix("integration.response.") else {
            return Shared::parse(expression).map(Self::Shared);
        };
        match rest.split_once('.') {
            Some(("header", name)) => header_name(name).map(Self::Header),
            Some(("body", path)) => JsonPath::parse(path).map(Self::Body),
            None if rest == "body" => Ok(Self::Body(JsonPath::default())),
            _ => Err(format!("`{expression}` is not supported by this gateway")),
        }
    }
}

/// Whether a parameter's name can be used in mapping expressions.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._$-".contains(&b))
}

/// A header's name.
pub(crate) fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_str(name).map_err(|_| format!("`{name}` is not a header name"))
}

/// A path into a JSON body, of names and indices only: `a.b[0].c`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl JsonPath {
    fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("the body path `{text}` has more than names and indices");
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if name.is_empty() || name.contains(['*', '?', '(', '"', '\'']) {
                return Err(refused());
            }
            steps.push(Step::Key(name.to_owned()));
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']').ok_or_else(refused)?;
                steps.push(Step::Index(index.parse().map_err(|_| refused())?));
                rest = after;
            }
            if !rest.is_empty() {
                return Err(refused());
            }
        }
        Ok(Self(steps))
    }

    /// The value as text; `None` if the body has none. A path without steps is the body itself.
    pub(crate) fn of(&self, body: &[u8]) -> Option<String> {
        if self.0.is_empty() {
            return Some(String::from_utf8_lossy(body).into_owned());
        }
        let body: Value = serde_json::from_slice(body).ok()?;
        let found = self.0.iter().try_fold(&body, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })?;
        text(found)
    }
}

/// A JSON value as text for a header or path; `None` for null.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_a_request() {
        let parse = RequestSource::parse;
        assert_eq!(
            parse("method.request.path.key"),
            Ok(RequestSource::Path("key".into()))
        );
        assert_eq!(
            parse("method.request.querystring.page-size"),
            Ok(RequestSource::Query("page-size".into()))
        );
        assert_eq!(
            parse("method.request.header.If-None-Match"),
            Ok(RequestSource::Header(http::header::IF_NONE_MATCH))
        );
        assert_eq!(
            parse("'it''s'"),
            Ok(RequestSource::Shared(Shared::Static("it''s".into())))
        );
        assert_eq!(
            parse("context.identity.sourceIp"),
            Ok(RequestSource::Shared(Shared::Context(
                "identity.sourceIp".into()
            )))
        );
        assert_eq!(
            parse("stageVariables.bucket"),
            Ok(RequestSource::Shared(Shared::StageVariable(
                "bucket".into()
            )))
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for expression in [
            "unquoted",
            "method.request.multivaluequerystring.a",
            "method.request.path.",
            "method.request.body.$..a",
            "context.authorizer.claims",
            "integration.response.header.ETag",
            "'",
            "",
        ] {
            let error = RequestSource::parse(expression).unwrap_err();
            assert!(!error.is_empty(), "{expression}");
        }
        assert_eq!(
            ResponseSource::parse("method.request.header.Origin").unwrap_err(),
            "`method.request.header.Origin` is not a mapping expression (static text is in single quotes)"
        );
    }

    #[test]
    fn a_body_path_finds_scalars_and_prints_the_rest_as_json() {
        let body = br#"{"a": {"b": [1, {"c": "x"}]}, "n": null}"#;
        let find = |path: &str| JsonPath::parse(path).unwrap().of(body);
        assert_eq!(find("a.b[1].c").as_deref(), Some("x"));
        assert_eq!(find("a.b[0]").as_deref(), Some("1"));
        assert_eq!(find("a.b").as_deref(), Some(r#"[1,{"c":"x"}]"#));
        assert_eq!(find("n"), None);
        assert_eq!(find("a.b[9]"), None);
        assert_eq!(JsonPath::parse("a").unwrap().of(b"no json"), None);
    }
}
