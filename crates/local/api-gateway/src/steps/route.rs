//! Route: finds the method of a resource for a stage and path.
//!
//! Recorded from AWS: a trailing slash is dropped, slashes after the stage collapse into one, inner ones stay; a static
//! part takes precedence over a variable, a variable over a greedy one; if the best path does not have the method, the
//! next one that has it is used. Path parameters stay percent-encoded. Chosen: static parts are compared byte by byte,
//! and a path with an invalid escape is refused before it reaches a template.

use std::collections::BTreeMap;

use crate::Api;
use crate::gateway_error::GatewayError;
use crate::model::{Method, Segment};
use crate::request::Request;
use crate::request_context::RequestContext;

/// A request whose method is known.
#[derive(Debug)]
pub(crate) struct Routed<'a> {
    request: &'a Request,
    method: &'a Method,
    request_context: RequestContext,
}

impl<'a> Routed<'a> {
    pub(super) fn request(&self) -> &'a Request {
        self.request
    }

    pub(super) fn method(&self) -> &'a Method {
        self.method
    }

    pub(super) fn into_parts(self) -> (&'a Request, &'a Method, RequestContext) {
        (self.request, self.method, self.request_context)
    }
}

/// Finds the method.
pub(crate) fn route<'a>(
    api: &'a Api,
    request: &'a Request,
    mut request_context: RequestContext,
) -> Result<Routed<'a>, GatewayError> {
    if !is_well_encoded(&request.path) {
        return Err(GatewayError::bad_path());
    }
    let path =
        within_stage(&request.path, &api.settings.stage).ok_or_else(GatewayError::no_stage)?;
    let segments: Vec<&str> = if path.is_empty() {
        Vec::new()
    } else {
        path.split('/').collect()
    };
    for method in &api.document.methods {
        if method
            .verb
            .as_ref()
            .is_some_and(|verb| *verb != request.method)
        {
            continue;
        }
        if let Some(parameters) = fit(&method.pattern, &segments) {
            request_context.route(&method.resource, parameters);
            return Ok(Routed {
                request,
                method,
                request_context,
            });
        }
    }
    Err(GatewayError::no_route())
}

/// Whether two hexadecimal digits follow every percent sign.
fn is_well_encoded(path: &str) -> bool {
    let mut escapes = path.split('%');
    escapes.next();
    escapes.all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// The path below the stage without leading and trailing slashes: `/v1//a//b/` is `a//b`.
fn within_stage<'path>(path: &'path str, stage: &str) -> Option<&'path str> {
    let path = path.strip_prefix('/')?.strip_prefix(stage)?;
    if !path.is_empty() && !path.starts_with('/') {
        return None;
    }
    Some(path.trim_matches('/'))
}

/// The path's parameters, if the path matches the resource.
fn fit(pattern: &[Segment], segments: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = segments;
    for segment in pattern {
        let (&first, after) = rest.split_first()?;
        match segment {
            Segment::Static(text) if text == first => {}
            Segment::Variable(name) if !first.is_empty() => {
                parameters.insert(name.clone(), first.to_owned());
            }
            Segment::Greedy(name) => {
                parameters.insert(name.clone(), rest.join("/"));
                return Some(parameters);
            }
            Segment::Static(_) | Segment::Variable(_) => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use http::Method as Verb;

    use super::*;
    use crate::testing::{api, get, request_context};

    const PATHS: &str = "
  /images: {get: M}
  /images/{key+}: {get: M, put: M}
  /thumbnails/{size}/{key+}: {get: M}
  /files/latest: {get: M}
  /files/{key+}: {get: M, delete: M}
  /any: {x-amazon-apigateway-any-method: M, put: M}
";

    #[derive(Debug)]
    struct Found {
        resource: String,
        verb: Option<Verb>,
        path: BTreeMap<String, String>,
    }

    fn routed(verb: Verb, path: &str) -> Result<Found, GatewayError> {
        let api = api(PATHS);
        let mut request = get(path);
        request.method = verb;
        let request_context = request_context(&api, &request);
        let routed = route(&api, &request, request_context)?;
        Ok(Found {
            resource: routed.method.resource.clone(),
            verb: routed.method.verb.clone(),
            path: routed.request_context.path,
        })
    }

    fn key(path: &str) -> String {
        routed(Verb::GET, path).unwrap().path["key"].clone()
    }

    #[test]
    fn path_parameters_stay_as_they_were_sent() {
        assert_eq!(key("/v1/images/a%20b+c%2B%2f.jpg"), "a%20b+c%2B%2f.jpg");
        assert_eq!(key("/v1/images/../%2e%2e/x"), "../%2e%2e/x");
    }

    #[test]
    fn bad_escapes_are_refused() {
        for path in [
            "/v1/images/%zz",
            "/v1/images/100%",
            "/v1/images/%a",
            "/v1/images/%é9",
        ] {
            let refused = routed(Verb::GET, path).unwrap_err();
            assert_eq!(
                (refused.status.as_u16(), refused.message.as_str()),
                (400, "Bad Request"),
                "{path}"
            );
        }
    }

    #[test]
    fn slashes_around_are_dropped_and_inner_ones_stay() {
        assert_eq!(key("/v1/images/a/b/"), "a/b");
        assert_eq!(key("/v1//images/a"), "a");
        assert_eq!(key("/v1/images/a//b"), "a//b");
        assert_eq!(key("/v1/images//a"), "/a");
        assert_eq!(
            routed(Verb::GET, "/v1/images/").unwrap().resource,
            "/images"
        );
    }

    #[test]
    fn static_beats_greedy_unless_it_lacks_the_verb() {
        assert_eq!(
            routed(Verb::GET, "/v1/files/latest").unwrap().resource,
            "/files/latest"
        );
        assert_eq!(
            routed(Verb::DELETE, "/v1/files/latest").unwrap().resource,
            "/files/{key+}"
        );
        assert_eq!(
            routed(Verb::GET, "/v1/files/latest/x").unwrap().resource,
            "/files/{key+}"
        );
    }

    #[test]
    fn a_verb_beats_any() {
        assert_eq!(routed(Verb::PUT, "/v1/any").unwrap().verb, Some(Verb::PUT));
        assert_eq!(routed(Verb::GET, "/v1/any").unwrap().verb, None);
    }

    #[test]
    fn two_parameters_share_a_path() {
        let found = routed(Verb::GET, "/v1/thumbnails/256/pets/cat.jpg").unwrap();
        assert_eq!(found.resource, "/thumbnails/{size}/{key+}");
        assert_eq!(found.path["size"], "256");
        assert_eq!(found.path["key"], "pets/cat.jpg");
        assert!(routed(Verb::GET, "/v1/thumbnails//cat.jpg").is_err());
        assert!(routed(Verb::GET, "/v1/thumbnails/256").is_err());
    }

    #[test]
    fn an_unknown_route_or_method_is_missing_a_token() {
        for (verb, path) in [
            (Verb::GET, "/v1/nothing"),
            (Verb::POST, "/v1/images"),
            (Verb::GET, "/v1"),
            (Verb::GET, "/v1/"),
            (Verb::GET, "/v1/IMAGES"),
        ] {
            let failure = routed(verb.clone(), path).unwrap_err();
            assert_eq!(
                failure.message, "Missing Authentication Token",
                "{verb} {path}"
            );
        }
    }

    #[test]
    fn another_stage_is_forbidden() {
        for path in [
            "/",
            "",
            "/v2/images",
            "/v10/images",
            "images",
            "//v1/images",
        ] {
            assert_eq!(
                routed(Verb::GET, path).unwrap_err().message,
                "Forbidden",
                "{path}"
            );
        }
    }
}
