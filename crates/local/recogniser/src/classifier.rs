//! Classifies an image as a whole: `EfficientNet-Lite0` over the 1,000 classes of `ImageNet`.

use rten::Model;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::pixels::{Pixels, Window};
use crate::{Error, ThreadPools, network};

/// The edge of the input, in pixels.
const EDGE: usize = 224;
/// The share of the shorter side that the network was trained on: the middle 224 of 256 pixels.
const MIDDLE: f32 = 224.0 / 256.0;
/// How much longer than wide the window of the second run may be; more would distort objects.
const WIDER: f32 = 1.25;
/// A class of this probability needs no second run.
const CERTAIN: f32 = 0.9;
const NAME: &str = "classifier";

pub(crate) struct Classifier {
    model: Model,
}

impl Classifier {
    pub(crate) fn load() -> Result<Self, Error> {
        Ok(Self {
            model: network(
                NAME,
                include_bytes!("../models/efficientnet-lite0.f16.onnx"),
            )?,
        })
    }

    /// The probability of each class, in the order of `imagenet_taxonomy.tsv`; they add up to 1.
    ///
    /// If the middle of the image leaves a doubt, the mean of two runs, of the middle and of more of the image: what only
    /// one of them shows, such as a planetarium made of the middle of an office block, is halved.
    pub(crate) fn classify(
        &self,
        pixels: &Pixels<'_>,
        threads: &ThreadPools,
    ) -> Result<Vec<f32>, Error> {
        let middle = self.run(pixels, pixels.middle(MIDDLE, 1.0), threads)?;
        if middle.iter().any(|&probability| probability >= CERTAIN) {
            return Ok(middle);
        }
        let wider = self.run(pixels, pixels.middle(1.0, WIDER), threads)?;
        Ok(middle
            .iter()
            .zip(wider)
            .map(|(one, other)| f32::midpoint(*one, other))
            .collect())
    }

    fn run(
        &self,
        pixels: &Pixels<'_>,
        window: Window,
        threads: &ThreadPools,
    ) -> Result<Vec<f32>, Error> {
        let planes = pixels.square(window, EDGE, |value| (value - 127.0) / 128.0);
        let input = NdTensor::from_data([1, 3, EDGE, EDGE], planes);
        let output = self
            .model
            .run_one(input.into(), Some(threads.options()))
            .map_err(|source| Error::Run {
                network: NAME,
                source,
            })?;
        let logits: NdTensor<f32, 2> = output
            .try_into()
            .map_err(|_| Error::Shape { network: NAME })?;
        Ok(softmax(&logits.to_vec()))
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::softmax;

    #[test]
    fn softmax_is_a_distribution_even_of_huge_logits() {
        let shares = softmax(&[1000.0, 1000.0, 900.0]);
        assert!(
            (shares[0] - 0.5).abs() < 1e-6 && (shares[1] - 0.5).abs() < 1e-6 && shares[2] < 1e-6
        );
    }
}
