//! Finds objects in an image: `SSDLite` over the 80 classes of COCO.

use crate::Error;
use crate::bounding_box::BoundingBox;
use crate::network::{Activations, Network};
use crate::pixels::Pixels;

/// The edge of the input, in pixels; the image is stretched to it.
const EDGE: usize = 300;
/// Scores below this are noise more often than not.
const MIN_SCORE: f32 = 0.45;
/// Two boxes of one class that overlap more (intersection over union) are one object.
const MAX_OVERLAP: f32 = 0.5;
const NAME: &str = "detector";

/// The feature maps in which the network looks for objects, from the finest to the coarsest.
const MAPS: usize = 6;
/// The columns of a score: the background and COCO's ids.
const CLASSES: usize = 91;
/// A box is encoded by its distance from its anchor: this part of the anchor's side for the centre.
const CENTRE_SCALE: f32 = 0.1;
/// The same for the logarithm of its size.
const SIZE_SCALE: f32 = 0.2;

pub(crate) struct Detector {
    network: Network,
    anchors: Vec<Anchor>,
}

/// A box of which the network says how far an object differs from it; its sides are parts of the image's.
struct Anchor {
    /// The centre.
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// An object in an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Detection {
    /// The column of the score, which is the id in `coco_taxonomy.tsv`.
    pub class: usize,
    /// From 0 to 1.
    pub score: f32,
    pub place: BoundingBox,
}

impl Detector {
    pub(crate) fn load() -> Result<Self, Error> {
        let outputs: Vec<String> = (0..MAPS)
            .flat_map(|map| {
                ["ClassPredictor", "BoxEncodingPredictor"]
                    .map(|head| format!("BoxPredictor_{map}/{head}/BiasAdd:0"))
            })
            .collect();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let file = include_bytes!("../models/ssdlite.f16.onnx");
        let (network, constants) = Network::load(NAME, file, &outputs)?;
        let side = |name: &str| {
            let name = format!("Postprocessor/Decode/get_center_coordinates_and_sizes/{name}:0");
            constants.get(&name).ok_or_else(|| Error::Load {
                network: NAME,
                reason: format!("no constant {name}"),
            })
        };
        let (widths, heights) = (side("sub")?, side("sub_1")?);
        let (xs, ys) = (side("add_1")?, side("add")?);
        let anchors = xs.iter().zip(ys).zip(widths.iter().zip(heights));
        Ok(Self {
            network,
            anchors: anchors
                .map(|((&x, &y), (&width, &height))| Anchor {
                    x,
                    y,
                    width,
                    height,
                })
                .collect(),
        })
    }

    /// The objects, most confident first, each once.
    pub(crate) fn detect(&self, pixels: &Pixels<'_>) -> Result<Vec<Detection>, Error> {
        let image = pixels.square(pixels.whole(), EDGE, |value| value / 127.5 - 1.0);
        let outputs = self.network.run(image)?;
        let mut found = Vec::new();
        for (anchor, scores, encoded) in self.predictions(&outputs) {
            // Column 0 is the background.
            for (class, score) in scores
                .iter()
                .map(|&score| sigmoid(score))
                .enumerate()
                .skip(1)
            {
                if score < MIN_SCORE {
                    continue;
                }
                if let Some(place) = anchor.decode(*encoded) {
                    found.push(Detection {
                        class,
                        score,
                        place,
                    });
                }
            }
        }
        Ok(suppress(found))
    }

    /// What the network says of each anchor: the logarithms of the odds of each class, and the encoded box.
    fn predictions<'a>(
        &'a self,
        outputs: &'a [Activations],
    ) -> impl Iterator<Item = (&'a Anchor, &'a [f32; CLASSES], &'a [f32; 4])> {
        let (maps, _) = outputs.as_chunks::<2>();
        let scores = maps
            .iter()
            .flat_map(|[scores, _]| scores.values.as_chunks().0);
        let boxes = maps
            .iter()
            .flat_map(|[_, boxes]| boxes.values.as_chunks().0);
        let predictions = self.anchors.iter().zip(scores.zip(boxes));
        predictions.map(|(anchor, (scores, encoded))| (anchor, scores, encoded))
    }
}

impl Anchor {
    fn decode(&self, [y, x, height, width]: [f32; 4]) -> Option<BoundingBox> {
        let x = self.x + x * CENTRE_SCALE * self.width;
        let y = self.y + y * CENTRE_SCALE * self.height;
        let half_width = (width * SIZE_SCALE).exp() * self.width / 2.0;
        let half_height = (height * SIZE_SCALE).exp() * self.height / 2.0;
        BoundingBox::between(
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height,
        )
    }
}

fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

/// Non-maximum suppression: of the boxes of one class that are one object, the most confident stays.
fn suppress(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for next in found {
        if !kept.iter().any(|better| {
            better.class == next.class && better.place.overlap(&next.place) > MAX_OVERLAP
        }) {
            kept.push(next);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::pattern;

    /// Expected values: `models/expected.py`.
    #[test]
    fn predictions_are_those_of_onnx_runtime() {
        let detector = Detector::load().unwrap();
        let outputs = detector.network.run(pattern(EDGE)).unwrap();
        let predictions: Vec<_> = detector.predictions(&outputs).collect();
        assert_eq!(predictions.len(), 1917);
        for (anchor, class, expected_score, [top, left, bottom, right]) in [
            (1916, 28, 0.7546, [0.0079, 0.0092, 0.9806, 0.9894]),
            (1911, 28, 0.7284, [0.0077, 0.0085, 0.9815, 0.9902]),
            (1913, 28, 0.6684, [0.0046, 0.0039, 0.9860, 0.9963]),
            (5, 1, 0.0041, [-0.0475, -0.0260, 0.1376, 0.1256]),
            (900, 16, 0.0039, [0.8117, 0.8064, 0.8402, 0.8507]),
            (1500, 33, 0.0092, [0.5359, 0.6948, 0.7503, 1.1130]),
            (1800, 1, 0.0072, [0.5309, 0.5053, 0.8944, 1.1191]),
            (1910, 1, 0.0109, [0.2630, 0.2680, 0.9959, 0.9974]),
        ] {
            let (prior, scores, encoded) = predictions[anchor];
            let score = sigmoid(scores[class]);
            assert!((score - expected_score).abs() < 0.001, "{anchor}: {score}");
            let place = prior.decode(*encoded).unwrap();
            let expected = BoundingBox::between(left, top, right, bottom).unwrap();
            for (actual, expected) in [
                (place.left, expected.left),
                (place.top, expected.top),
                (place.width, expected.width),
                (place.height, expected.height),
            ] {
                assert!((actual - expected).abs() < 0.001, "{anchor}: {place:?}");
            }
        }
    }

    fn detection(class: usize, score: f32, [left, top, right, bottom]: [f32; 4]) -> Detection {
        Detection {
            class,
            score,
            place: BoundingBox::between(left, top, right, bottom).unwrap(),
        }
    }

    #[test]
    fn one_thing_is_reported_once_and_two_things_twice() {
        let best = detection(1, 0.9, [0.1, 0.1, 0.5, 0.9]);
        let again = detection(1, 0.8, [0.12, 0.1, 0.52, 0.9]);
        let beside = detection(1, 0.7, [0.6, 0.1, 0.9, 0.9]);
        let other_class = detection(3, 0.6, [0.1, 0.1, 0.5, 0.9]);
        assert_eq!(
            suppress(vec![again, other_class, beside, best]),
            [best, beside, other_class]
        );
    }
}
