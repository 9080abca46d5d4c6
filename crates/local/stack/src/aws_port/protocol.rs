//! The protocols of AWS's services except S3: how a request names its action and carries its parameters, and how results
//! and errors are written.
//!
//! Smithy defines them: [AWS JSON 1.0], [AWS JSON 1.1], [AWS query]. Requests of the REST protocols are recognised, so
//! that they can be refused in JSON.
//!
//! [AWS JSON 1.0]: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
//! [AWS JSON 1.1]: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
//! [AWS query]: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response};
use percent_encoding::percent_decode_str;
use quick_xml::Writer;
use quick_xml::events::BytesText;
use serde_json::{Map, Value, json};

use super::service::ServiceError;

/// The protocol that a request is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0: `X-Amz-Target` names the action, the body is JSON.
    Json10,
    /// AWS JSON 1.1.
    Json11,
    /// AWS query: a form whose `Action` is the action; results are XML.
    Query,
    /// A REST protocol with JSON: any request that is none of the others.
    RestJson,
}

/// Services that speak AWS query, by the name in their signatures.
const QUERY_SERVICES: &[&str] = &[
    "autoscaling",
    "cloudformation",
    "ec2",
    "elasticloadbalancing",
    "iam",
    "monitoring",
    "rds",
    "sns",
    "sts",
];

impl Protocol {
    /// The protocol of a request to `service`, the name in the signature's scope.
    pub fn detect(head: &Parts, service: &str) -> Self {
        let content_type = text(&head.headers, "content-type");
        if content_type.starts_with("application/x-amz-json-1.1") {
            Self::Json11
        } else if head.headers.contains_key("x-amz-target") {
            Self::Json10
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || QUERY_SERVICES.contains(&service)
            || parameters(head.uri.query().unwrap_or_default()).contains_key("Action")
        {
            Self::Query
        } else {
            Self::RestJson
        }
    }

    /// The action that a request names, and its parameters.
    ///
    /// # Errors
    /// `SerializationException` for a body that is not JSON, `MissingAction` for a form without one.
    pub fn decode(self, head: &Parts, body: &[u8]) -> Result<(String, Value), ServiceError> {
        match self {
            Self::Json10 | Self::Json11 => {
                let target = text(&head.headers, "x-amz-target");
                let action = target.rsplit('.').next().unwrap_or_default().to_owned();
                let input = if body.is_empty() {
                    json!({})
                } else {
                    serde_json::from_slice(body).map_err(|error| {
                        ServiceError::new(
                            "SerializationException",
                            &format!("the body is not JSON: {error}"),
                        )
                    })?
                };
                Ok((action, input))
            }
            Self::Query => {
                let mut input = parameters(head.uri.query().unwrap_or_default());
                input.extend(parameters(&String::from_utf8_lossy(body)));
                match input.remove("Action") {
                    Some(Value::String(action)) => Ok((action, input.into())),
                    _ => Err(ServiceError::new(
                        "MissingAction",
                        "the request has no parameter Action",
                    )),
                }
            }
            Self::RestJson => Ok((format!("{} {}", head.method, head.uri.path()), json!({}))),
        }
    }

    /// The result of an action of `service`.
    pub fn encode(
        self,
        service: &str,
        action: &str,
        request_id: &str,
        result: &Value,
    ) -> Response<Bytes> {
        let body = match self {
            Self::Query => {
                let result = json!({
                    format!("{action}Result"): result,
                    "ResponseMetadata": {"RequestId": request_id},
                });
                xml(&format!("{action}Response"), namespace(service), &result)
            }
            _ => Bytes::from(result.to_string()),
        };
        self.response(body)
    }

    /// An error of `service`.
    pub fn encode_error(
        self,
        service: &str,
        request_id: &str,
        error: &ServiceError,
    ) -> Response<Bytes> {
        let ServiceError {
            status,
            code,
            message,
        } = error;
        let body = match self {
            Self::Query => {
                let fault = if status.is_server_error() {
                    "Receiver"
                } else {
                    "Sender"
                };
                // Query errors have no namespace before the code, and no `Exception` after AccessDenied.
                let code = code.rsplit('#').next().unwrap_or(code);
                let code = if code == "AccessDeniedException" {
                    "AccessDenied"
                } else {
                    code
                };
                let error = json!({
                    "Error": {"Type": fault, "Code": code, "Message": message},
                    "RequestId": request_id,
                });
                xml("ErrorResponse", namespace(service), &error)
            }
            // Services differ in the case of the first letter: Rekognition and DynamoDB's denials have Message.
            _ => Bytes::from(
                json!({"__type": code, "message": message, "Message": message}).to_string(),
            ),
        };
        let mut response = self.response(body);
        *response.status_mut() = *status;
        if self == Self::RestJson
            && let Ok(code) = HeaderValue::from_str(code)
        {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        response
    }

    fn response(self, body: Bytes) -> Response<Bytes> {
        let mut response = Response::new(body);
        let content_type = match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
            Self::RestJson => "application/json",
        };
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The fields of a form or query string.
fn parameters(form: &str) -> Map<String, Value> {
    let decode = |field: &str| {
        let field = field.replace('+', " ");
        percent_decode_str(&field).decode_utf8_lossy().into_owned()
    };
    form.split('&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            (decode(name), Value::String(decode(value)))
        })
        .collect()
}

/// The namespace of a service's results, which clients ignore.
fn namespace(service: &str) -> &'static str {
    match service {
        "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "sns" => "http://sns.amazonaws.com/doc/2010-03-31/",
        "sqs" => "http://queue.amazonaws.com/doc/2012-11-05/",
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://amazonaws.com/doc/",
    }
}

/// A structure as XML: members are elements, lists are `<member>` elements.
fn xml(root: &str, namespace: &str, value: &Value) -> Bytes {
    let mut writer = Writer::new(Vec::new());
    let written = writer
        .create_element(root)
        .with_attribute(("xmlns", namespace))
        .write_inner_content(|writer| write(writer, value));
    // Writing to a vector does not fail.
    debug_assert!(written.is_ok());
    writer.into_inner().into()
}

fn write(writer: &mut Writer<Vec<u8>>, value: &Value) -> std::io::Result<()> {
    let element = |writer: &mut Writer<Vec<u8>>, name: &str, value: &Value| {
        writer
            .create_element(name)
            .write_inner_content(|writer| write(writer, value))
            .map(drop)
    };
    match value {
        Value::Null => Ok(()),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .try_for_each(|(name, value)| element(writer, name, value)),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| element(writer, "member", item)),
        Value::String(string) => {
            writer.write_event(quick_xml::events::Event::Text(BytesText::new(string)))
        }
        other => writer.write_event(quick_xml::events::Event::Text(BytesText::new(
            &other.to_string(),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode};

    use super::*;

    fn head(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_protocol_is_the_client_s() {
        let json = Request::post("/").header("x-amz-target", "DynamoDB_20120810.GetItem");
        assert_eq!(Protocol::detect(&head(json), "dynamodb"), Protocol::Json10);
        let json = Request::post("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "RekognitionService.DetectLabels");
        assert_eq!(
            Protocol::detect(&head(json), "rekognition"),
            Protocol::Json11
        );
        let form = Request::post("/").header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        assert_eq!(Protocol::detect(&head(form), "sqs"), Protocol::Query);
        let get = Request::get("/?Action=GetCallerIdentity&Version=2011-06-15");
        assert_eq!(Protocol::detect(&head(get), "sts"), Protocol::Query);
        let rest = Request::get("/2015-03-31/functions");
        assert_eq!(Protocol::detect(&head(rest), "lambda"), Protocol::RestJson);
    }

    #[test]
    fn a_form_is_decoded() {
        let request = head(Request::post("/?Version=1"));
        let body = b"Action=Publish&Message=a+b%26%C3%A9%3D&TopicArn=arn%3Aaws%3Asns";
        let (action, input) = Protocol::Query.decode(&request, body).unwrap();
        assert_eq!(action, "Publish");
        let expected = json!({"Message": "a b&é=", "TopicArn": "arn:aws:sns", "Version": "1"});
        assert_eq!(input, expected);
        let error = Protocol::Query.decode(&request, b"a=b").unwrap_err();
        assert_eq!(error.code, "MissingAction");
    }

    #[test]
    fn results_and_errors_are_in_the_same_protocol() {
        let result = json!({"Topics": [{"TopicArn": "a<b"}, {"TopicArn": "c"}], "NextToken": null});
        let response = Protocol::Query.encode("sns", "ListTopics", "id", &result);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/xml");
        assert_eq!(
            response.body(),
            "<ListTopicsResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
             <ListTopicsResult><Topics><member><TopicArn>a&lt;b</TopicArn></member>\
             <member><TopicArn>c</TopicArn></member></Topics></ListTopicsResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ListTopicsResponse>"
        );
        let error = ServiceError::new("com.amazonaws.sqs#QueueDoesNotExist", "none");
        let response = Protocol::Query.encode_error("sqs", "id", &error);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            response.body(),
            "<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Code>QueueDoesNotExist</Code>\
             <Message>none</Message><Type>Sender</Type></Error><RequestId>id</RequestId></ErrorResponse>"
        );
        let response = Protocol::RestJson.encode_error("lambda", "id", &error);
        assert_eq!(response.headers()["x-amzn-errortype"], error.code.as_str());
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["message"], "none");
    }
}
