//! The compiled API, which the steps work with. Every pattern, template and expression is parsed.

use std::time::Duration;

use http::{HeaderName, Method as HttpMethod, StatusCode};
use regex::Regex;

use crate::backend::Service;
use crate::content_handling::ContentHandling;
use crate::mapping::{RequestSource, ResponseSource};

/// A method of a resource.
#[derive(Debug)]
pub(crate) struct Method {
    /// The resource's path as the document has it: `/images/{key+}`.
    pub(crate) resource: String,
    /// The parsed path.
    pub(crate) pattern: Vec<Segment>,
    /// The HTTP method; `None` is ANY.
    pub(crate) verb: Option<HttpMethod>,
    /// The authorization that callers need.
    pub(crate) authorization: Authorization,
    /// Whether an API key of a usage plan is required.
    pub(crate) api_key_required: bool,
    /// Parameters that the request validator requires, in the order in which AWS lists missing ones: headers, path, query,
    /// each by name.
    pub(crate) required: Vec<Required>,
    /// Its integration.
    pub(crate) integration: Integration,
}

/// A segment of a resource's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// `images`.
    Static(String),
    /// `{size}`.
    Variable(String),
    /// `{key+}`.
    Greedy(String),
}

/// `authorizationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authorization {
    /// `NONE`.
    None,
    /// `AWS_IAM`.
    AwsIam,
}

/// A required parameter. The order of the variants is the order of AWS's message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Required {
    /// A header, spelled as in the document.
    Header(String),
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
}

impl Required {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Header(name) | Self::Path(name) | Self::Query(name) => name,
        }
    }
}

/// An integration: request mapping, end point, responses.
#[derive(Debug)]
pub(crate) struct Integration {
    /// What it calls.
    pub(crate) endpoint: Endpoint,
    /// `requestParameters`.
    pub(crate) parameters: RequestParameters,
    /// `requestTemplates`.
    pub(crate) templates: Templates,
    /// `passthroughBehavior`.
    pub(crate) passthrough: Passthrough,
    /// `contentHandling` of the request.
    pub(crate) content_handling: Option<ContentHandling>,
    /// `responses`: those with a pattern in document order, then the default.
    pub(crate) responses: Vec<IntegrationResponse>,
}

/// What an integration calls.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// Nothing (`mock`): the template gives the status.
    Mock,
    /// An AWS service.
    Aws(AwsEndpoint),
}

/// An AWS service's end point.
#[derive(Debug)]
pub(crate) struct AwsEndpoint {
    /// The service.
    pub(crate) service: Service,
    /// The region in the URI.
    pub(crate) region: String,
    /// `httpMethod`.
    pub(crate) method: HttpMethod,
    /// How the request is addressed.
    pub(crate) address: Address,
    /// The role.
    pub(crate) credentials: String,
    /// `timeoutInMillis`.
    pub(crate) timeout: Duration,
}

/// How a request to an AWS service is addressed.
#[derive(Debug)]
pub(crate) enum Address {
    /// `path/{bucket}/{key}`: pieces of a path, and a fixed query.
    Path(Vec<Piece>, Option<String>),
    /// `action/GetItem`.
    Action(String),
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Literal text.
    Literal(String),
    /// `{name}`: the value of `integration.request.path.name`.
    Parameter(String),
}

/// `requestParameters` by their destination.
#[derive(Debug, Default)]
pub(crate) struct RequestParameters {
    /// `integration.request.path.name`.
    pub(crate) path: Vec<(String, RequestSource)>,
    /// `integration.request.querystring.name`.
    pub(crate) query: Vec<(String, RequestSource)>,
    /// `integration.request.header.Name`.
    pub(crate) header: Vec<(HeaderName, RequestSource)>,
}

/// `passthroughBehavior`: whether a body without a matching template is passed through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Passthrough {
    /// It is passed through.
    #[default]
    WhenNoMatch,
    /// It is passed through if there is no template at all, else 415.
    WhenNoTemplates,
    /// 415.
    Never,
}

/// Mapping templates by media type, in document order. Empty templates are left out: the payload is passed through.
#[derive(Debug, Default)]
pub(crate) struct Templates(pub(crate) Vec<(String, vtl::Template)>);

impl Templates {
    /// The template for a media type.
    pub(crate) fn get(&self, media_type: &str) -> Option<&vtl::Template> {
        let mut found = self.0.iter().filter(|(name, _)| name == media_type);
        found.next().map(|(_, template)| template)
    }
}

/// An integration response.
#[derive(Debug)]
pub(crate) struct IntegrationResponse {
    /// `None` is the default.
    pub(crate) pattern: Option<Regex>,
    /// The status that the client gets.
    pub(crate) status: StatusCode,
    /// Headers that the client gets.
    pub(crate) headers: Vec<(HeaderName, ResponseSource)>,
    /// `responseTemplates`.
    pub(crate) templates: Templates,
    /// `contentHandling`.
    pub(crate) content_handling: Option<ContentHandling>,
}
