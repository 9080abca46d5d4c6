//! How much of each block is needed for the sizes wanted.

use super::frame::{Component, Frame};
use super::scaled_idct::{Basis, last_coefficient};
use crate::resample::Axis;

/// How many times larger than wanted samples must still be when they go into Lanczos, where they are means, whose blur
/// is put back.
const ENOUGH_MEANS: f64 = 1.25;
/// The same for 4 samples a block, which frequencies were cut from.
const ENOUGH_CUT: f64 = 1.7;

/// What becomes of the blocks of one component.
pub(super) struct Reduction {
    /// Samples of a block: 1, 2, 4 or 8 a side.
    pub across: usize,
    pub down: usize,
    /// The last coefficient that they need.
    pub last: usize,
    pub basis_across: Basis,
    pub basis_down: Basis,
    /// Samples of the whole component.
    pub columns: usize,
    pub rows: usize,
    pub axis_across: Axis,
    pub axis_down: Axis,
}

/// How to reduce each component, for small images of at most `largest`, color at half of it where `halve` says so.
pub(super) fn plan(frame: &Frame, largest: (usize, usize), halve: bool) -> Vec<Reduction> {
    let across = samples(frame.width, largest.0);
    let down = samples(frame.height, largest.1);
    let reduction = |(index, component): (usize, &Component)| {
        // Color that is stored at half the size needs twice the samples of a block, color that is wanted at
        // half the size half of them.
        let color = if halve && index > 0 { 2 } else { 1 };
        let across = (across * frame.h_max / component.h / color).clamp(1, 8);
        let down = (down * frame.v_max / component.v / color).clamp(1, 8);
        let axis_across = axis(frame.width * component.h, frame.h_max, across);
        let axis_down = axis(frame.height * component.v, frame.v_max, down);
        Reduction {
            across,
            down,
            last: last_coefficient(across, down),
            basis_across: Basis::new(across),
            basis_down: Basis::new(down),
            columns: axis_across.samples,
            rows: axis_down.samples,
            axis_across,
            axis_down,
        }
    };
    frame.components.iter().enumerate().map(reduction).collect()
}

/// Samples of a block of luma that `pixels` need to become `wanted`.
fn samples(pixels: usize, wanted: usize) -> usize {
    [(1, ENOUGH_MEANS), (2, ENOUGH_MEANS), (4, ENOUGH_CUT)]
        .into_iter()
        .find(|(samples, enough)| (pixels * samples) as f64 >= 8.0 * enough * wanted as f64)
        .map_or(8, |(samples, _)| samples)
}

fn axis(pixels: usize, sampling: usize, samples: usize) -> Axis {
    let length = (pixels * samples) as f64 / (8 * sampling) as f64;
    Axis {
        samples: length.ceil() as usize,
        length,
        mean_of: if samples >= 4 { 1 } else { 8 / samples },
    }
}
