//! Resampling of one plane to one size.

use super::kernel::Axis;
use super::{Between, Kernel, Lanczos, factor};
use crate::planes::Plane;

/// Takes rows of samples and makes a plane of the size wanted.
pub(crate) struct PlaneResample {
    across: usize,
    down: usize,
    columns: usize,
    rows: usize,
    taken: usize,
    /// The sums of the rows of the current boxes.
    sums: Vec<f32>,
    summed: usize,
    averaged: Vec<f32>,
    lanczos: Lanczos,
    small: Vec<i16>,
    width: usize,
    height: usize,
}

impl PlaneResample {
    pub fn new(
        across: Axis,
        down: Axis,
        (width, height): (usize, usize),
        between: Between,
    ) -> Self {
        let (box_across, box_down) = (factor(across.samples, width), factor(down.samples, height));
        let averaged_across = across.averaged(box_across);
        let lanczos = Lanczos::new(
            1,
            Kernel::across(averaged_across, width),
            Kernel::down(down.averaged(box_down), height),
            between,
        );
        Self {
            across: box_across,
            down: box_down,
            columns: across.samples,
            rows: down.samples,
            taken: 0,
            sums: vec![0.0; across.samples],
            summed: 0,
            averaged: vec![0.0; averaged_across.samples],
            lanczos,
            small: Vec::with_capacity(width * height),
            width,
            height,
        }
    }

    /// Takes the next row.
    pub fn row(&mut self, row: &[f32]) {
        debug_assert_eq!(row.len(), self.columns);
        let small = &mut self.small;
        let store =
            |done: &[f32]| small.extend(done.iter().map(|sample| Plane::from_level(*sample)));
        self.taken += 1;
        if (self.across, self.down) == (1, 1) {
            self.lanczos.row(row, store);
            return;
        }
        for (sum, sample) in self.sums.iter_mut().zip(row) {
            *sum += sample;
        }
        self.summed += 1;
        if self.summed < self.down && self.taken < self.rows {
            return;
        }
        for (mean, samples) in self.averaged.iter_mut().zip(self.sums.chunks(self.across)) {
            *mean = samples.iter().sum::<f32>() / (samples.len() * self.summed) as f32;
        }
        self.sums.fill(0.0);
        self.summed = 0;
        self.lanczos.row(&self.averaged, store);
    }

    /// To be called after the last row.
    pub fn finish(self) -> Plane {
        debug_assert_eq!(self.small.len(), self.width * self.height);
        Plane {
            width: self.width,
            height: self.height,
            data: self.small,
        }
    }
}
