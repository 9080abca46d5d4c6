//! Checks a stack against the plan: nothing is lost, and nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::plan::{Change, MIN_ANALYZED, Size};

const PARALLEL: usize = 16;

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct Findings {
    pub done: u64,
    pub failed_with_reason: u64,
    pub deleted: u64,
    pub thumbnails: usize,
    pub label_rows: usize,
    /// Differences between the stack and the plan.
    pub wrong: Vec<String>,
}

/// The relevant part of one image's record.
#[derive(Default)]
struct Seen {
    thumbnails: BTreeSet<String>,
    label_rows: BTreeSet<(String, String)>,
    wrong: Option<String>,
}

/// Compares a stack with the outcome of a plan.
pub async fn verify(
    client: &Client,
    outcome: BTreeMap<String, Change>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let slots = Arc::new(Semaphore::new(PARALLEL));
    let mut checks = JoinSet::new();
    for (key, change) in outcome {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let client = client.clone();
        checks.spawn(async move {
            let seen = image(&client, &key, change).await;
            drop(slot);
            (change, key, seen)
        });
    }
    let (mut thumbnails, mut label_rows) = (BTreeSet::new(), BTreeSet::new());
    while let Some(check) = checks.join_next().await {
        let (change, key, seen) = check?;
        let seen = seen?;
        thumbnails.extend(seen.thumbnails);
        label_rows.extend(seen.label_rows);
        match (seen.wrong, change) {
            (Some(wrong), _) => findings.wrong.push(format!("{key}: {wrong}")),
            (None, Change::Upload(_)) => findings.done += 1,
            (None, Change::UploadText(_)) => findings.failed_with_reason += 1,
            (None, Change::Delete) => findings.deleted += 1,
        }
    }
    findings.thumbnails = thumbnails.len();
    findings.label_rows = label_rows.len();
    let outputs = &client.endpoint.outputs;
    let stored = client.keys(&outputs["ThumbnailBucketName"]).await?;
    differences(&mut findings, "thumbnail", &thumbnails, stored);
    let rows = client.scan(&outputs["LabelTableName"]).await?;
    let rows = rows.iter().map(|row| {
        let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
        (text("Label"), text("Rank"))
    });
    differences(&mut findings, "label row", &label_rows, rows);
    Ok(findings)
}

fn differences<T: Ord + std::fmt::Debug>(
    findings: &mut Findings,
    what: &str,
    expected: &BTreeSet<T>,
    found: impl IntoIterator<Item = T>,
) {
    let found: BTreeSet<T> = found.into_iter().collect();
    let orphans = found.difference(expected);
    let orphans = orphans.map(|one| format!("{what} {one:?} belongs to no image"));
    let missing = expected.difference(&found);
    let missing = missing.map(|one| format!("{what} {one:?} is missing"));
    findings.wrong.extend(orphans.chain(missing));
}

async fn image(client: &Client, key: &str, change: Change) -> anyhow::Result<Seen> {
    let path = format!("images/{}", key.replace(' ', "%20"));
    let (status, body) = client.api(Method::GET, &path, Bytes::new()).await?;
    let mut seen = Seen::default();
    let Some(uploaded) = change.body() else {
        if status != StatusCode::NOT_FOUND {
            seen.wrong = Some(format!("deleted, but its record is {status}"));
        }
        return Ok(seen);
    };
    if status != StatusCode::OK {
        seen.wrong = Some(format!("uploaded, but its record is {status}"));
        return Ok(seen);
    }
    let record: Value = serde_json::from_slice(&body)?;
    seen.wrong =
        disagreement(&record, change, uploaded.len()).map(|wrong| format!("{wrong}: {record}"));
    for item in record["thumbnails"]["items"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let href = item["href"].as_str().unwrap_or_default();
        let (status, body) = client.api(Method::GET, href, Bytes::new()).await?;
        if status != StatusCode::OK || item["bytes"] != body.len() {
            seen.wrong = Some(format!(
                "thumbnail {href} is {status}, {} bytes",
                body.len()
            ));
        }
        seen.thumbnails.insert(format!("{}/{key}", item["size"]));
    }
    for label in record["analysis"]["labels"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = label["name"].as_str().unwrap_or_default();
        let confidence = label["confidence"].as_f64().unwrap_or_default();
        seen.label_rows
            .insert((name.to_owned(), format!("{confidence:08.4}#{key}")));
    }
    Ok(seen)
}

/// How a record differs from the last upload, or that it is not final.
fn disagreement(record: &Value, change: Change, bytes: usize) -> Option<&'static str> {
    if record["bytes"] != bytes {
        return Some("the record is of another upload");
    }
    let (analysis, thumbnails) = (&record["analysis"], &record["thumbnails"]);
    let Change::Upload(Size { width, height }) = change else {
        let failed = |part: &Value| part["reason"]["code"] == "UnsupportedFormat";
        return (!failed(analysis) || !failed(thumbnails)).then_some("not failed with a reason");
    };
    if thumbnails["status"] != "done" {
        return Some("the thumbnails are not done");
    }
    if thumbnails["width"] != width || thumbnails["height"] != height {
        return Some("the thumbnails are of another upload");
    }
    let analyzed = if width.min(height) >= MIN_ANALYZED {
        analysis["status"] == "done"
    } else {
        analysis["reason"]["code"] == "ImageTooSmall"
    };
    (!analyzed).then_some("the analysis is not final")
}
