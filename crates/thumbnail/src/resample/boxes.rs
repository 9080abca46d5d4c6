//! Averages of boxes of pixels.

use crate::pixels::ColorModel;

/// Averages boxes of `across` by `down` pixels, row by row.
pub(crate) struct Boxes {
    model: ColorModel,
    height: usize,
    across: usize,
    down: usize,
    sums: Sums,
    rows: usize,
    taken: usize,
    /// The averaged row, plane after plane.
    averaged: Vec<f32>,
}

impl Boxes {
    pub fn new(
        model: ColorModel,
        (width, height): (usize, usize),
        (across, down): (usize, usize),
    ) -> Self {
        let channels = model.channels();
        Self {
            model,
            height,
            across,
            down,
            sums: if model.has_alpha() {
                Sums::Weighted(vec![0; width * channels])
            } else {
                Sums::Plain(vec![0; width * channels])
            },
            rows: 0,
            taken: 0,
            averaged: vec![0.0; width.div_ceil(across) * channels],
        }
    }

    /// Takes a row of pixels; returns a row of means, plane after plane, if it was the last of its boxes.
    pub fn row(&mut self, row: &[u8]) -> Option<&[f32]> {
        match &mut self.sums {
            Sums::Plain(sums) => add(sums, row),
            Sums::Weighted(sums) if self.model == ColorModel::GrayAlpha => {
                add_weighted::<2>(sums, row);
            }
            Sums::Weighted(sums) => add_weighted::<4>(sums, row),
        }
        self.rows += 1;
        self.taken += 1;
        if self.rows < self.down && self.taken < self.height {
            return None;
        }
        let (across, rows) = (self.across, self.rows);
        match (&mut self.sums, self.model) {
            (Sums::Plain(sums), ColorModel::Gray) => {
                average::<1, _>(sums, across, rows, &mut self.averaged);
            }
            (Sums::Plain(sums), ColorModel::Rgb) => {
                average::<3, _>(sums, across, rows, &mut self.averaged);
            }
            (Sums::Plain(sums), _) => average::<4, _>(sums, across, rows, &mut self.averaged),
            (Sums::Weighted(sums), ColorModel::GrayAlpha) => {
                average::<2, _>(sums, across, rows * 255, &mut self.averaged);
            }
            (Sums::Weighted(sums), _) => {
                average::<4, _>(sums, across, rows * 255, &mut self.averaged);
            }
        }
        self.rows = 0;
        Some(&self.averaged)
    }
}

/// The sums of the rows of a box so far, interleaved; weighted ones by an alpha of 0 to 255.
enum Sums {
    Plain(Vec<u16>),
    Weighted(Vec<u32>),
}

/// The maximum side of a box: a sum of this many bytes fits 16 bits, and the sum of a box's weighted bytes 32.
pub(super) const MAX_FACTOR: usize = 257;

/// Writes the means of boxes, plane after plane, and resets the sums.
fn average<const N: usize, T: Copy + Default + Into<u32>>(
    sums: &mut [T],
    across: usize,
    weight: usize,
    averaged: &mut [f32],
) {
    let columns = averaged.len() / N;
    let (pixels, _) = sums.as_chunks::<N>();
    for (column, pixels) in pixels.chunks(across).enumerate() {
        let mut sum = [0_u32; N];
        for pixel in pixels {
            for (sum, sample) in sum.iter_mut().zip(pixel) {
                *sum += (*sample).into();
            }
        }
        let scale = 1.0 / (pixels.len() * weight) as f32;
        for (channel, sum) in sum.into_iter().enumerate() {
            averaged[channel * columns + column] = sum as f32 * scale;
        }
    }
    sums.fill(T::default());
}

fn add(sums: &mut [u16], row: &[u8]) {
    for (sum, sample) in sums.iter_mut().zip(row) {
        *sum += u16::from(*sample);
    }
}

/// Samples that are weighted before they are added: as separate steps, both are vectorized.
const AT_ONCE: usize = 64;

/// Adds a row whose color samples are weighted by alpha, the last sample of their pixel.
fn add_weighted<const N: usize>(sums: &mut [u32], row: &[u8]) {
    let (samples, rest) = row.as_chunks::<AT_ONCE>();
    let mut last = [0; AT_ONCE];
    last[..rest.len()].copy_from_slice(rest);
    for (sums, samples) in sums
        .chunks_mut(AT_ONCE)
        .zip(samples.iter().chain(std::iter::once(&last)))
    {
        for (sum, product) in sums.iter_mut().zip(weighted::<N>(samples)) {
            *sum += u32::from(product);
        }
    }
}

/// Weighted samples; a product of two bytes fits 16 bits.
fn weighted<const N: usize>(samples: &[u8; AT_ONCE]) -> [u16; AT_ONCE] {
    let mut products = [0; AT_ONCE];
    for (products, samples) in products
        .as_chunks_mut::<16>()
        .0
        .iter_mut()
        .zip(samples.as_chunks::<16>().0)
    {
        let samples = samples.map(u16::from);
        *products = std::array::from_fn(|place| {
            let alpha = place | (N - 1);
            let weight = if place == alpha { 255 } else { samples[alpha] };
            samples[place] * weight
        });
    }
    products
}
