//! One answer out of two: the classifier's probabilities and the detector's boxes.

use crate::detector::Detection;
use crate::reconcile::{Sighting, reconcile};
use crate::vocabulary::Vocabulary;

/// Less than this is the classifier's noise. Of 1,000 classes 398 are animals, so that noise would add up to one.
const LEAST_PROBABILITY: f32 = 0.02;
/// Labels below this many percent are not worth naming.
const LEAST_CONFIDENCE: f32 = 1.0;

/// One thing, scene or kind of thing that the picture shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// `Golden Retriever`.
    pub name: String,
    /// In percent.
    pub confidence: f32,
    /// What kind of thing that is, nearest first: `Dog`, `Canine`, `Mammal`, `Animal`.
    pub parents: Vec<String>,
    /// Other names of the same.
    pub aliases: Vec<String>,
    /// The fields that it belongs to: `Animals and Pets`.
    pub categories: Vec<String>,
    /// Where the picture shows one, best first; empty for what only the picture as a whole tells.
    pub instances: Vec<Instance>,
}

/// One place where the picture shows what a label names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    /// In percent.
    pub confidence: f32,
    /// Where.
    pub bounding_box: BoundingBox,
}

/// A part of an upright picture, as fractions of its width and height; never outside of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Of the left edge.
    pub left: f32,
    /// Of the top edge.
    pub top: f32,
    /// Of the whole width.
    pub width: f32,
    /// Of the whole height.
    pub height: f32,
}

impl BoundingBox {
    /// The box between four edges, cut to the picture; `None` if nothing of it is left.
    pub(crate) fn between(left: f32, top: f32, right: f32, bottom: f32) -> Option<Self> {
        let [left, top, right, bottom] =
            [left, top, right, bottom].map(|edge| edge.clamp(0.0, 1.0));
        (left < right && top < bottom).then_some(Self {
            left,
            top,
            width: right - left,
            height: bottom - top,
        })
    }

    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }

    /// Intersection over union.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let across =
            (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let down = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        let both = across.max(0.0) * down.max(0.0);
        both / (self.area() + other.area() - both)
    }
}

/// Joins what the networks say: of each term the surer says how sure, and a kind is as sure as what it holds.
pub(crate) fn fuse(
    vocabulary: &Vocabulary,
    probabilities: &[f32],
    detections: &[Detection],
) -> Vec<Label> {
    let mut masses = masses(vocabulary, probabilities);
    let sightings = reconcile(vocabulary, &mut masses, detections);
    let mut confidences = masses;
    let mut instances = vec![Vec::new(); vocabulary.terms.len()];
    for Sighting { term, score, place } in sightings {
        instances[term].push(Instance {
            confidence: score * 100.0,
            bounding_box: place,
        });
        for seen in std::iter::once(term).chain(vocabulary.terms[term].parents.iter().copied()) {
            confidences[seen] = confidences[seen].max(score);
        }
    }
    let mut labels: Vec<Label> = vocabulary
        .terms
        .iter()
        .zip(confidences)
        .zip(instances)
        .filter(|((_, confidence), _)| confidence * 100.0 >= LEAST_CONFIDENCE)
        .map(|((term, confidence), instances)| Label {
            name: term.name.clone(),
            confidence: (confidence * 100.0).min(100.0),
            parents: term
                .parents
                .iter()
                .map(|&parent| vocabulary.terms[parent].name.clone())
                .collect(),
            aliases: term.aliases.clone(),
            categories: vec![term.category.clone()],
            instances,
        })
        .collect();
    labels.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then_with(|| a.name.cmp(&b.name))
    });
    labels
}

/// What the classifier gives each term: its own classes and all that are of its kind, so that "Dog" is the sum of its breeds.
fn masses(vocabulary: &Vocabulary, probabilities: &[f32]) -> Vec<f32> {
    let mut masses = vec![0.0; vocabulary.terms.len()];
    for (&term, &probability) in vocabulary.classes.iter().zip(probabilities) {
        if probability < LEAST_PROBABILITY {
            continue;
        }
        masses[term] += probability;
        for &parent in &vocabulary.terms[term].parents {
            masses[parent] += probability;
        }
    }
    masses
}
