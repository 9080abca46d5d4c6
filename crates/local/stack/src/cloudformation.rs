//! AWS CloudFormation: the one stack, as resolved when it started.

use serde_json::{Value, json};

use crate::aws_port::service::{Call, Output, Service, ServiceError};
use crate::clock::{iso, now_ms};
use crate::resources::names::Names;

/// AWS CloudFormation with `DescribeStacks`, `DescribeStackResources` and `ListStackResources`.
pub struct CloudFormation {
    stack_name: String,
    stack_id: String,
    stack: Value,
    /// Each with `LogicalResourceId`, `PhysicalResourceId`, `ResourceType`, ….
    resources: Vec<Value>,
}

impl CloudFormation {
    /// Describes a stack that is being started.
    #[must_use]
    pub fn new(stack: &cfn::Stack, names: &Names) -> Self {
        let started = iso(now_ms());
        let stack_name = names.environment.stack_name.clone();
        let stack_id = names.environment.stack_id.clone();
        let parameters = stack.parameters.iter();
        let outputs = stack.outputs.iter();
        let resources = stack.resources.iter();
        Self {
            stack: json!({
                "StackName": stack_name,
                "StackId": stack_id,
                "CreationTime": started,
                "StackStatus": "CREATE_COMPLETE",
                "DisableRollback": false,
                "Parameters": parameters
                    .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
                    .collect::<Vec<_>>(),
                "Outputs": outputs
                    .map(|output| json!({
                        "OutputKey": output.name,
                        "OutputValue": output.value,
                        "Description": output.description,
                        "ExportName": output.export,
                    }))
                    .collect::<Vec<_>>(),
            }),
            resources: resources
                .map(|resource| {
                    json!({
                        "StackName": stack_name,
                        "StackId": stack_id,
                        "LogicalResourceId": resource.logical_id,
                        "PhysicalResourceId": cfn::ResourceTypes::reference(names, resource).ok(),
                        "ResourceType": resource.kind,
                        "Timestamp": started,
                        "LastUpdatedTimestamp": started,
                        "ResourceStatus": "CREATE_COMPLETE",
                    })
                })
                .collect(),
            stack_name,
            stack_id,
        }
    }

    /// Checks that a request means this stack, by name or ARN; without a name it means every stack.
    fn check_name(&self, call: &Call<'_>) -> Result<(), ServiceError> {
        match call.input["StackName"].as_str() {
            Some(name) if name != self.stack_name && name != self.stack_id => {
                Err(ServiceError::new(
                    "ValidationError",
                    &format!("Stack with id {name} does not exist"),
                ))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Service for CloudFormation {
    async fn call(&self, call: &Call<'_>) -> Result<Output, ServiceError> {
        let (resources, logical_id) = match call.action {
            "DescribeStacks" => {
                call.check("cloudformation:DescribeStacks", &self.stack_id)?;
                self.check_name(call)?;
                return Ok(Output::Value(json!({"Stacks": [self.stack]})));
            }
            "DescribeStackResources" => {
                ("StackResources", call.input["LogicalResourceId"].as_str())
            }
            "ListStackResources" => ("StackResourceSummaries", None),
            _ => return Err(call.unsupported("CloudFormation")),
        };
        call.check(&format!("cloudformation:{}", call.action), &self.stack_id)?;
        self.check_name(call)?;
        let found: Vec<_> = self
            .resources
            .iter()
            .filter(|resource| logical_id.is_none_or(|id| resource["LogicalResourceId"] == id))
            .collect();
        match logical_id {
            Some(id) if found.is_empty() => Err(ServiceError::new(
                "ValidationError",
                &format!("Resource {id} does not exist for stack {}", self.stack_name),
            )),
            _ => Ok(Output::Value(json!({resources: found}))),
        }
    }
}
