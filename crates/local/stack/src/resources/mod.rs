//! The resources that a template declares, typed.
//!
//! Every property is a field, so that an unknown one is refused by name and line. A property without an effect on one
//! machine is [`Accepted`], with the reason as its comment.

#![expect(
    missing_docs,
    reason = "types and fields are AWS's own; the template reference documents them"
)]

pub mod api;
pub mod iam;
pub mod lambda;
pub mod names;
pub mod operations;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod tables;

use cfn::{Error, Resource, Stack};
use serde::Deserialize;

/// A property that is accepted and has no effect on this machine.
pub type Accepted = Option<serde::de::IgnoredAny>;

/// A resource with its logical id, its physical one, and its properties.
#[derive(Debug)]
pub struct Declared<T> {
    pub logical_id: String,
    /// What `Ref` returns.
    pub physical_id: String,
    /// Where it is declared.
    pub span: cfn::Span,
    pub properties: T,
}

/// Everything that a template declares, by type, in dependency order.
#[derive(Debug, Default)]
pub struct Resources {
    pub buckets: Vec<Declared<s3::Bucket>>,
    pub bucket_policies: Vec<Declared<s3::BucketPolicy>>,
    pub topics: Vec<Declared<sns::Topic>>,
    pub topic_policies: Vec<Declared<sns::TopicPolicy>>,
    pub subscriptions: Vec<Declared<sns::Subscription>>,
    pub queues: Vec<Declared<sqs::Queue>>,
    pub queue_policies: Vec<Declared<sqs::QueuePolicy>>,
    pub functions: Vec<Declared<lambda::Function>>,
    pub event_source_mappings: Vec<Declared<lambda::EventSourceMapping>>,
    pub roles: Vec<Declared<iam::Role>>,
    pub tables: Vec<Declared<tables::Table>>,
    pub rest_apis: Vec<Declared<api::RestApi>>,
    pub deployments: Vec<Declared<api::Deployment>>,
    pub stages: Vec<Declared<api::Stage>>,
    pub api_keys: Vec<Declared<api::ApiKey>>,
    pub usage_plans: Vec<Declared<api::UsagePlan>>,
    pub usage_plan_keys: Vec<Declared<api::UsagePlanKey>>,
    pub alarms: Vec<Declared<operations::Alarm>>,
    pub dashboards: Vec<Declared<operations::Dashboard>>,
    pub log_groups: Vec<Declared<operations::LogGroup>>,
}

impl Resources {
    /// Reads a resolved stack.
    ///
    /// # Errors
    /// A type or property that this machine doesn't know, with its line.
    pub fn read(stack: &Stack, names: &names::Names) -> Result<Self, Error> {
        let mut all = Self::default();
        for resource in &stack.resources {
            all.add(resource, names)?;
        }
        Ok(all)
    }

    fn add(&mut self, resource: &Resource, names: &names::Names) -> Result<(), Error> {
        match resource.kind.as_str() {
            "AWS::S3::Bucket" => self.buckets.push(declared(resource, names)?),
            "AWS::S3::BucketPolicy" => self.bucket_policies.push(declared(resource, names)?),
            "AWS::SNS::Topic" => self.topics.push(declared(resource, names)?),
            "AWS::SNS::TopicPolicy" => self.topic_policies.push(declared(resource, names)?),
            "AWS::SNS::Subscription" => self.subscriptions.push(declared(resource, names)?),
            "AWS::SQS::Queue" => self.queues.push(declared(resource, names)?),
            "AWS::SQS::QueuePolicy" => self.queue_policies.push(declared(resource, names)?),
            "AWS::Lambda::Function" => self.functions.push(declared(resource, names)?),
            "AWS::Lambda::EventSourceMapping" => {
                self.event_source_mappings.push(declared(resource, names)?);
            }
            "AWS::IAM::Role" => self.roles.push(declared(resource, names)?),
            "AWS::DynamoDB::Table" => self.tables.push(declared(resource, names)?),
            "AWS::ApiGateway::RestApi" => self.rest_apis.push(declared(resource, names)?),
            "AWS::ApiGateway::Deployment" => self.deployments.push(declared(resource, names)?),
            "AWS::ApiGateway::Stage" => self.stages.push(declared(resource, names)?),
            "AWS::ApiGateway::ApiKey" => self.api_keys.push(declared(resource, names)?),
            "AWS::ApiGateway::UsagePlan" => self.usage_plans.push(declared(resource, names)?),
            "AWS::ApiGateway::UsagePlanKey" => {
                self.usage_plan_keys.push(declared(resource, names)?);
            }
            "AWS::CloudWatch::Alarm" => self.alarms.push(declared(resource, names)?),
            "AWS::CloudWatch::Dashboard" => self.dashboards.push(declared(resource, names)?),
            "AWS::Logs::LogGroup" => self.log_groups.push(declared(resource, names)?),
            other => {
                let message = format!("resource type {other} is not one that this machine runs");
                return Err(resource.blame(Error::new(resource.span, message)));
            }
        }
        Ok(())
    }
}

fn declared<T: for<'de> Deserialize<'de>>(
    resource: &Resource,
    names: &names::Names,
) -> Result<Declared<T>, Error> {
    let physical_id = cfn::ResourceTypes::reference(names, resource)
        .map_err(|error| resource.blame(error.or_at(resource.span)))?;
    Ok(Declared {
        logical_id: resource.logical_id.clone(),
        physical_id,
        span: resource.span,
        properties: resource.deserialize()?,
    })
}
