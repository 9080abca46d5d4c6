//! `AWS::CloudWatch::*` and `AWS::Logs::*`: nothing on one machine reads metrics or keeps log groups, but properties that
//! AWS would refuse are refused.

use serde::Deserialize;
use serde::de::Error as _;

use super::Accepted;

/// `AWS::CloudWatch::Alarm` on one metric, or on an expression over several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Alarm {
    pub alarm_name: Option<String>,
    pub alarm_description: Accepted,
    pub namespace: Option<String>,
    pub metric_name: Option<String>,
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    pub statistic: Option<Statistic>,
    pub extended_statistic: Option<String>,
    /// In seconds.
    pub period: Option<u32>,
    /// Metrics and expressions, instead of the properties above.
    #[serde(default)]
    pub metrics: Vec<MetricDataQuery>,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: Option<u32>,
    pub threshold: f64,
    pub comparison_operator: ComparisonOperator,
    pub treat_missing_data: Option<TreatMissingData>,
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    #[serde(rename = "OKActions", default)]
    pub ok_actions: Vec<String>,
    pub tags: Accepted,
}

impl Alarm {
    /// Namespace, name and dimensions of each metric of the alarm.
    pub fn watched(&self) -> impl Iterator<Item = (&str, &str, &[Dimension])> {
        let one = self.namespace.as_deref().zip(self.metric_name.as_deref());
        let one = one.map(|(namespace, name)| (namespace, name, self.dimensions.as_slice()));
        let several = self.metrics.iter().filter_map(|query| {
            let metric = &query.metric_stat.as_ref()?.metric;
            Some((
                metric.namespace.as_str(),
                metric.metric_name.as_str(),
                metric.dimensions.as_slice(),
            ))
        });
        one.into_iter().chain(several)
    }
}

/// A metric, or an expression over metrics of other ids.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct MetricDataQuery {
    /// Its name in expressions.
    pub id: String,
    /// `errors / invocations`
    pub expression: Option<String>,
    pub metric_stat: Option<MetricStat>,
    /// Whether it is compared with the threshold; exactly one is.
    #[serde(default = "yes")]
    pub return_data: bool,
    pub label: Accepted,
}

fn yes() -> bool {
    true
}

/// A metric's values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct MetricStat {
    pub metric: Metric,
    /// `Sum`, `Maximum`, `p99`, …
    pub stat: String,
    /// In seconds.
    pub period: u32,
}

/// A metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Metric {
    pub namespace: String,
    pub metric_name: String,
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Dimension {
    pub name: String,
    pub value: String,
}

/// The statistic over the samples of a period.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Statistic {
    Average,
    Maximum,
    Minimum,
    SampleCount,
    Sum,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub enum ComparisonOperator {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanOrEqualToThreshold,
    LessThanThreshold,
}

/// How a period without samples counts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    Breaching,
    Ignore,
    Missing,
    NotBreaching,
}

/// `AWS::CloudWatch::Dashboard`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Dashboard {
    pub dashboard_name: Option<String>,
    pub dashboard_body: DashboardBody,
}

/// What a dashboard shows
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>).
#[derive(Debug)]
pub struct DashboardBody {
    pub widgets: Vec<Widget>,
}

/// A widget, on a grid of 24 columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Widget {
    #[serde(rename = "type")]
    pub kind: String,
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    /// Depends on the type of the widget.
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
    pub log_group_name: Option<String>,
    pub retention_in_days: Option<u32>,
    /// No effect: files are as safe as this machine's disk.
    pub kms_key_id: Accepted,
    pub tags: Accepted,
}
