//! Lanczos3 in two passes, downwards as rows come, then across each row that is done.

use std::collections::VecDeque;

use super::Kernel;

/// Rows in, fewer and shorter rows out. A row is its planes, one after the other.
pub(crate) struct Lanczos {
    planes: usize,
    across: Kernel,
    down: Kernel,
    /// Rows taken so far.
    taken: usize,
    /// Rows given so far.
    given: usize,
    /// Rows begun and not done, the next to be given first.
    begun: VecDeque<Vec<f32>>,
    spare: Vec<Vec<f32>>,
    done: Vec<f32>,
}

impl Lanczos {
    pub fn new(planes: usize, across: Kernel, down: Kernel) -> Self {
        let done = vec![0.0; planes * across.starts.len()];
        Self {
            planes,
            across,
            down,
            taken: 0,
            given: 0,
            begun: VecDeque::new(),
            spare: Vec::new(),
            done,
        }
    }

    /// Takes a row and calls `give` with each small row that is done with it.
    pub fn row(&mut self, row: &[f32], mut give: impl FnMut(&[f32])) {
        let rows = self.down.starts.len();
        let mut index = self.given;
        while index < rows && self.down.starts[index] <= self.taken {
            if self.begun.len() == index - self.given {
                let mut fresh = self.spare.pop().unwrap_or_default();
                fresh.clear();
                fresh.resize(row.len(), 0.0);
                self.begun.push_back(fresh);
            }
            if let Some(weight) = self
                .down
                .of(index)
                .get(self.taken - self.down.starts[index])
            {
                for (sum, sample) in self.begun[index - self.given].iter_mut().zip(row) {
                    *sum += weight * sample;
                }
            }
            index += 1;
        }
        self.taken += 1;
        while self.given < rows && self.down.starts[self.given] + self.down.taps <= self.taken {
            let Some(tall) = self.begun.pop_front() else {
                break;
            };
            narrow(&self.across, self.planes, &tall, &mut self.done);
            give(&self.done);
            self.spare.push(tall);
            self.given += 1;
        }
    }
}

fn narrow(kernel: &Kernel, planes: usize, wide: &[f32], narrow: &mut [f32]) {
    let pixels = kernel.starts.len();
    for plane in 0..planes {
        let wide = &wide[plane * kernel.samples..][..kernel.samples];
        let narrow = &mut narrow[plane * pixels..][..pixels];
        for (pixel, (out, start)) in narrow.iter_mut().zip(&kernel.starts).enumerate() {
            *out = dot(kernel.of(pixel), &wide[*start..][..kernel.taps]);
        }
    }
}

/// Four sums at a time, so that it is done in vector registers.
fn dot(weights: &[f32], samples: &[f32]) -> f32 {
    let (weights, weights_left) = weights.as_chunks::<4>();
    let (samples, samples_left) = samples.as_chunks::<4>();
    let mut sums = [0.0_f32; 4];
    for (weights, samples) in weights.iter().zip(samples) {
        for lane in 0..4 {
            sums[lane] += weights[lane] * samples[lane];
        }
    }
    let left: f32 = weights_left
        .iter()
        .zip(samples_left)
        .map(|(weight, sample)| weight * sample)
        .sum();
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + left
}
