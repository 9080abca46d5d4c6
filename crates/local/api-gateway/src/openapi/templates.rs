//! Mapping templates by media type.

use cfn::{Error, Node};

use super::fields::{at, texts};
use crate::media_types::media_type;
use crate::model::Templates;

/// Reads a map from media type to template. Empty templates are left out.
pub(super) fn read(node: &Node) -> Result<Templates, Error> {
    let mut all = Vec::new();
    for (name, span, template) in texts(node)? {
        if !name.contains('/') {
            return Err(at(span, "is not a media type".to_owned(), name));
        }
        if template.is_empty() {
            continue;
        }
        let template =
            vtl::Template::parse(&template).map_err(|error| at(span, error.to_string(), name))?;
        all.push((media_type(name), template));
    }
    Ok(Templates(all))
}
