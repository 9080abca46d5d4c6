//! The labels of an image, from the classifier's probabilities and the detector's boxes.

use crate::bounding_box::BoundingBox;
use crate::detector::Detection;
use crate::reconcile::{Sighting, reconcile};
use crate::vocabulary::Vocabulary;

/// Probabilities below this are noise. 398 of the 1,000 classes are animals, so their noise would add up to an animal.
const MIN_PROBABILITY: f32 = 0.02;
/// Labels below this confidence, in percent, are left out.
const MIN_CONFIDENCE: f32 = 1.0;

/// An object, scene or concept in the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// `Golden Retriever`.
    pub name: String,
    /// In percent.
    pub confidence: f32,
    /// Its ancestors, nearest first: `Dog`, `Canine`, `Mammal`, `Animal`.
    pub parents: Vec<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Such as `Animals and Pets`.
    pub categories: Vec<String>,
    /// The boxes, most confident first; empty for a label of the image as a whole.
    pub instances: Vec<Instance>,
}

/// An occurrence of a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    /// In percent.
    pub confidence: f32,
    /// In the upright image.
    pub bounding_box: BoundingBox,
}

/// The labels, most confident first. A term has the higher of the two networks' confidences, and a parent at least that of
/// what belongs to it.
pub(crate) fn labels(
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
        .filter(|((_, confidence), _)| confidence * 100.0 >= MIN_CONFIDENCE)
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
        if probability < MIN_PROBABILITY {
            continue;
        }
        masses[term] += probability;
        for &parent in &vocabulary.terms[term].parents {
            masses[parent] += probability;
        }
    }
    masses
}
