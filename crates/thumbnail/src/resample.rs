//! Rows in at full size, rows out at the size wanted.
//!
//! Whole boxes of pixels are averaged first, while the image is still more than [`GAP`] times too large; the rest
//! is Lanczos3. Rows are used as they come, so that an image need never be in memory whole. Color is weighted with
//! alpha, so that what cannot be seen does not color what can.

mod boxes;
mod kernel;
mod lanczos;
mod plane;

pub(crate) use boxes::Boxes;
pub(crate) use kernel::{Axis, Kernel};
pub(crate) use lanczos::{Between, Lanczos, whole_level};
pub(crate) use plane::PlaneResample;

use crate::pixels::{ColorModel, Pixels};

/// How many times larger than wanted the averaged image still is. Less is faster and blurs.
const GAP: f64 = 2.0;

/// Width and height of an image that fits a square box: never enlarged, never 0.
pub(crate) fn fit(width: usize, height: usize, side: usize) -> (usize, usize) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let scaled = |length: usize| ((length * side + longer / 2) / longer).max(1);
    (scaled(width), scaled(height))
}

/// One image on its way to one size.
pub(crate) struct Resample {
    model: ColorModel,
    boxes: Boxes,
    lanczos: Lanczos,
    small: Vec<u8>,
    width: usize,
    height: usize,
}

impl Resample {
    /// From `width` by `height` to `small.0` by `small.1`, which are no larger.
    pub fn new(model: ColorModel, size: (usize, usize), small: (usize, usize)) -> Self {
        Self::with(model, size, 1, small)
    }

    /// An image that is here whole.
    pub fn whole(pixels: &Pixels, small: (usize, usize)) -> Pixels {
        Self::of_means(pixels, 1, small)
    }

    /// An image whose pixels are means of `mean_of` by as many already.
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
            // What is weighted with a small alpha would lose too much.
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

    /// The small image, once every row has been taken.
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

/// How many pixels are averaged into one before Lanczos.
fn factor(from: usize, to: usize) -> usize {
    ((from as f64 / to as f64 / GAP) as usize).clamp(1, boxes::MAX_FACTOR)
}

/// One row, plane after plane, to bytes side by side; color no longer weighted with alpha.
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

/// Rounded to the nearest byte.
#[inline]
pub(crate) fn byte(value: f32) -> u8 {
    // The cast saturates: below 0 is 0, above 255 is 255.
    (value + 0.5) as u8
}
