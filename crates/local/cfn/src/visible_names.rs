//! Which names an expression may use, depending on its section.

use std::collections::BTreeSet;

use crate::{Error, Span};

/// The pseudo parameters that are strings.
pub(crate) const PSEUDO_STRINGS: [&str; 6] = [
    "AWS::AccountId",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];
/// The pseudo parameter that is a list.
pub(crate) const NOTIFICATION_ARNS: &str = "AWS::NotificationARNs";
/// The pseudo parameter that removes the property whose value it is.
pub(crate) const NO_VALUE: &str = "AWS::NoValue";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Conditions,
    Rules,
    Resources,
    Outputs,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::Conditions => "Conditions",
            Self::Rules => "Rules",
            Self::Resources => "Resources",
            Self::Outputs => "Outputs",
        }
    }

    /// Conditions and rules can't refer to resources: they are decided before these are computed.
    fn sees_resources(self) -> bool {
        matches!(self, Self::Resources | Self::Outputs)
    }
}

/// The names that the template declares, as visible in one section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VisibleNames<'names> {
    pub(crate) section: Section,
    pub(crate) names: &'names Names,
}

#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) parameters: BTreeSet<String>,
    pub(crate) mappings: BTreeSet<String>,
    pub(crate) conditions: BTreeSet<String>,
    pub(crate) resources: BTreeSet<String>,
}

impl VisibleNames<'_> {
    /// Checks the name in a `Ref`.
    pub(crate) fn reference(&self, name: &str, span: Span) -> Result<(), Error> {
        let pseudo = PSEUDO_STRINGS.contains(&name) || name == NOTIFICATION_ARNS;
        let resource = self.names.resources.contains(name);
        if pseudo
            || self.names.parameters.contains(name)
            || (self.section.sees_resources() && (resource || name == NO_VALUE))
        {
            return Ok(());
        }
        Err(self.unresolved(name, span))
    }

    /// Checks the resource that a `Fn::GetAtt` names.
    pub(crate) fn resource(&self, name: &str, span: Span) -> Result<(), Error> {
        if !self.section.sees_resources() {
            return Err(self.unresolved(name, span));
        }
        if self.names.resources.contains(name) {
            return Ok(());
        }
        let message =
            format!("Template error: instance of Fn::GetAtt references undefined resource {name}");
        Err(Error::new(span, message))
    }

    /// Checks the name of a condition.
    pub(crate) fn condition(&self, name: &str, span: Span) -> Result<(), Error> {
        if self.names.conditions.contains(name) {
            return Ok(());
        }
        let section = self.section.name();
        let message = format!(
            "Template format error: Unresolved condition dependency {name} in the {section} block of the template"
        );
        Err(Error::new(span, message))
    }

    /// Checks the name of a mapping.
    pub(crate) fn mapping(&self, name: &str, span: Span) -> Result<(), Error> {
        if self.names.mappings.contains(name) {
            return Ok(());
        }
        let message = format!(
            "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        );
        Err(Error::new(span, message))
    }

    /// CloudFormation's message about a name that isn't declared, or whose condition doesn't hold.
    pub(crate) fn unresolved(&self, name: &str, span: Span) -> Error {
        let section = self.section.name();
        let message = if self.section.sees_resources() {
            format!(
                "Template format error: Unresolved resource dependencies [{name}] in the {section} block of the template"
            )
        } else {
            format!(
                "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the {section} block of the template"
            )
        };
        Error::new(span, message)
    }
}
