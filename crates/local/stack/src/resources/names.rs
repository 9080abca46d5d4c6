//! The values of `Ref` and `Fn::GetAtt`: physical ids and ARNs, generated from the stack's id as by CloudFormation.

use cfn::{Environment, Resource, ResourceTypes};

/// Names the resources of one stack.
#[derive(Debug, Clone)]
pub struct Names {
    /// Account, region, stack.
    pub environment: Environment,
}

impl Names {
    /// `arn:aws:{service}:{region}:{account}:{rest}`
    #[must_use]
    pub fn arn(&self, service: &str, rest: &str) -> String {
        let Environment {
            partition,
            region,
            account_id,
            ..
        } = &self.environment;
        format!("arn:{partition}:{service}:{region}:{account_id}:{rest}")
    }

    /// The ARN of a role.
    #[must_use]
    pub fn role_arn(&self, name: &str) -> String {
        let Environment {
            partition,
            account_id,
            ..
        } = &self.environment;
        format!("arn:{partition}:iam::{account_id}:role/{name}")
    }

    /// `{stack}-{logical id}-{twelve letters and digits}`, the same on every run of the same stack.
    fn generated(&self, logical_id: &str) -> String {
        format!(
            "{}-{logical_id}-{}",
            self.environment.stack_name,
            self.code(logical_id, 12).to_uppercase()
        )
    }

    /// Lower-case letters and digits that belong to this stack and this logical id (FNV-1a, base 36).
    fn code(&self, logical_id: &str, length: usize) -> String {
        let seed = format!("{}/{logical_id}", self.environment.stack_id);
        let mut hash = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (0..length)
            .map(|_| {
                let digit = u32::try_from(hash % 36).unwrap_or_default();
                hash /= 36;
                char::from_digit(digit, 36).unwrap_or('0')
            })
            .collect()
    }

    fn given(resource: &Resource, property: &str) -> Option<String> {
        resource.properties.get(property)?.scalar_text()
    }
}

impl ResourceTypes for Names {
    fn reference(&self, resource: &Resource) -> Result<String, cfn::Error> {
        let id = resource.logical_id.as_str();
        let named =
            |property| Self::given(resource, property).unwrap_or_else(|| self.generated(id));
        Ok(match resource.kind.as_str() {
            "AWS::S3::Bucket" => Self::given(resource, "BucketName")
                .unwrap_or_else(|| self.generated(id).to_lowercase()),
            "AWS::SNS::Topic" => self.arn("sns", &named("TopicName")),
            "AWS::SNS::Subscription" => self.arn("sns", &self.generated(id)),
            "AWS::SQS::Queue" => format!(
                "https://sqs.{}.{}/{}/{}",
                self.environment.region,
                self.environment.url_suffix,
                self.environment.account_id,
                named("QueueName")
            ),
            "AWS::Lambda::Function" => named("FunctionName"),
            "AWS::IAM::Role" => named("RoleName"),
            "AWS::DynamoDB::Table" => named("TableName"),
            "AWS::Logs::LogGroup" => named("LogGroupName"),
            "AWS::CloudWatch::Alarm" => named("AlarmName"),
            "AWS::CloudWatch::Dashboard" => named("DashboardName"),
            "AWS::ApiGateway::RestApi" => self.code(id, 10),
            "AWS::ApiGateway::Deployment"
            | "AWS::ApiGateway::ApiKey"
            | "AWS::ApiGateway::UsagePlan"
            | "AWS::ApiGateway::UsagePlanKey" => self.code(id, 6),
            "AWS::ApiGateway::Stage" => Self::given(resource, "StageName")
                .ok_or_else(|| cfn::Error::without_place("a stage needs a StageName"))?,
            "AWS::S3::BucketPolicy"
            | "AWS::SNS::TopicPolicy"
            | "AWS::SQS::QueuePolicy"
            | "AWS::Lambda::EventSourceMapping" => self.generated(id),
            other => {
                return Err(cfn::Error::without_place(format!(
                    "resource type {other} is not one that this machine runs"
                )));
            }
        })
    }

    fn attribute(&self, resource: &Resource, name: &str) -> Result<cfn::Node, cfn::Error> {
        let reference = self.reference(resource)?;
        let text = match (resource.kind.as_str(), name) {
            ("AWS::S3::Bucket", "Arn") => {
                format!("arn:{}:s3:::{reference}", self.environment.partition)
            }
            ("AWS::SNS::Topic", "TopicArn")
            | ("AWS::SQS::Queue", "QueueUrl")
            | ("AWS::ApiGateway::RestApi", "RestApiId") => reference,
            ("AWS::SNS::Topic", "TopicName") => last(&reference, ':'),
            ("AWS::SQS::Queue", "Arn") => self.arn("sqs", &last(&reference, '/')),
            ("AWS::SQS::Queue", "QueueName") => last(&reference, '/'),
            ("AWS::Lambda::Function", "Arn") => {
                self.arn("lambda", &format!("function:{reference}"))
            }
            ("AWS::IAM::Role", "Arn") => self.role_arn(&reference),
            ("AWS::DynamoDB::Table", "Arn") => self.arn("dynamodb", &format!("table/{reference}")),
            ("AWS::Logs::LogGroup", "Arn") => self.arn("logs", &format!("log-group:{reference}:*")),
            ("AWS::CloudWatch::Alarm", "Arn") => {
                self.arn("cloudwatch", &format!("alarm:{reference}"))
            }
            ("AWS::ApiGateway::RestApi", "RootResourceId") => self.code("root", 10),
            (kind, _) => {
                let message = format!("{kind} has no attribute {name} on this machine");
                return Err(cfn::Error::without_place(message));
            }
        };
        Ok(cfn::Node {
            span: resource.span,
            value: cfn::Value::String(text),
        })
    }
}

fn last(text: &str, separator: char) -> String {
    text.rsplit(separator).next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(id: &str) -> Names {
        Names {
            environment: Environment {
                account_id: "000000000000".into(),
                region: "us-east-1".into(),
                partition: "aws".into(),
                url_suffix: "amazonaws.com".into(),
                stack_name: "contact-sheet".into(),
                stack_id: format!(
                    "arn:aws:cloudformation:us-east-1:000000000000:stack/contact-sheet/{id}"
                ),
                notification_arns: Vec::new(),
            },
        }
    }

    #[test]
    fn generated_names_belong_to_the_stack() {
        let one = names("a").generated("ImageTable");
        assert_eq!(one, names("a").generated("ImageTable"));
        assert_ne!(one, names("b").generated("ImageTable"));
        assert_ne!(one, names("a").generated("LabelTable"));
        assert!(one.starts_with("contact-sheet-ImageTable-"));
        assert_eq!(one.len(), "contact-sheet-ImageTable-".len() + 12);
    }
}
