//! Finds objects in an image: `SSDLite` over the 80 classes of COCO.

use rten::Model;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::bounding_box::BoundingBox;
use crate::pixels::Pixels;
use crate::{Error, ThreadPools, network};

/// The edge of the input, in pixels; the image is stretched to it.
const EDGE: usize = 300;
/// Scores below this are noise more often than not.
const MIN_SCORE: f32 = 0.45;
/// Two boxes of one class that overlap more (intersection over union) are one object.
const MAX_OVERLAP: f32 = 0.5;
const NAME: &str = "detector";

pub(crate) struct Detector {
    model: Model,
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
        Ok(Self {
            model: network(NAME, include_bytes!("../models/ssdlite.f16.onnx"))?,
        })
    }

    /// The objects, most confident first, each once.
    pub(crate) fn detect(
        &self,
        pixels: &Pixels<'_>,
        threads: &ThreadPools,
    ) -> Result<Vec<Detection>, Error> {
        let planes = pixels.square(pixels.whole(), EDGE, |value| value / 127.5 - 1.0);
        let input = NdTensor::from_data([1, 3, EDGE, EDGE], planes);
        let (Some(&input_id), &[scores_id, boxes_id]) =
            (self.model.input_ids().first(), self.model.output_ids())
        else {
            return Err(Error::Shape { network: NAME });
        };
        let [scores, boxes] = self
            .model
            .run_n(
                vec![(input_id, input.into())],
                [scores_id, boxes_id],
                Some(threads.options()),
            )
            .map_err(|source| Error::Run {
                network: NAME,
                source,
            })?;
        let scores: NdTensor<f32, 3> = scores
            .try_into()
            .map_err(|_| Error::Shape { network: NAME })?;
        let boxes: NdTensor<f32, 4> = boxes
            .try_into()
            .map_err(|_| Error::Shape { network: NAME })?;
        let [_, anchors, classes] = scores.shape();
        if boxes.shape() != [1, anchors, 1, 4] {
            return Err(Error::Shape { network: NAME });
        }
        let mut found = Vec::new();
        for anchor in 0..anchors {
            // Column 0 is the background.
            for class in 1..classes {
                let score = scores[[0, anchor, class]];
                if score < MIN_SCORE {
                    continue;
                }
                let [top, left, bottom, right] = [0, 1, 2, 3].map(|at| boxes[[0, anchor, 0, at]]);
                if let Some(place) = BoundingBox::between(left, top, right, bottom) {
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
