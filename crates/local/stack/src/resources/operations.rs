//! `AWS::CloudWatch::*` and `AWS::Logs::*`: nothing on one machine reads metrics or keeps log groups, but what AWS
//! would refuse is refused.

use serde::Deserialize;
use serde::de::Error as _;

use super::Accepted;

/// `AWS::CloudWatch::Alarm` on one metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Alarm {
    /// Physical name.
    pub alarm_name: Option<String>,
    /// For people.
    pub alarm_description: Accepted,
    /// `AWS/SQS`
    pub namespace: String,
    /// `ApproximateNumberOfMessagesVisible`
    pub metric_name: String,
    /// Whose metric.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// `Sum`, `Maximum`, …
    pub statistic: Option<Statistic>,
    /// `p99`
    pub extended_statistic: Option<String>,
    /// Seconds that one value is of.
    pub period: u32,
    /// How many values are looked at.
    pub evaluation_periods: u32,
    /// How many of them must be beyond the threshold.
    pub datapoints_to_alarm: Option<u32>,
    /// What is compared with.
    pub threshold: f64,
    /// How.
    pub comparison_operator: ComparisonOperator,
    /// What no value means.
    pub treat_missing_data: Option<TreatMissingData>,
    /// ARNs of who is told.
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    /// ARNs of who is told when it is over.
    #[serde(rename = "OKActions", default)]
    pub ok_actions: Vec<String>,
    /// For bills.
    pub tags: Accepted,
}

/// Whose metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Dimension {
    /// `QueueName`
    pub name: String,
    /// The queue's name.
    pub value: String,
}

/// What is made of the samples of a period.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Statistic {
    /// Their mean.
    Average,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// How many there are.
    SampleCount,
    /// Their sum.
    Sum,
}

/// How a value is compared with the threshold.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum ComparisonOperator {
    /// ≥
    GreaterThanOrEqualToThreshold,
    /// >
    GreaterThanThreshold,
    /// ≤
    LessThanOrEqualToThreshold,
    /// <
    LessThanThreshold,
}

/// What a period without a value counts as.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// Beyond the threshold.
    Breaching,
    /// The last one again.
    Ignore,
    /// Nothing.
    Missing,
    /// Within the threshold.
    NotBreaching,
}

/// `AWS::CloudWatch::Dashboard`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Dashboard {
    /// Physical name.
    pub dashboard_name: Option<String>,
    /// What it shows.
    pub dashboard_body: DashboardBody,
}

/// What a dashboard shows
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>).
#[derive(Debug)]
pub struct DashboardBody {
    /// Its parts.
    pub widgets: Vec<Widget>,
}

/// A part of a dashboard, on a grid of 24 columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Widget {
    /// `metric`, `alarm`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The leftmost column.
    pub x: u32,
    /// The uppermost row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// What it shows, which depends on the kind.
    pub properties: serde_json::Map<String, serde_json::Value>,
}

impl<'de> Deserialize<'de> for DashboardBody {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            widgets: Vec<Widget>,
        }
        let text = String::deserialize(deserializer)?;
        match serde_json::from_str::<Body>(&text) {
            Ok(body) => Ok(Self {
                widgets: body.widgets,
            }),
            Err(error) => Err(D::Error::custom(format!("no dashboard: {error}"))),
        }
    }
}

/// `AWS::Logs::LogGroup`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct LogGroup {
    /// Physical name.
    pub log_group_name: Option<String>,
    /// Days.
    pub retention_in_days: Option<u32>,
    /// At rest, files are as safe as this machine's disk.
    pub kms_key_id: Accepted,
    /// For bills.
    pub tags: Accepted,
}
