//! Classifies an image as a whole: `EfficientNet-Lite0` over the 1,000 classes of `ImageNet`.

use crate::Error;
use crate::network::Network;
use crate::pixels::{Pixels, Window};

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
    network: Network,
}

impl Classifier {
    pub(crate) fn load() -> Result<Self, Error> {
        let file = include_bytes!("../models/efficientnet-lite0.f16.onnx");
        let (network, _) = Network::load(NAME, file, &["logits"])?;
        Ok(Self { network })
    }

    /// The probability of each class, in the order of `imagenet_taxonomy.tsv`; they add up to 1.
    ///
    /// If the middle of the image leaves a doubt, the mean of two runs, of the middle and of more of the image: what only
    /// one of them shows, such as a planetarium made of the middle of an office block, is halved.
    pub(crate) fn classify(&self, pixels: &Pixels<'_>) -> Result<Vec<f32>, Error> {
        let middle = self.run(pixels, pixels.middle(MIDDLE, 1.0))?;
        if middle.iter().any(|&probability| probability >= CERTAIN) {
            return Ok(middle);
        }
        let wider = self.run(pixels, pixels.middle(1.0, WIDER))?;
        Ok(middle
            .iter()
            .zip(wider)
            .map(|(one, other)| f32::midpoint(*one, other))
            .collect())
    }

    fn run(&self, pixels: &Pixels<'_>, window: Window) -> Result<Vec<f32>, Error> {
        let image = pixels.square(window, EDGE, |value| (value - 127.0) / 128.0);
        let outputs = self.network.run(image)?;
        let logits = outputs.first().ok_or(Error::Run { network: NAME })?;
        Ok(softmax(&logits.values))
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
    use super::*;
    use crate::network::pattern;

    /// Expected values: `models/expected.py`.
    #[test]
    fn logits_are_those_of_onnx_runtime() {
        let classifier = Classifier::load().unwrap();
        let outputs = classifier.network.run(pattern(EDGE)).unwrap();
        let logits = &outputs[0].values;
        assert_eq!(logits.len(), 1000);
        for (class, expected) in [
            (0, 0.8744),
            (111, -0.5905),
            (222, -1.9744),
            (333, -0.2069),
            (444, -2.5926),
            (555, -0.8763),
            (666, 2.4054),
            (777, -0.3844),
            (888, -0.6964),
            (999, 1.3209),
            (828, 7.7327),
        ] {
            let logit = logits[class];
            assert!((logit - expected).abs() < 0.005, "{class}: {logit}");
        }
    }

    #[test]
    fn softmax_is_a_distribution_even_of_huge_logits() {
        let shares = softmax(&[1000.0, 1000.0, 900.0]);
        assert!(
            (shares[0] - 0.5).abs() < 1e-6 && (shares[1] - 0.5).abs() < 1e-6 && shares[2] < 1e-6
        );
    }
}
