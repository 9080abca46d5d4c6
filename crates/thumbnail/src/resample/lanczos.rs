//! Lanczos3 in two passes: across each row as it arrives, then down.

use std::collections::VecDeque;

use super::Kernel;
use super::kernel::LANES;

/// Takes rows and emits fewer and shorter rows. A row is its planes, one after the other.
pub(crate) struct Lanczos {
    planes: usize,
    across: Kernel,
    down: Kernel,
    between: Between,
    /// Rows taken so far.
    taken: usize,
    /// Rows emitted so far.
    emitted: usize,
    /// Output rows that are not complete, the next first.
    begun: VecDeque<Vec<f32>>,
    spare: Vec<Vec<f32>>,
    short: Vec<f32>,
}

/// The precision of samples between the two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// As computed.
    Exact,
    /// Whole levels from 0 to 255, as in programs that scale bytes: flat areas keep their level, and overshoots are
    /// clipped before the second pass.
    Bytes,
}

impl Lanczos {
    pub fn new(planes: usize, across: Kernel, down: Kernel, between: Between) -> Self {
        let short = vec![0.0; planes * across.starts.len()];
        Self {
            planes,
            across,
            down,
            between,
            taken: 0,
            emitted: 0,
            begun: VecDeque::new(),
            spare: Vec::new(),
            short,
        }
    }

    /// Takes a row and calls `emit` with each output row that it completes.
    pub fn row(&mut self, row: &[f32], mut emit: impl FnMut(&[f32])) {
        narrow(&self.across, self.planes, row, &mut self.short);
        if self.between == Between::Bytes {
            for sample in &mut self.short {
                *sample = whole_level(*sample);
            }
        }
        let rows = self.down.starts.len();
        let mut index = self.emitted;
        while index < rows && self.down.starts[index] <= self.taken {
            if self.begun.len() == index - self.emitted {
                let mut fresh = self.spare.pop().unwrap_or_default();
                fresh.clear();
                fresh.resize(self.short.len(), 0.0);
                self.begun.push_back(fresh);
            }
            if let Some(weight) = self
                .down
                .of(index)
                .get(self.taken - self.down.starts[index])
            {
                for (sum, sample) in self.begun[index - self.emitted].iter_mut().zip(&self.short) {
                    *sum += weight * sample;
                }
            }
            index += 1;
        }
        self.taken += 1;
        while self.emitted < rows && self.down.starts[self.emitted] + self.down.taps <= self.taken {
            let Some(done) = self.begun.pop_front() else {
                break;
            };
            emit(&done);
            self.spare.push(done);
            self.emitted += 1;
        }
    }
}

/// Rounds to the nearest whole number from 0 to 255, halves up.
#[inline(always)]
pub(crate) fn whole_level(level: f32) -> f32 {
    // A number this large has no bits left for a fraction; the addition before rounds halves up.
    const LARGE: f32 = 12_582_912.0;
    ((level.clamp(0.0, 255.0) + 1.0 / 4096.0) + LARGE) - LARGE
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

/// With four sums, so that it is vectorized.
fn dot(weights: &[f32], samples: &[f32]) -> f32 {
    let (weights, weights_left) = weights.as_chunks::<LANES>();
    let (samples, samples_left) = samples.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (weights, samples) in weights.iter().zip(samples) {
        for lane in 0..LANES {
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
