//! Inverse transforms of a block to fewer samples than it has coefficients.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use super::idct;
use crate::resample::whole_level;

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

/// T.81, figure A.6: the place in rows of 8 for each place in zigzag order.
pub(crate) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The last coefficient in zigzag order that this many samples a side depend on. For 2 samples, the later ones amount to
/// less than a level; for 4, all of the lowest 4 by 4 frequencies count.
pub(crate) fn last_coefficient(across: usize, down: usize) -> usize {
    match across.max(down) {
        1 => 0,
        2 => 9,
        4 => 24,
        _ => 63,
    }
}

/// One axis of a block reduced to 1, 2 or 4 samples, or left at 8: what each frequency adds to each sample.
#[derive(Clone, Copy)]
pub(crate) struct Basis {
    samples: usize,
    /// For the 4 lowest frequencies, by frequency, then sample.
    weights: [[f32; 4]; 4],
    /// For all frequencies that count.
    all: [[f32; 8]; 8],
}

impl Basis {
    /// 1 and 2 samples are means of pixels; 4 are the 4-point inverse transform, which drops high frequencies and blurs
    /// nothing.
    pub fn new(samples: usize) -> Self {
        let mut all = [[0.0; 8]; 8];
        for (frequency, weights) in
            all.iter_mut()
                .enumerate()
                .take(if samples == 8 { 8 } else { 4 })
        {
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
                    * if samples >= 4 {
                        angle(sample as f32, samples as f32)
                    } else {
                        let each = 8 / samples;
                        (0..each)
                            .map(|x| angle((sample * each + x) as f32, 8.0))
                            .sum::<f32>()
                            / each as f32
                    };
            }
        }
        let weights =
            std::array::from_fn(|frequency| std::array::from_fn(|sample| all[frequency][sample]));
        Self {
            samples,
            weights,
            all,
        }
    }
}

/// Level of a sample whose coefficients are all 0.
const MIDDLE: f32 = 128.0;

/// Rounds samples to whole levels, as every decoder does, so that flat areas have the same level.
pub(crate) fn to_levels(row: &mut [f32]) {
    for sample in row {
        *sample = whole_level(*sample);
    }
}

/// The only sample of a block: its mean, from its DC coefficient, which is 8 times as large.
#[inline(always)]
pub(crate) fn mean(eighths: f32) -> f32 {
    eighths / 8.0 + MIDDLE
}

/// Samples of one block, from all of its coefficients, in rows of 8.
pub(crate) fn reduce_fine(
    block: &[i32; 64],
    across: &Basis,
    down: &Basis,
    out: &mut [f32],
    at: usize,
    stride: usize,
) {
    if (across.samples, down.samples) == (8, 8) {
        for (y, row) in idct::inverse(block).iter().enumerate() {
            out[at + y * stride..][..8].copy_from_slice(row);
        }
        return;
    }
    let (block, _) = block.as_chunks::<8>();
    let mut rows = [[0.0_f32; 8]; 8];
    for (row, block) in rows.iter_mut().zip(block) {
        for (coefficient, weights) in block.iter().zip(&across.all) {
            for (sum, weight) in row.iter_mut().zip(weights) {
                *sum += *coefficient as f32 * weight;
            }
        }
    }
    for y in 0..down.samples {
        let mut samples = [MIDDLE; 8];
        for (row, weights) in rows.iter().zip(&down.all) {
            for (sample, value) in samples.iter_mut().zip(row) {
                *sample += value * weights[y];
            }
        }
        out[at + y * stride..][..across.samples].copy_from_slice(&samples[..across.samples]);
    }
}

/// Samples of one block, around 0 to 255, written to `out` at `at` and below it every `stride`.
#[inline(always)]
pub(crate) fn reduce(
    lowest: &[f32; 17],
    across: &Basis,
    down: &Basis,
    out: &mut [f32],
    at: usize,
    stride: usize,
) {
    match across.samples {
        1 => reduce_to::<1>(lowest, across, down, out, at, stride),
        2 if down.samples == 2 => quarters(lowest, across, out, at, stride),
        2 => reduce_to::<2>(lowest, across, down, out, at, stride),
        _ => reduce_to::<4>(lowest, across, down, out, at, stride),
    }
}

fn reduce_to<const ACROSS: usize>(
    lowest: &[f32; 17],
    across: &Basis,
    down: &Basis,
    out: &mut [f32],
    at: usize,
    stride: usize,
) {
    let (lowest, _) = lowest.as_chunks::<4>();
    let mut rows = [[0.0_f32; ACROSS]; 4];
    for (row, lowest) in rows.iter_mut().zip(lowest) {
        for (coefficient, weights) in lowest.iter().zip(&across.weights) {
            for (sum, weight) in row.iter_mut().zip(weights) {
                *sum += coefficient * weight;
            }
        }
    }
    for y in 0..down.samples {
        let mut samples = [MIDDLE; ACROSS];
        for (row, weights) in rows.iter().zip(&down.weights) {
            for (sample, value) in samples.iter_mut().zip(row) {
                *sample += value * weights[y];
            }
        }
        out[at + y * stride..][..ACROSS].copy_from_slice(&samples);
    }
}

/// 2 by 2 samples, from the coefficients up to the 9th: odd frequencies have opposite signs in the two halves, and the
/// second frequency has a mean of 0 in both.
#[inline(always)]
fn quarters(lowest: &[f32; 17], basis: &Basis, out: &mut [f32], at: usize, stride: usize) {
    let [[even, ..], [first, ..], _, [third, ..]] = basis.weights;
    let mean = lowest[0] * (even * even) + MIDDLE;
    let across = lowest[1] * (first * even) + lowest[3] * (third * even);
    let down = lowest[4] * (first * even) + lowest[12] * (third * even);
    let both = lowest[5] * (first * first);
    out[at..][..2].copy_from_slice(&[mean + across + down + both, mean - across + down - both]);
    out[at + stride..][..2]
        .copy_from_slice(&[mean + across - down - both, mean - across - down + both]);
}
