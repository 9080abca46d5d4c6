//! Decides between the two networks where they contradict each other.
//!
//! The detector knows 80 things and calls everything one of them: a cheetah a cat, a squirrel a bird. The classifier
//! knows breeds, but gives one answer for a whole picture, and a little of it to everything. Both err most where
//! they stand alone.

use crate::bounding_box::BoundingBox;
use crate::detector::Detection;
use crate::vocabulary::Vocabulary;

/// Boxes of one family that share more than this (intersection over union) are one thing under two names.
const SAME_PLACE: f32 = 0.75;
/// A box of at least this share of the picture cannot escape the classifier.
const LARGE: f32 = 0.15;
/// A box of less than this share of the picture is too small to be confirmed by the classifier.
const SPECK: f32 = 0.002;
/// From this score on even a speck is believed.
const LIKELY: f32 = 0.6;
/// The classifier names the very thing, not just its kind.
const SURE: f32 = 0.6;
/// The classifier sees nothing of the sort.
const NOTHING: f32 = 0.02;
/// From this score on the detector is believed without support.
const CERTAIN: f32 = 0.85;

/// A thing that the detector saw, by its term in the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sighting {
    pub term: usize,
    pub score: f32,
    pub place: BoundingBox,
}

impl Sighting {
    fn is_large(&self) -> bool {
        self.place.area() >= LARGE
    }
}

/// Names what was detected, and settles the contradictions: sightings are dropped or renamed, masses of what
/// cannot be are set to 0.
pub(crate) fn reconcile(
    vocabulary: &Vocabulary,
    masses: &mut [f32],
    detections: &[Detection],
) -> Vec<Sighting> {
    let named = detections.iter().filter_map(|detection| {
        let &term = vocabulary.objects.get(&detection.class)?;
        Some(Sighting {
            term,
            score: detection.score,
            place: detection.place,
        })
    });
    let once = one_name_each(vocabulary, named);
    let plausible = plausible(vocabulary, masses, once);
    rename(vocabulary, masses, plausible)
}

/// Of two names of one family for one place the better stays: not both chair and couch. Best first, as it comes.
fn one_name_each(
    vocabulary: &Vocabulary,
    sightings: impl Iterator<Item = Sighting>,
) -> Vec<Sighting> {
    let mut kept: Vec<Sighting> = Vec::new();
    for next in sightings {
        let known = kept.iter().any(|better| {
            vocabulary.family(better.term) == vocabulary.family(next.term)
                && better.place.overlap(&next.place) > SAME_PLACE
        });
        if !known {
            kept.push(next);
        }
    }
    kept
}

/// Drops boxes that are too small to be confirmed, and large ones that the classifier does not see.
///
/// People and furniture stay: the classifier has hardly a word for them. Sports equipment must have support however
/// high its score, as any bright shape on a plain ground is a kite to the detector.
fn plausible(vocabulary: &Vocabulary, masses: &[f32], sightings: Vec<Sighting>) -> Vec<Sighting> {
    let family_is =
        |term: usize, name: &str| vocabulary.terms[vocabulary.family(term)].name == name;
    let people = sightings
        .iter()
        .any(|sighting| family_is(sighting.term, "Person"));
    sightings
        .into_iter()
        .filter(|sighting| {
            let Sighting { term, score, .. } = *sighting;
            if sighting.place.area() < SPECK {
                return score >= LIKELY;
            }
            if !sighting.is_large() || family_is(term, "Person") || family_is(term, "Furniture") {
                return true;
            }
            let seen = masses[term].max(masses[vocabulary.family(term)]);
            if family_is(term, "Sports Equipment") {
                return people || seen >= NOTHING;
            }
            score >= CERTAIN || seen >= NOTHING
        })
        .collect()
}

/// Where both networks mean one thing and differ in its name, the one that knows such things better names it.
///
/// If the classifier is sure of the very thing, the sighting gets that name and its kinds the score. If it only knows the kind,
/// and the detector is surer of another, then that kind goes. If another sighting agrees with the classifier,
/// there are two things, and nothing is to be settled.
fn rename(
    vocabulary: &Vocabulary,
    masses: &mut [f32],
    mut sightings: Vec<Sighting>,
) -> Vec<Sighting> {
    for at in 0..sightings.len() {
        let Sighting { term, score, .. } = sightings[at];
        if !sightings[at].is_large() || !vocabulary.known_to_classifier[term] {
            continue;
        }
        let family = vocabulary.family(term);
        let rivals = |index: &usize| {
            vocabulary.family(*index) == family && !vocabulary.is_line(*index, term)
        };
        let best = |leaves: bool| {
            (0..vocabulary.terms.len())
                .filter(rivals)
                .filter(|&index| !leaves || vocabulary.is_class[index])
                .max_by(|&a, &b| masses[a].total_cmp(&masses[b]))
        };
        let (Some(kind), Some(thing)) = (best(false), best(true)) else {
            continue;
        };
        let agreed = sightings.iter().any(|other| {
            vocabulary.is_line(other.term, kind) && !vocabulary.is_line(other.term, term)
        });
        if agreed {
            continue;
        }
        if masses[thing] >= SURE && masses[thing] > masses[term] {
            // Both distinguish an orange from a lemon, so neither is preferred.
            if !vocabulary.is_class[term] || masses[thing] >= score {
                sightings[at].term = thing;
            }
        } else if score > masses[kind] {
            for index in (0..masses.len()).filter(rivals) {
                masses[index] = 0.0;
            }
        }
    }
    sightings
}

#[cfg(test)]
mod tests {
    use super::*;

    type Named = Vec<(String, f32)>;

    /// Runs the whole with what the classifier gives some names, and sightings as name, score and box.
    fn settle(seen: &[(&str, f32)], detections: &[(&str, f32, [f32; 4])]) -> (Named, Named) {
        let vocabulary = Vocabulary::load().unwrap();
        let find = |name: &str| {
            vocabulary
                .terms
                .iter()
                .position(|term| term.name == name)
                .unwrap()
        };
        let mut masses = vec![0.0; vocabulary.terms.len()];
        for &(name, mass) in seen {
            let term = find(name);
            masses[term] += mass;
            for &parent in &vocabulary.terms[term].parents {
                masses[parent] += mass;
            }
        }
        let detections: Vec<Detection> = detections
            .iter()
            .map(|&(name, score, [left, top, right, bottom])| {
                let (&class, _) = vocabulary
                    .objects
                    .iter()
                    .find(|(_, term)| **term == find(name))
                    .unwrap();
                Detection {
                    class,
                    score,
                    place: BoundingBox::between(left, top, right, bottom).unwrap(),
                }
            })
            .collect();
        let name = |term: usize| vocabulary.terms[term].name.clone();
        let sightings = reconcile(&vocabulary, &mut masses, &detections);
        (
            sightings
                .iter()
                .map(|sighting| (name(sighting.term), sighting.score))
                .collect(),
            masses
                .iter()
                .enumerate()
                .filter(|(_, mass)| **mass > 0.0)
                .map(|(term, mass)| (name(term), *mass))
                .collect(),
        )
    }

    fn sightings(seen: &[(&str, f32)], detections: &[(&str, f32, [f32; 4])]) -> Vec<String> {
        settle(seen, detections)
            .0
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    const HALF: [f32; 4] = [0.2, 0.2, 0.9, 0.9];
    const BESIDE: [f32; 4] = [0.0, 0.0, 0.1, 0.1];
    const SPECK: [f32; 4] = [0.5, 0.5, 0.53, 0.53];

    #[test]
    fn the_classifier_names_what_the_detector_has_no_word_for() {
        assert_eq!(
            sightings(&[("Fox Squirrel", 0.87)], &[("Bird", 0.95, HALF)]),
            ["Fox Squirrel"]
        );
        assert_eq!(
            sightings(&[("Cheetah", 0.7)], &[("Cat", 0.86, HALF)]),
            ["Cheetah"]
        );
        // Not a small thing beside it, which the classifier did not mean.
        assert_eq!(
            sightings(&[("Cheetah", 0.7)], &[("Bird", 0.86, BESIDE)]),
            ["Bird"]
        );
        // A bus is one kind of thing to both.
        assert_eq!(
            sightings(&[("Minibus", 0.7)], &[("Bus", 0.8, HALF)]),
            ["Bus"]
        );
    }

    #[test]
    fn the_detector_knows_better_than_many_weak_guesses() {
        let (seen, masses) = settle(
            &[("Whippet", 0.3), ("Borzoi", 0.3), ("Llama", 0.05)],
            &[("Horse", 0.95, HALF)],
        );
        assert_eq!(seen[0].0, "Horse");
        let left: Vec<&str> = masses.iter().map(|(name, _)| name.as_str()).collect();
        assert!(
            !left.contains(&"Dog") && !left.contains(&"Whippet"),
            "{left:?}"
        );
        assert!(left.contains(&"Mammal"), "{left:?}");
    }

    #[test]
    fn two_animals_are_two_animals() {
        let both = [("Horse", 0.95, HALF), ("Dog", 0.7, [0.0, 0.5, 0.3, 1.0])];
        assert_eq!(sightings(&[("Whippet", 0.8)], &both), ["Horse", "Dog"]);
        // An orange between lemons: both networks have words for both.
        assert_eq!(
            sightings(&[("Lemon", 0.78)], &[("Orange", 0.91, HALF)]),
            ["Orange"]
        );
    }

    #[test]
    fn what_the_classifier_cannot_miss_and_does_not_see_is_not_there() {
        let palace = [("Palace", 0.7)];
        assert!(sightings(&palace, &[("Boat", 0.69, HALF)]).is_empty());
        assert_eq!(sightings(&palace, &[("Boat", 0.69, BESIDE)]), ["Boat"]);
        assert_eq!(sightings(&palace, &[("Boat", 0.9, HALF)]), ["Boat"]);
        assert_eq!(sightings(&palace, &[("Person", 0.6, HALF)]), ["Person"]);
        assert!(sightings(&[("Alp", 0.8)], &[("Sheep", 0.56, SPECK)]).is_empty());
    }

    #[test]
    fn a_kite_needs_someone_to_fly_it() {
        assert!(sightings(&[], &[("Kite", 0.95, HALF)]).is_empty());
        assert_eq!(
            sightings(&[], &[("Kite", 0.95, HALF), ("Person", 0.6, BESIDE)]),
            ["Kite", "Person"]
        );
        assert_eq!(
            sightings(&[("Soccer Ball", 0.4)], &[("Ball", 0.8, HALF)]),
            ["Ball"]
        );
    }

    #[test]
    fn one_place_has_one_name() {
        assert_eq!(
            sightings(
                &[],
                &[
                    ("Chair", 0.7, HALF),
                    ("Couch", 0.6, HALF),
                    ("Person", 0.6, HALF)
                ]
            ),
            ["Chair", "Person"]
        );
    }
}
