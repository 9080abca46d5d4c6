//! A template resolved with given parameters.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::{Error, Node, Span, from_node};

/// The account, region and stack that a template is resolved for, which are the values of the pseudo parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `AWS::AccountId`, 12 digits.
    pub account_id: String,
    /// `AWS::Region`, such as `eu-central-1`.
    pub region: String,
    /// `AWS::Partition`, such as `aws`.
    pub partition: String,
    /// `AWS::URLSuffix`, such as `amazonaws.com`.
    pub url_suffix: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::StackId`, an ARN.
    pub stack_id: String,
    /// `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
}

/// The return values of resource types ("Return values" on each type's page of the template reference).
pub trait ResourceTypes {
    /// The value of `Ref`; called for every resource, whether it is referenced or not.
    ///
    /// # Errors
    /// Why there is no value, such as an unknown type; the caller adds the place.
    fn reference(&self, resource: &Resource) -> Result<String, Error>;

    /// The value of `Fn::GetAtt`: a string, or for some attributes a list. It replaces the function.
    ///
    /// # Errors
    /// Why there is no value, such as an unknown attribute; the caller adds the place.
    fn attribute(&self, resource: &Resource, name: &str) -> Result<Node, Error>;
}

/// A resource with all its values computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The file that it is declared in.
    pub file: String,
    /// Its name in the template.
    pub logical_id: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// Where it is declared.
    pub span: Span,
    /// Its properties; an empty map if it has none.
    pub properties: Node,
    /// The resources named in `DependsOn` that exist.
    pub depends_on: Vec<String>,
    /// Every resource that it depends on, by `DependsOn` or by reference, once each.
    pub dependencies: Vec<String>,
    /// `Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`.
    pub deletion_policy: Option<String>,
    /// `Delete`, `Retain` or `Snapshot`.
    pub update_replace_policy: Option<String>,
    /// `Metadata`.
    pub metadata: Option<Node>,
    /// `CreationPolicy`.
    pub creation_policy: Option<Node>,
    /// `UpdatePolicy`.
    pub update_policy: Option<Node>,
}

impl Resource {
    /// The properties as a struct, read by [`from_node`].
    ///
    /// # Errors
    /// The error of the type, with file, place and path.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        from_node(&self.properties).map_err(|error| self.blame(error))
    }

    /// Adds the file and path of this resource to an error whose path starts at the properties.
    #[must_use]
    pub fn blame(&self, error: Error) -> Error {
        let error = error
            .within("Properties")
            .within(&self.logical_id)
            .within("Resources");
        error.or_at(self.span).in_file(&self.file)
    }
}

/// An output with its value computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name in the template.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Its value.
    pub value: String,
    /// `Description`.
    pub description: Option<String>,
    /// The name under which it is exported.
    pub export: Option<String>,
}

/// A resolved template.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The resources whose conditions hold, each after its dependencies, otherwise in the order of the file.
    pub resources: Vec<Resource>,
    /// The outputs whose conditions hold, in the order of the file.
    pub outputs: Vec<Output>,
    /// Every parameter's value.
    pub parameters: BTreeMap<String, String>,
    /// Every condition, and whether it holds.
    pub conditions: BTreeMap<String, bool>,
}

impl Stack {
    /// The resource of that name, if its condition holds.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| resource.logical_id == logical_id)
    }

    /// The output of that name, if its condition holds.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }
}
