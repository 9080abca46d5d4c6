//! `paths`: resources and their methods, in the order in which the router tries them.

use cfn::{Error, Node, Span};
use http::Method as HttpMethod;

use super::fields::Fields;
use super::parameters::Declared;
use super::{Shared, method};
use crate::mapping::is_name;
use crate::model::{Method, Segment};

const VERBS: &[(&str, Option<HttpMethod>)] = &[
    ("get", Some(HttpMethod::GET)),
    ("put", Some(HttpMethod::PUT)),
    ("post", Some(HttpMethod::POST)),
    ("delete", Some(HttpMethod::DELETE)),
    ("options", Some(HttpMethod::OPTIONS)),
    ("head", Some(HttpMethod::HEAD)),
    ("patch", Some(HttpMethod::PATCH)),
    ("x-amazon-apigateway-any-method", None),
];

/// Reads `paths`.
pub(super) fn read(node: &Node, shared: &Shared) -> Result<Vec<Method>, Error> {
    let mut methods = Vec::new();
    let mut resources: Vec<(Vec<Segment>, Span)> = Vec::new();
    for (path, span, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let pattern = parse(path).map_err(|message| Error::new(*span, message).within(path))?;
        if let Some((_, other)) = resources.iter().find(|(other, _)| rivals(other, &pattern)) {
            let message = format!(
                "line {} has a path variable in the same place under another name; API Gateway allows one",
                other.line
            );
            return Err(Error::new(*span, message).within(path));
        }
        resources.push((pattern.clone(), *span));
        path_item(path, &pattern, node, shared, &mut methods)
            .map_err(|error| error.within(path))?;
    }
    // Static before variable before greedy, a specific method before ANY. The sort is stable.
    methods.sort_by_key(|method| (rank(&method.pattern), method.verb.is_none()));
    Ok(methods)
}

fn path_item(
    path: &str,
    pattern: &[Segment],
    node: &Node,
    shared: &Shared,
    methods: &mut Vec<Method>,
) -> Result<(), Error> {
    let mut fields = Fields::of(node)?;
    fields.documentation(&["summary", "description"]);
    let mut declared = Declared::of_path(pattern);
    if let Some(node) = fields.take("parameters") {
        declared
            .read(node)
            .map_err(|error| error.within("parameters"))?;
    }
    for (key, verb) in VERBS {
        if let Some(node) = fields.take(key) {
            let resource = method::Resource {
                path,
                pattern,
                declared: &declared,
            };
            methods.push(
                method::read(node, verb.clone(), &resource, shared)
                    .map_err(|error| error.within(key))?,
            );
        }
    }
    fields.finish()
}

/// Reads a path; API Gateway allows letters, digits and `._-:` in static parts.
fn parse(path: &str) -> Result<Vec<Segment>, String> {
    let rest = path.strip_prefix('/').ok_or("a path begins with `/`")?;
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<&str> = rest.split('/').collect();
    let mut segments = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let segment = match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(name) => match name.strip_suffix('+') {
                Some(_) if index + 1 < parts.len() => {
                    return Err("a greedy variable must be last".to_owned());
                }
                Some(name) => Segment::Greedy(name.to_owned()),
                None => Segment::Variable(name.to_owned()),
            },
            None => Segment::Static((*part).to_owned()),
        };
        let valid = match &segment {
            Segment::Static(text) => {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"._-:~".contains(&b))
            }
            Segment::Variable(name) | Segment::Greedy(name) => is_name(name),
        };
        if !valid {
            return Err(format!("`{part}` is not a path part"));
        }
        if let Segment::Variable(name) | Segment::Greedy(name) = &segment
            && segments.iter().any(
                |other| matches!(other, Segment::Variable(n) | Segment::Greedy(n) if n == name),
            )
        {
            return Err(format!("`{name}` is repeated in the path"));
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// Whether two paths differ first at a variable in both.
fn rivals(a: &[Segment], b: &[Segment]) -> bool {
    let differing = a.iter().zip(b).find(|(a, b)| a != b);
    matches!(
        differing,
        Some((
            Segment::Variable(_) | Segment::Greedy(_),
            Segment::Variable(_) | Segment::Greedy(_)
        ))
    )
}

fn rank(pattern: &[Segment]) -> Vec<u8> {
    pattern
        .iter()
        .map(|segment| match segment {
            Segment::Static(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Greedy(_) => 2,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_or_refused() {
        assert_eq!(parse("/"), Ok(vec![]));
        assert_eq!(
            parse("/thumbnails/{size}/{key+}"),
            Ok(vec![
                Segment::Static("thumbnails".into()),
                Segment::Variable("size".into()),
                Segment::Greedy("key".into()),
            ])
        );
        for path in [
            "images",
            "/images/",
            "/{key+}/x",
            "/{}",
            "/a{b}",
            "/{a}/{a}",
            "/a b",
            "/{a+b}",
        ] {
            assert!(parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn two_variables_in_one_place_conflict() {
        let path = |path| parse(path).unwrap();
        assert!(rivals(&path("/a/{x}"), &path("/a/{y}/z")));
        assert!(rivals(&path("/a/{x}"), &path("/a/{x+}")));
        assert!(!rivals(&path("/a/{x}"), &path("/a/{x}/z")));
        assert!(!rivals(&path("/a/b"), &path("/a/{x}")));
    }
}
