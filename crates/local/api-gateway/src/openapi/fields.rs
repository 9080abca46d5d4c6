//! A map of the document, read key by key; keys that are not read are refused by name and line.

use cfn::{Error, Node, Span, Value};

use crate::content_handling::ContentHandling;

/// The entries of a map that have not been read yet.
pub(crate) struct Fields<'doc> {
    /// Where the map begins.
    pub(crate) span: Span,
    unread: Vec<&'doc (String, Span, Node)>,
}

impl<'doc> Fields<'doc> {
    /// The entries of `node`, which must be a map.
    pub(crate) fn of(node: &'doc Node) -> Result<Self, Error> {
        let entries = node
            .as_map()
            .ok_or_else(|| Error::new(node.span, "must be a map"))?;
        Ok(Self {
            span: node.span,
            unread: entries.iter().collect(),
        })
    }

    /// The value of `key`, if it exists and is not null.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'doc Node> {
        let at = self.unread.iter().position(|(name, _, _)| name == key)?;
        let (_, _, node) = self.unread.remove(at);
        (node.value != Value::Null).then_some(node)
    }

    /// The value of `key`, which is required.
    pub(crate) fn require(&mut self, key: &str) -> Result<&'doc Node, Error> {
        self.take(key)
            .ok_or_else(|| Error::new(self.span, format!("`{key}` is missing")))
    }

    /// Marks keys that only document the API as read.
    pub(crate) fn documentation(&mut self, keys: &[&str]) {
        self.unread
            .retain(|(name, _, _)| !keys.contains(&name.as_str()));
    }

    /// Refuses the first key that has not been read.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.unread.first() {
            None => Ok(()),
            Some((name, span, _)) => {
                Err(Error::new(*span, "is not supported by this gateway").within(name))
            }
        }
    }
}

/// A scalar as text.
pub(crate) fn text(node: &Node) -> Result<String, Error> {
    node.scalar_text()
        .ok_or_else(|| Error::new(node.span, "must be text"))
}

/// A boolean, or the string `true` or `false`.
pub(crate) fn flag(node: &Node) -> Result<bool, Error> {
    match text(node)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(Error::new(
            node.span,
            format!("`{other}` is neither true nor false"),
        )),
    }
}

/// An HTTP status, 100 to 599.
pub(crate) fn status(node: &Node) -> Result<u16, Error> {
    let text = text(node)?;
    match text.parse() {
        Ok(status) if (100..600).contains(&status) => Ok(status),
        _ => Err(Error::new(
            node.span,
            format!("`{text}` is not an HTTP status"),
        )),
    }
}

/// The entries of a map with text values, in document order, each with its place.
pub(crate) fn texts(node: &Node) -> Result<Vec<(&str, Span, String)>, Error> {
    let entries = node
        .as_map()
        .ok_or_else(|| Error::new(node.span, "must be a map"))?;
    entries
        .iter()
        .filter(|(_, _, value)| value.value != Value::Null)
        .map(|(key, span, value)| {
            Ok((
                key.as_str(),
                *span,
                text(value).map_err(|error| error.within(key))?,
            ))
        })
        .collect()
}

/// `contentHandling` of an integration or an integration response.
pub(super) fn content_handling(fields: &mut Fields) -> Result<Option<ContentHandling>, Error> {
    let Some(node) = fields.take("contentHandling") else {
        return Ok(None);
    };
    match text(node)?.to_ascii_uppercase().as_str() {
        "CONVERT_TO_TEXT" => Ok(Some(ContentHandling::Text)),
        "CONVERT_TO_BINARY" => Ok(Some(ContentHandling::Binary)),
        other => Err(
            Error::new(node.span, format!("`{other}` is not a content handling"))
                .within("contentHandling"),
        ),
    }
}

/// An error at a key.
pub(super) fn at(span: Span, message: String, key: &str) -> Error {
    Error::new(span, message).within(key)
}
