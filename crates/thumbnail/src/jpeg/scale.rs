//! How many samples of each block are needed for the sizes wanted.

use super::frame::{Component, Frame};
use super::scaled_idct::{Basis, last_coefficient};
use crate::resample::Axis;

/// The minimum ratio of samples to output pixels for Lanczos3 where samples are means of pixels, whose blur the
/// resampling compensates.
const MIN_RATIO_OF_MEANS: f64 = 1.25;
/// The same for 4 samples a block, which lack the block's high frequencies.
const MIN_RATIO_OF_FOUR: f64 = 1.7;

/// How the blocks of one component are scaled down.
pub(super) struct ComponentScale {
    /// Samples of a block: 1, 2, 4 or 8 a side.
    pub across: usize,
    pub down: usize,
    /// The last coefficient that they depend on, in zigzag order.
    pub last: usize,
    pub basis_across: Basis,
    pub basis_down: Basis,
    /// Samples of the whole component.
    pub columns: usize,
    pub rows: usize,
    pub axis_across: Axis,
    pub axis_down: Axis,
    /// Samples for the pixels of one minimum coded unit, to compare components by.
    pub unit: (usize, usize),
}

/// The scale of each component for images of at most `largest`. With `half_chroma`, components are scaled independently,
/// and chroma to half of `largest`; otherwise the samples of one component are a whole multiple of those of another,
/// wherever sampling factors allow it.
pub(super) fn component_scales(
    frame: &Frame,
    largest: (usize, usize),
    half_chroma: bool,
) -> Vec<ComponentScale> {
    let binary = |component: &Component| {
        (frame.h_max / component.h).is_power_of_two()
            && frame.h_max.is_multiple_of(component.h)
            && (frame.v_max / component.v).is_power_of_two()
            && frame.v_max.is_multiple_of(component.v)
    };
    let (across, down) = if half_chroma || frame.components.iter().all(binary) {
        (
            samples(frame.width, largest.0),
            samples(frame.height, largest.1),
        )
    } else {
        (8, 8)
    };
    let scale = |(index, component): (usize, &Component)| {
        // A component stored at half the size needs twice the samples of a block; one wanted at half the size needs
        // half of them.
        let less = if half_chroma && index > 0 { 2 } else { 1 };
        let side = |samples: usize, max: usize, own: usize| {
            let enough = (samples * max).div_ceil(own * less);
            enough.next_power_of_two().min(8)
        };
        let across = side(across, frame.h_max, component.h);
        let down = side(down, frame.v_max, component.v);
        let axis_across = axis(frame.width * component.h, frame.h_max, across);
        let axis_down = axis(frame.height * component.v, frame.v_max, down);
        ComponentScale {
            across,
            down,
            last: last_coefficient(across, down),
            basis_across: Basis::new(across),
            basis_down: Basis::new(down),
            columns: axis_across.samples,
            rows: axis_down.samples,
            axis_across,
            axis_down,
            unit: (component.h * across, component.v * down),
        }
    };
    frame.components.iter().enumerate().map(scale).collect()
}

/// Samples a side of a block at the full resolution of the frame that scale `pixels` to `wanted`.
fn samples(pixels: usize, wanted: usize) -> usize {
    [
        (1, MIN_RATIO_OF_MEANS),
        (2, MIN_RATIO_OF_MEANS),
        (4, MIN_RATIO_OF_FOUR),
    ]
    .into_iter()
    .find(|(samples, ratio)| (pixels * samples) as f64 >= 8.0 * ratio * wanted as f64)
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
