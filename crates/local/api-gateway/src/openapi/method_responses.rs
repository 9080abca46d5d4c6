//! `responses` of a method: the statuses and headers that its integration's responses may use.

use std::collections::{BTreeMap, BTreeSet};

use cfn::{Error, Node};
use http::StatusCode;

use super::fields::{Fields, status};

/// Statuses that a method declares, each with the names of its headers in lower case.
pub(super) type MethodResponses = BTreeMap<StatusCode, BTreeSet<String>>;

/// Reads the responses of an operation.
pub(super) fn read(node: &Node) -> Result<MethodResponses, Error> {
    let mut all = MethodResponses::new();
    for (key, span, node) in node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?
    {
        let response = || {
            let code = status(&Node {
                span: *span,
                value: key.as_str().into(),
            })?;
            let mut fields = Fields::of(node)?;
            fields.documentation(&["description", "content"]);
            let mut headers = BTreeSet::new();
            if let Some(node) = fields.take("headers") {
                for (name, _, node) in node
                    .as_map()
                    .ok_or_else(|| Error::new(node.span, "must be a map"))?
                {
                    let mut header = Fields::of(node).map_err(|error| error.within(name))?;
                    header.documentation(&[
                        "schema",
                        "description",
                        "example",
                        "required",
                        "deprecated",
                    ]);
                    header.finish().map_err(|error| error.within(name))?;
                    headers.insert(name.to_ascii_lowercase());
                }
            }
            fields.finish()?;
            let code =
                StatusCode::from_u16(code).map_err(|_| Error::new(*span, "no HTTP status"))?;
            Ok((code, headers))
        };
        let (code, headers) = response().map_err(|error: Error| error.within(key))?;
        all.insert(code, headers);
    }
    Ok(all)
}
