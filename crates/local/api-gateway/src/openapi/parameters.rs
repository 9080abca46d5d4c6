//! The parameters that a method declares.

use std::collections::BTreeSet;

use cfn::{Error, Node};

use super::fields::{Fields, flag, text};
use crate::model::{Required, Segment};

/// The parameters that a method declares; request mappings may use no others.
#[derive(Debug, Default, Clone)]
pub(super) struct Declared {
    pub(super) path: BTreeSet<String>,
    pub(super) query: BTreeSet<String>,
    /// In lower case.
    pub(super) header: BTreeSet<String>,
    pub(super) required: BTreeSet<Required>,
}

impl Declared {
    /// The variables of a path, which API Gateway itself declares as required.
    pub(super) fn of_path(pattern: &[Segment]) -> Self {
        let mut declared = Self::default();
        for segment in pattern {
            if let Segment::Variable(name) | Segment::Greedy(name) = segment {
                declared.path.insert(name.clone());
                declared.required.insert(Required::Path(name.clone()));
            }
        }
        declared
    }

    /// Adds a list of parameters.
    pub(super) fn read(&mut self, node: &Node) -> Result<(), Error> {
        let list = node
            .as_list()
            .ok_or_else(|| Error::new(node.span, "must be a list"))?;
        for (index, node) in list.iter().enumerate() {
            self.parameter(node)
                .map_err(|error| error.within_entry(index))?;
        }
        Ok(())
    }

    fn parameter(&mut self, node: &Node) -> Result<(), Error> {
        let mut fields = Fields::of(node)?;
        fields.documentation(&[
            "description",
            "schema",
            "example",
            "examples",
            "deprecated",
            "style",
            "explode",
        ]);
        let name_node = fields.require("name")?;
        let name = text(name_node)?;
        let place = fields.require("in")?;
        let required = fields.take("required").map_or(Ok(false), flag)?;
        let required = match text(place)?.as_str() {
            "path" if self.path.contains(&name) => None,
            "path" => {
                let message = format!("the path has no variable `{name}`");
                return Err(Error::new(name_node.span, message).within("name"));
            }
            "query" => {
                self.query.insert(name.clone());
                required.then_some(Required::Query(name))
            }
            "header" => {
                self.header.insert(name.to_ascii_lowercase());
                required.then_some(Required::Header(name))
            }
            other => {
                let message = format!("parameters in `{other}` are not supported by this gateway");
                return Err(Error::new(place.span, message).within("in"));
            }
        };
        self.required.extend(required);
        fields.finish()
    }
}
