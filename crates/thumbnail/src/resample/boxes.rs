//! Whole boxes of pixels averaged into one sample each.

use super::kernel::Axis;
use crate::pixels::Model;

/// Averages boxes of `across` by `down` pixels, row by row.
pub(crate) struct Boxes {
    model: Model,
    width: usize,
    height: usize,
    across: usize,
    down: usize,
    /// The sum of the rows of the box so far, samples side by side.
    sums: Vec<u32>,
    rows: usize,
    taken: usize,
    /// The averaged row, plane after plane.
    averaged: Vec<f32>,
}

impl Boxes {
    pub fn new(
        model: Model,
        (width, height): (usize, usize),
        (across, down): (usize, usize),
    ) -> Self {
        let channels = model.channels();
        Self {
            model,
            width,
            height,
            across,
            down,
            sums: vec![0; width * channels],
            rows: 0,
            taken: 0,
            averaged: vec![0.0; width.div_ceil(across) * channels],
        }
    }

    pub fn across(&self) -> Axis {
        axis(self.width, self.across)
    }

    pub fn down(&self) -> Axis {
        axis(self.height, self.down)
    }

    /// Takes a row of pixels; gives a row of means, plane after plane, when it was a box's last.
    pub fn row(&mut self, row: &[u8]) -> Option<&[f32]> {
        match self.model {
            Model::Grey | Model::Rgb | Model::Cmyk => add(&mut self.sums, row),
            Model::GreyAlpha => add_weighted::<2>(&mut self.sums, row),
            Model::Rgba => add_weighted::<4>(&mut self.sums, row),
        }
        self.rows += 1;
        self.taken += 1;
        if self.rows < self.down && self.taken < self.height {
            return None;
        }
        match self.model {
            Model::Grey => self.average::<1>(),
            Model::GreyAlpha => self.average::<2>(),
            Model::Rgb => self.average::<3>(),
            Model::Rgba | Model::Cmyk => self.average::<4>(),
        }
        self.sums.fill(0);
        self.rows = 0;
        Some(&self.averaged)
    }

    fn average<const N: usize>(&mut self) {
        let columns = self.width.div_ceil(self.across);
        let grain = if self.model.has_alpha() { 255.0 } else { 1.0 };
        let (pixels, _) = self.sums.as_chunks::<N>();
        for (column, pixels) in pixels.chunks(self.across).enumerate() {
            let mut sum = [0_u32; N];
            for pixel in pixels {
                for (sum, sample) in sum.iter_mut().zip(pixel) {
                    *sum += sample;
                }
            }
            let scale = 1.0 / (grain * (pixels.len() * self.rows) as f32);
            for (channel, sum) in sum.into_iter().enumerate() {
                self.averaged[channel * columns + column] = sum as f32 * scale;
            }
        }
    }
}

fn axis(pixels: usize, factor: usize) -> Axis {
    Axis {
        samples: pixels,
        length: pixels as f64,
        mean_of: 1,
    }
    .averaged(factor)
}

fn add(sums: &mut [u32], row: &[u8]) {
    for (sum, sample) in sums.iter_mut().zip(row) {
        *sum += u32::from(*sample);
    }
}

/// The last sample of a pixel is its alpha, and weighs the others.
fn add_weighted<const N: usize>(sums: &mut [u32], row: &[u8]) {
    for (sums, pixel) in sums
        .as_chunks_mut::<N>()
        .0
        .iter_mut()
        .zip(row.as_chunks::<N>().0)
    {
        let alpha = u32::from(pixel[N - 1]);
        for (sum, sample) in sums.iter_mut().zip(pixel).take(N - 1) {
            *sum += u32::from(*sample) * alpha;
        }
        sums[N - 1] += 255 * alpha;
    }
}
