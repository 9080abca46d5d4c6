//! Resampling of rows at full size to the size wanted.
//!
//! Boxes of pixels are averaged first, down to [`GAP`] times the size wanted or more; Lanczos3 does the rest. Rows are
//! processed as they are decoded, so that the image is never in memory at full size. Color is weighted by alpha, so that
//! transparent pixels do not color visible ones.

mod boxes;
mod kernel;
mod lanczos;
mod plane;

pub(crate) use boxes::Boxes;
pub(crate) use kernel::{Axis, Kernel};
pub(crate) use lanczos::{Between, Lanczos, whole_level};
pub(crate) use plane::PlaneResample;

use crate::pixels::{ColorModel, Pixels};

/// The minimum ratio of the averaged image to the size wanted. A smaller one is faster and blurs.
const GAP: f64 = 2.0;

/// Scales a width and height to fit a square box: never enlarged, never 0.
pub(crate) fn fit(width: usize, height: usize, side: usize) -> (usize, usize) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let scaled = |length: usize| ((length * side + longer / 2) / longer).max(1);
    (scaled(width), scaled(height))
}

/// Resamples one image to one size.
pub(crate) struct Resample {
    model: ColorModel,
    boxes: Boxes,
    lanczos: Lanczos,
    small: Vec<u8>,
    width: usize,
    height: usize,
}

impl Resample {
    /// From `size` to `small`, which is no larger.
    pub fn new(model: ColorModel, size: (usize, usize), small: (usize, usize)) -> Self {
        Self::with(model, size, 1, small)
    }

    /// Resamples an image that is in memory.
    pub fn whole(pixels: &Pixels, small: (usize, usize)) -> Pixels {
        Self::of_means(pixels, 1, small)
    }

    /// Resamples an image whose pixels are means of `mean_of` by `mean_of` pixels.
    pub fn of_means(pixels: &Pixels, mean_of: usize, small: (usize, usize)) -> Pixels {
        let mut resample = Self::with(pixels.model, (pixels.width, pixels.height), mean_of, small);
        for row in pixels
            .data
            .chunks_exact(pixels.width * pixels.model.channels())
        {
            resample.row(row);
        }
        resample.finish()
    }

    fn with(
        model: ColorModel,
        (width, height): (usize, usize),
        mean_of: usize,
        small: (usize, usize),
    ) -> Self {
        let factors = (factor(width, small.0), factor(height, small.1));
        let axis = |pixels: usize, factor| {
            Axis {
                samples: pixels,
                length: pixels as f64,
                mean_of,
            }
            .averaged(factor)
        };
        let across = Kernel::across(axis(width, factors.0), small.0);
        let down = Kernel::down(axis(height, factors.1), small.1);
        Self {
            model,
            boxes: Boxes::new(model, (width, height), factors),
            // Rounding would lose too much precision of colors weighted by a small alpha.
            lanczos: Lanczos::new(
                model.channels(),
                across,
                down,
                if model.has_alpha() {
                    Between::Exact
                } else {
                    Between::Bytes
                },
            ),
            small: Vec::with_capacity(small.0 * small.1 * model.channels()),
            width: small.0,
            height: small.1,
        }
    }

    /// Takes the next row.
    pub fn row(&mut self, row: &[u8]) {
        if let Some(averaged) = self.boxes.row(row) {
            let (model, width, small) = (self.model, self.width, &mut self.small);
            self.lanczos
                .row(averaged, |done| store(model, width, done, small));
        }
    }

    /// To be called after the last row.
    pub fn finish(self) -> Pixels {
        debug_assert_eq!(
            self.small.len(),
            self.width * self.height * self.model.channels()
        );
        Pixels {
            width: self.width,
            height: self.height,
            model: self.model,
            data: self.small,
        }
    }
}

/// The side of the boxes that are averaged before Lanczos3, in pixels.
fn factor(from: usize, to: usize) -> usize {
    ((from as f64 / to as f64 / GAP) as usize).clamp(1, boxes::MAX_FACTOR)
}

/// Interleaves a row of planes and divides its colors by alpha.
fn store(model: ColorModel, width: usize, planes: &[f32], out: &mut Vec<u8>) {
    let channels = model.channels();
    let colors = if model.has_alpha() {
        channels - 1
    } else {
        channels
    };
    for x in 0..width {
        let weight = if model.has_alpha() {
            255.0 / planes[colors * width + x].max(1.0 / 64.0)
        } else {
            1.0
        };
        for channel in 0..colors {
            out.push(byte(planes[channel * width + x] * weight));
        }
        if model.has_alpha() {
            out.push(byte(planes[colors * width + x]));
        }
    }
}

/// Rounds to the nearest byte.
#[inline]
pub(crate) fn byte(value: f32) -> u8 {
    // The cast saturates: below 0 is 0, above 255 is 255.
    (value + 0.5) as u8
}
