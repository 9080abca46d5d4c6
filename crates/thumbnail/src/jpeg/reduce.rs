//! A block's lowest coefficients to the few samples that are wanted of it.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// Place in the 4 by 4 lowest frequencies for the first 25 coefficients in zigzag order (T.81, figure A.6), row by row;
/// 16 for the others.
pub(crate) const LOWEST: [u8; 64] = {
    let mut places = [16; 64];
    let zigzag = [
        0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 16, 13, 10, 7, 16, 16, 16, 11, 14, 16, 16, 16, 16, 16, 15,
    ];
    let mut at = 0;
    while at < zigzag.len() {
        places[at] = zigzag[at];
        at += 1;
    }
    places
};

/// The last coefficient that samples of so many a side are made of. Of the means of half a block, those
/// behind it make less than a grey level; of a quarter, all within the lowest 4 by 4 frequencies count.
pub(crate) fn last_coefficient(across: usize, down: usize) -> usize {
    match across.max(down) {
        1 => 0,
        2 => 9,
        _ => 24,
    }
}

/// One axis of a block reduced to 1, 2 or 4 samples: what each of the 4 lowest frequencies adds to each sample.
#[derive(Clone, Copy)]
pub(crate) struct Basis {
    samples: usize,
    /// By frequency, then sample.
    weights: [[f32; 4]; 4],
}

impl Basis {
    /// 1 and 2 samples are means of the pixels they stand for; 4 are the 4-point inverse transform, which cuts
    /// frequencies off and blurs nothing.
    pub fn new(samples: usize) -> Self {
        let mut weights = [[0.0; 4]; 4];
        for (frequency, weights) in weights.iter_mut().enumerate() {
            let scale = if frequency == 0 {
                FRAC_1_SQRT_2 / 2.0
            } else {
                0.5
            };
            for (sample, weight) in weights.iter_mut().enumerate().take(samples) {
                let angle = |x: f32, points: f32| {
                    ((2.0 * x + 1.0) * frequency as f32 * PI / (2.0 * points)).cos()
                };
                *weight = scale
                    * if samples == 4 {
                        angle(sample as f32, 4.0)
                    } else {
                        let each = 8 / samples;
                        (0..each)
                            .map(|x| angle((sample * each + x) as f32, 8.0))
                            .sum::<f32>()
                            / each as f32
                    };
            }
        }
        Self { samples, weights }
    }
}

/// Samples of one block, 0 to 255, written to `out` at `at` and below it every `stride`.
#[inline(always)]
pub(crate) fn reduce(
    lowest: &[f32; 17],
    across: &Basis,
    down: &Basis,
    out: &mut [f32],
    at: usize,
    stride: usize,
) {
    let (lowest, _) = lowest.as_chunks::<4>();
    let mut rows = [[0.0_f32; 4]; 4];
    for (row, lowest) in rows.iter_mut().zip(lowest) {
        for (coefficient, weights) in lowest.iter().zip(&across.weights) {
            for (sum, weight) in row.iter_mut().zip(weights) {
                *sum += coefficient * weight;
            }
        }
    }
    for y in 0..down.samples {
        let mut samples = [128.0_f32; 4];
        for (row, weights) in rows.iter().zip(&down.weights) {
            for (sample, value) in samples.iter_mut().zip(row) {
                *sample += value * weights[y];
            }
        }
        let out = &mut out[at + y * stride..][..across.samples];
        out.copy_from_slice(&samples[..across.samples]);
    }
}
