//! Converts Rekognition's labels to those of a record.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use aws_sdk_rekognition::types;
use records::{BoundingBox, Decimal, Instance, Label};

/// How many instances of one label are kept. A crowd has more, and 49 labels with more could exceed the 400 KB of a
/// `DynamoDB` item.
const MAX_INSTANCES: usize = 50;

/// The most confident `max` labels, most confident first, each name once. The transaction that writes them has no room
/// for more, so this does not rely on Rekognition keeping to `MaxLabels`.
#[must_use]
pub fn labels(detected: Vec<types::Label>, max: usize) -> Vec<Label> {
    let mut labels: Vec<Label> = detected.into_iter().filter_map(label).collect();
    labels.sort_by(|a, b| (Reverse(a.confidence), &a.name).cmp(&(Reverse(b.confidence), &b.name)));
    let mut names = BTreeSet::new();
    labels.retain(|label| names.insert(label.name.clone()));
    labels.truncate(max);
    labels
}

fn label(detected: types::Label) -> Option<Label> {
    let name = detected.name.filter(|name| !name.is_empty())?;
    let mut instances: Vec<Instance> = detected
        .instances
        .unwrap_or_default()
        .into_iter()
        .filter_map(instance)
        .collect();
    instances.sort_by_key(|instance| Reverse(instance.confidence));
    instances.truncate(MAX_INSTANCES);
    Some(Label {
        name,
        confidence: percentage(detected.confidence),
        parents: detected
            .parents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|parent| parent.name)
            .collect(),
        instances,
    })
}

fn instance(detected: types::Instance) -> Option<Instance> {
    let bounds = detected.bounding_box?;
    Some(Instance {
        confidence: percentage(detected.confidence),
        bounds: BoundingBox {
            left: ratio(bounds.left),
            top: ratio(bounds.top),
            width: ratio(bounds.width),
            height: ratio(bounds.height),
        },
    })
}

fn percentage(value: Option<f32>) -> Decimal {
    Decimal::percentage(value.unwrap_or_default().into())
}

fn ratio(value: Option<f32>) -> Decimal {
    Decimal::new(value.unwrap_or_default().into())
}
