//! What templates and mapping expressions can read of a request.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::authorizer::{ApiKey, Caller};
use crate::mapping::{RequestSource, Shared, text};
use crate::{Request, Settings};

/// Headers that the gateway drops: neither templates nor mappings can read them.
const DROPPED: &[&str] = &[
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// The ids of a request.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    /// `x-amzn-RequestId`, `$context.requestId`.
    pub(crate) request: String,
    /// `x-amz-apigw-id`, `$context.extendedRequestId`.
    pub(crate) extended: String,
    /// `X-Amzn-Trace-Id`.
    pub(crate) trace: String,
}

impl Ids {
    /// New ids.
    pub(crate) fn new(request: &Request) -> Self {
        let random = Uuid::new_v4();
        let seconds = DateTime::<Utc>::from(request.received).timestamp();
        let unique = random.simple().to_string();
        Self {
            request: Uuid::new_v4().to_string(),
            extended: URL_SAFE.encode(&random.as_bytes()[..11]),
            trace: format!("Root=1-{seconds:08x}-{}", &unique[8..]),
        }
    }
}

/// What templates and mapping expressions can read of a request.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// Path parameters, percent-encoded as they were sent.
    pub(crate) path: BTreeMap<String, String>,
    /// Query parameters, decoded; the last of repeated ones.
    pub(crate) query: BTreeMap<String, String>,
    /// Headers in `Title-Case`; the last of repeated ones.
    pub(crate) header: BTreeMap<String, String>,
    /// `$context`.
    pub(crate) context: Value,
    /// `$stageVariables`.
    pub(crate) stage_variables: BTreeMap<String, String>,
    body: bytes::Bytes,
}

impl RequestContext {
    /// What is known before a method is found.
    pub(crate) fn new(request: &Request, ids: &Ids, settings: &Settings) -> Self {
        let received = DateTime::<Utc>::from(request.received);
        let host = request.header("host").unwrap_or_default();
        let domain = host.split_once(':').map_or(host, |(name, _)| name);
        let context = json!({
            "accountId": settings.account_id,
            "apiId": settings.api_id,
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "extendedRequestId": ids.extended,
            "httpMethod": request.method.as_str(),
            "identity": {
                "sourceIp": request.source_ip.to_string(),
                "userAgent": request.header("user-agent"),
            },
            "path": request.path,
            "protocol": "HTTP/1.1",
            "requestId": ids.request,
            "requestTime": received.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "requestTimeEpoch": received.timestamp_millis(),
            "stage": settings.stage,
        });
        Self {
            path: BTreeMap::new(),
            query: query(request.query.as_deref().unwrap_or_default()),
            header: headers(request),
            context,
            stage_variables: settings.stage_variables.clone(),
            body: request.body.bytes(),
        }
    }

    /// Adds the result of routing.
    pub(crate) fn route(&mut self, resource: &str, path: BTreeMap<String, String>) {
        self.path = path;
        self.context["resourcePath"] = resource.into();
    }

    /// Adds the caller.
    pub(crate) fn identity(&mut self, caller: Option<&Caller>, key: Option<&ApiKey>) {
        let identity = &mut self.context["identity"];
        if let Some(caller) = caller {
            identity["userArn"] = caller.arn.as_str().into();
            identity["accountId"] = caller.account_id.as_str().into();
            identity["caller"] = caller.user_id.as_str().into();
            identity["user"] = caller.user_id.as_str().into();
            identity["accessKey"] = caller.access_key.as_str().into();
        }
        if let Some(key) = key {
            identity["apiKey"] = key.value.as_str().into();
            identity["apiKeyId"] = key.id.as_str().into();
        }
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, message: &str, response_type: &str) {
        self.context["error"] = json!({
            "message": message,
            "messageString": Value::from(message).to_string(),
            "responseType": response_type,
        });
    }

    /// The value of a request's mapping expression, if it has one.
    pub(crate) fn request(&self, source: &RequestSource) -> Option<String> {
        match source {
            RequestSource::Path(name) => self.path.get(name).cloned(),
            RequestSource::Query(name) => self.query.get(name).cloned(),
            RequestSource::Header(name) => self.header.get(&title_case(name.as_str())).cloned(),
            RequestSource::Body(path) => path.of(&self.body),
            RequestSource::Shared(source) => self.shared(source),
        }
    }

    /// The value of a source that all kinds of mappings have.
    pub(crate) fn shared(&self, source: &Shared) -> Option<String> {
        match source {
            Shared::Static(text) => Some(text.clone()),
            Shared::StageVariable(name) => self.stage_variables.get(name).cloned(),
            Shared::Context(name) => {
                let mut found = &self.context;
                for part in name.split('.') {
                    found = found.get(part)?;
                }
                text(found)
            }
        }
    }

    /// The `Accept` header.
    pub(crate) fn accept(&self) -> Option<&str> {
        self.header.get("Accept").map(String::as_str)
    }

    /// The `Content-Type` header.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header.get("Content-Type").map(String::as_str)
    }
}

/// Decodes a query: `+` is a space, the last of repeated names counts, bytes that are not UTF-8 become U+FFFD. A
/// semicolon separates parameters, too ("Amazon API Gateway important notes").
fn query(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    query
        .split(['&', ';'])
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn headers(request: &Request) -> BTreeMap<String, String> {
    request
        .headers
        .iter()
        .filter(|(name, _)| !DROPPED.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (title_case(name.as_str()), value)
        })
        .collect()
}

/// `If-None-Match` from `if-none-match`, the usual spelling in templates: the server does not keep the client's.
pub(crate) fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let c = if start {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            };
            start = c == '-';
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_the_last_of_a_name_counts() {
        let query = query("a=1&b=x+y%2Bz&a=2;c&=d&&e=%FF&f=%zz%3B");
        let expected = [
            ("", "d"),
            ("a", "2"),
            ("b", "x y+z"),
            ("c", ""),
            ("e", "\u{fffd}"),
            ("f", "%zz;"),
        ];
        let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(query, BTreeMap::from(expected));
    }

    #[test]
    fn header_names_are_spelt_as_usual() {
        assert_eq!(title_case("if-none-match"), "If-None-Match");
        assert_eq!(title_case("X-API-KEY"), "X-Api-Key");
    }
}
