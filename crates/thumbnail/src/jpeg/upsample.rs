//! Converts rows of components to rows of RGB or CMYK, in whole levels as libjpeg does.

use std::collections::VecDeque;

use super::parser::ColorSpace;
use super::scale::ComponentScale;
use crate::planes::rgb;
use crate::resample::whole_level;

/// Takes the rows of components as they are decoded, and emits rows of converted pixels, one plane for each channel.
pub(super) struct Converter {
    color_space: ColorSpace,
    components: Vec<Upsampler>,
    rows: usize,
    emitted: usize,
    /// One row of each component at full size, which is converted in place.
    row: Vec<Vec<f32>>,
}

impl Converter {
    pub fn new(color_space: ColorSpace, scales: &[ComponentScale]) -> Self {
        let full = full_size(scales);
        let columns = scales[full.0].columns;
        let rows = scales[full.1].rows;
        let unit = (scales[full.0].unit.0, scales[full.1].unit.1);
        let upsampler = |scale: &ComponentScale| Upsampler {
            across: Ratio(unit.0, scale.unit.0),
            down: Ratio(unit.1, scale.unit.1),
            columns: scale.columns,
            last: scale.rows - 1,
            rows: VecDeque::new(),
            first: 0,
            spare: Vec::new(),
            mixed: Vec::new(),
        };
        Self {
            color_space,
            components: scales.iter().map(upsampler).collect(),
            rows,
            emitted: 0,
            row: vec![vec![0.0; columns]; scales.len()],
        }
    }

    /// Takes a row of a component, and calls `emit` with each row of pixels that it completes.
    pub fn row(&mut self, component: usize, row: &[f32], mut emit: impl FnMut(&[Vec<f32>])) {
        self.components[component].push(row);
        while self.emitted < self.rows
            && self
                .components
                .iter()
                .all(|component| component.has(self.emitted))
        {
            for (component, out) in self.components.iter_mut().zip(&mut self.row) {
                component.upsample(self.emitted, out);
            }
            self.convert();
            emit(&self.row);
            self.emitted += 1;
        }
    }

    fn convert(&mut self) {
        match self.color_space {
            ColorSpace::Gray | ColorSpace::Rgb => {}
            ColorSpace::YCbCr | ColorSpace::Ycck => {
                if let [luma, blue, red, ..] = self.row.as_mut_slice() {
                    for ((luma, blue), red) in luma.iter_mut().zip(blue).zip(red) {
                        [*luma, *blue, *red] = rgb(*luma, *blue, *red).map(whole_level);
                    }
                }
            }
            ColorSpace::Cmyk => {
                for channel in self.row.iter_mut().take(3) {
                    invert(channel);
                }
            }
        }
        // The RGB of YCCK is the complement of inverted inks, so the inks; black is inverted in both.
        if let Some(black) = self.row.get_mut(3) {
            invert(black);
        }
    }
}

fn invert(row: &mut [f32]) {
    for sample in row {
        *sample = 255.0 - *sample;
    }
}

/// The components with the most samples across and down, to whose size the others are enlarged.
pub(super) fn full_size(scales: &[ComponentScale]) -> (usize, usize) {
    let largest = |unit: fn(&ComponentScale) -> usize| {
        let components = scales.iter().enumerate().rev();
        components
            .max_by_key(|(_, scale)| unit(scale))
            .map_or(0, |(index, _)| index)
    };
    (largest(|scale| scale.unit.0), largest(|scale| scale.unit.1))
}

/// The ratio of samples at full size to samples of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio(usize, usize);

impl Ratio {
    /// The factor, if it is a whole one.
    fn whole(self) -> Option<usize> {
        self.0.is_multiple_of(self.1).then(|| self.0 / self.1)
    }

    /// The component's sample at the same place.
    fn position(self, full: usize) -> usize {
        full * self.1 / self.0
    }
}

/// The rows of one component that are still needed.
struct Upsampler {
    across: Ratio,
    down: Ratio,
    columns: usize,
    /// Index of the component's last row.
    last: usize,
    rows: VecDeque<Vec<f32>>,
    /// Index of the first row in `rows`.
    first: usize,
    spare: Vec<Vec<f32>>,
    mixed: Vec<f32>,
}

impl Upsampler {
    fn push(&mut self, row: &[f32]) {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(row);
        self.rows.push_back(copy);
    }

    /// The nearest row and, where rows are interpolated, the next to it.
    fn sources(&self, full_row: usize) -> (usize, usize) {
        let nearer = self.down.position(full_row).min(self.last);
        let further = match (self.down.whole(), full_row % 2) {
            (Some(2), 0) => nearer.saturating_sub(1),
            (Some(2), _) => (nearer + 1).min(self.last),
            _ => nearer,
        };
        (nearer, further)
    }

    fn has(&self, full_row: usize) -> bool {
        let (nearer, further) = self.sources(full_row);
        nearer.max(further) < self.first + self.rows.len()
    }

    /// Fills `out` with a row at full size. At half the samples it interpolates 3:1 between the nearer and the further
    /// sample, with libjpeg's rounding; at fewer it repeats samples.
    fn upsample(&mut self, full_row: usize, out: &mut [f32]) {
        let (nearer, further) = self.sources(full_row);
        while self.first < nearer.min(further) {
            self.spare.extend(self.rows.pop_front());
            self.first += 1;
        }
        let (near, far) = (
            &self.rows[nearer - self.first],
            &self.rows[further - self.first],
        );
        match (self.across.whole(), self.down.whole()) {
            (Some(1), Some(2)) => {
                let bias = if full_row.is_multiple_of(2) { 1.0 } else { 2.0 };
                for (out, (near, far)) in out.iter_mut().zip(near.iter().zip(far)) {
                    *out = floor((3.0 * near + far + bias) / 4.0);
                }
            }
            (Some(1), _) => out.copy_from_slice(near),
            (Some(2), Some(down @ (1 | 2))) if self.columns > 2 => {
                self.mixed.clear();
                if down == 2 {
                    let mixed = near.iter().zip(far).map(|(near, far)| 3.0 * near + far);
                    self.mixed.extend(mixed);
                    widen(&self.mixed, out, 16.0, 8.0, 7.0);
                } else {
                    widen(near, out, 4.0, 1.0, 2.0);
                }
            }
            (Some(across), _) => {
                for (out, sample) in out.chunks_mut(across).zip(near) {
                    out.fill(*sample);
                }
            }
            (None, _) => {
                for (x, out) in out.iter_mut().enumerate() {
                    *out = near[self.across.position(x).min(near.len() - 1)];
                }
            }
        }
    }
}

/// Rounds down a level that is a multiple of 1/16.
#[inline(always)]
fn floor(level: f32) -> f32 {
    whole_level(level - 0.47)
}

/// Each sample becomes two, each interpolated with the neighbor on its side.
fn widen(samples: &[f32], out: &mut [f32], scale: f32, left_bias: f32, right_bias: f32) {
    let pair = |left: f32, own: f32, right: f32| {
        [
            floor((3.0 * own + left + left_bias) / scale),
            floor((3.0 * own + right + right_bias) / scale),
        ]
    };
    let ([first, second, ..], [.., last_but_one, last]) = (samples, samples) else {
        // The caller widens three samples or more, as libjpeg does.
        return;
    };
    let end = pair(*last_but_one, *last, *last);
    let (pairs, odd) = out.as_chunks_mut::<2>();
    for (out, near) in pairs.iter_mut().skip(1).zip(samples.array_windows()) {
        let [left, own, right] = near;
        *out = pair(*left, *own, *right);
    }
    if let Some(out) = pairs.get_mut(samples.len() - 1) {
        *out = end;
    }
    if let Some(out) = pairs.first_mut() {
        *out = pair(*first, *first, *second);
    }
    if let Some(out) = odd.first_mut() {
        *out = end[0];
    }
}
