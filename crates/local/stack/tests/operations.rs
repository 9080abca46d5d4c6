//! The template's alarms and its dashboard.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::collections::BTreeSet;

use local_stack::resources::Resources;

/// Namespaces and names of the metrics with this dimension that alarms watch.
fn watched<'a>(all: &'a Resources, dimension: &str, value: &str) -> BTreeSet<(&'a str, &'a str)> {
    let metrics = all
        .alarms
        .iter()
        .flat_map(|alarm| alarm.properties.watched());
    metrics
        .filter(|(_, _, dimensions)| {
            let mut dimensions = dimensions.iter();
            dimensions.any(|one| one.name == dimension && one.value == value)
        })
        .map(|(namespace, name, _)| (namespace, name))
        .collect()
}

#[test]
fn everything_that_can_fail_is_watched() {
    let all = shipped::resolved(&[]).1;
    for queue in &all.queues {
        let name = queue.physical_id.rsplit('/').next().unwrap();
        let mut expected = BTreeSet::from([("AWS/SQS", "ApproximateAgeOfOldestMessage")]);
        // Messages in a source queue are work; those in a dead-letter queue have failed.
        if queue.properties.redrive_policy.is_none() {
            expected.insert(("AWS/SQS", "ApproximateNumberOfMessagesVisible"));
        }
        assert_eq!(
            watched(&all, "QueueName", name),
            expected,
            "{}",
            queue.logical_id
        );
    }
    for function in &all.functions {
        assert_eq!(
            watched(&all, "FunctionName", &function.physical_id),
            BTreeSet::from([
                ("AWS/Lambda", "Errors"),
                ("AWS/Lambda", "Invocations"),
                ("AWS/Lambda", "Throttles"),
            ]),
            "{}",
            function.logical_id
        );
    }
    let api = all.rest_apis[0].properties.name.as_deref().unwrap();
    let expected = BTreeSet::from([
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Count"),
        ("AWS/ApiGateway", "Latency"),
    ]);
    assert_eq!(watched(&all, "ApiName", api), expected);
    let stage = &all.stages[0].properties.stage_name;
    assert_eq!(watched(&all, "Stage", stage), expected);
}

#[test]
fn an_expression_uses_every_metric_that_is_given_to_it() {
    let all = shipped::resolved(&[]).1;
    let mut expressions = 0;
    for alarm in &all.alarms {
        let queries = &alarm.properties.metrics;
        assert_eq!(
            queries.is_empty(),
            alarm.properties.metric_name.is_some(),
            "{}",
            alarm.logical_id
        );
        let Some(compared) = queries.iter().find(|query| query.return_data) else {
            continue;
        };
        let expression = compared.expression.as_deref().unwrap();
        for query in queries.iter().filter(|query| query.id != compared.id) {
            assert!(!query.return_data, "{}: {}", alarm.logical_id, query.id);
            let words: Vec<&str> = expression
                .split(|letter: char| !letter.is_alphanumeric())
                .collect();
            assert!(words.contains(&query.id.as_str()), "{expression}");
            expressions += 1;
        }
    }
    assert!(expressions > 0);
}

#[test]
fn alarms_notify_the_given_topic_and_no_other() {
    let topic = "arn:aws:sns:eu-central-1:111122223333:alarms";
    for (parameters, actions) in [
        (vec![("AlarmTopicArn", topic)], vec![topic.to_owned()]),
        (vec![], vec![]),
    ] {
        let all = shipped::resolved(&parameters).1;
        assert!(!all.alarms.is_empty());
        for alarm in &all.alarms {
            assert_eq!(
                alarm.properties.alarm_actions, actions,
                "{}",
                alarm.logical_id
            );
            // An idle system has no values, and is healthy.
            assert!(
                matches!(
                    alarm.properties.treat_missing_data,
                    Some(local_stack::resources::operations::TreatMissingData::NotBreaching)
                ),
                "{}",
                alarm.logical_id
            );
        }
    }
}

#[test]
fn the_dashboard_shows_every_alarm_and_nothing_twice_in_one_place() {
    let all = shipped::resolved(&[]).1;
    let widgets = &all.dashboards[0].properties.dashboard_body.widgets;
    let shown: BTreeSet<String> = widgets
        .iter()
        .filter(|widget| widget.kind == "alarm")
        .flat_map(|widget| widget.properties["alarms"].as_array().unwrap())
        .map(|arn| arn.as_str().unwrap().to_owned())
        .collect();
    let names = shipped::names();
    let declared = all
        .alarms
        .iter()
        .map(|alarm| names.arn("cloudwatch", &format!("alarm:{}", alarm.physical_id)));
    assert_eq!(shown, declared.collect());

    let mut taken = BTreeSet::new();
    for widget in widgets {
        assert!(widget.x + widget.width <= 24, "{:?}", widget.properties);
        for x in widget.x..widget.x + widget.width {
            for y in widget.y..widget.y + widget.height {
                assert!(taken.insert((x, y)), "{:?}", widget.properties);
            }
        }
    }
}

#[test]
fn every_log_is_kept_for_the_configured_time() {
    let all = shipped::resolved(&[("LogRetentionDays", "90"), ("AccessLogs", "true")]).1;
    for group in &all.log_groups {
        assert_eq!(
            group.properties.retention_in_days,
            Some(90),
            "{}",
            group.logical_id
        );
    }
    for function in &all.functions {
        let group = function.properties.logging_config.log_group.as_deref();
        assert!(
            all.log_groups
                .iter()
                .any(|one| Some(one.physical_id.as_str()) == group),
            "{}",
            function.logical_id
        );
    }
    let execution = format!(
        "API-Gateway-Execution-Logs_{}/v1",
        all.rest_apis[0].physical_id
    );
    assert!(
        all.log_groups
            .iter()
            .any(|group| group.physical_id == execution)
    );
}
