//! Lanczos3 weights along one axis.

use std::sync::LazyLock;

/// The samples along one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub samples: usize,
    /// Their extent in samples; the image's edge may cut the last one.
    pub length: f64,
    /// The pixels that each sample is the mean of.
    pub mean_of: usize,
}

impl Axis {
    /// The axis after averaging `factor` samples into one.
    pub fn averaged(self, factor: usize) -> Self {
        Self {
            samples: self.samples.div_ceil(factor),
            length: self.length / factor as f64,
            mean_of: self.mean_of * factor,
        }
    }
}

/// For each output pixel, its samples and their weights.
pub(crate) struct Kernel {
    pub samples: usize,
    /// Samples of an output pixel.
    pub taps: usize,
    /// The first sample of each output pixel, in ascending order.
    pub starts: Vec<usize>,
    /// `taps` weights for each output pixel; their sum is 1.
    pub weights: Vec<f32>,
}

const LOBES: f64 = 3.0;
/// Samples that are weighted at once.
pub(super) const LANES: usize = 4;

impl Kernel {
    /// For samples of a row: the number of taps is a multiple of [`LANES`], unless there are fewer samples.
    pub fn across(axis: Axis, small: usize) -> Self {
        Self::new(axis, small, LANES)
    }

    /// For rows of samples.
    pub fn down(axis: Axis, small: usize) -> Self {
        Self::new(axis, small, 1)
    }

    fn new(axis: Axis, small: usize, multiple: usize) -> Self {
        let table = TABLE.as_slice();
        let scale = axis.length / small as f64;
        // The scale is below 1 where a component of a JPEG has fewer samples than are wanted.
        let stretch = scale.max(1.0);
        // A mean over a box blurs: to second order by 1/24 of the second difference, less what the averaged means
        // have lost already. Subtracting that difference restores the sharpness at no cost.
        let grain = 1.0 / (axis.mean_of * axis.mean_of) as f64;
        let lift = (1.0 - grain) / 24.0;
        let reach = LOBES * stretch + if lift > 0.0 { 1.0 } else { 0.0 };
        let taps = ((2.0 * reach).ceil() as usize)
            .next_multiple_of(multiple)
            .min(axis.samples);
        let mut starts = Vec::with_capacity(small);
        let mut weights = Vec::with_capacity(small * taps);
        let mut exact = vec![0.0; taps];
        for pixel in 0..small {
            let center = (pixel as f64 + 0.5) * scale;
            // The first sample whose center is within reach; the cast saturates at 0.
            let start = ((center - reach - 0.5).ceil() as usize).min(axis.samples - taps);
            for (tap, weight) in exact.iter_mut().enumerate() {
                let distance = (start + tap) as f64 + 0.5 - center;
                let at = |offset: f64| lanczos(table, (distance + offset) / stretch);
                *weight = at(0.0) * (1.0 + 2.0 * lift) - lift * (at(-1.0) + at(1.0));
            }
            let sum: f64 = exact.iter().sum();
            starts.push(start);
            weights.extend(exact.iter().map(|weight| (weight / sum) as f32));
        }
        Self {
            samples: axis.samples,
            taps,
            starts,
            weights,
        }
    }

    /// The weights of one output pixel.
    pub fn of(&self, pixel: usize) -> &[f32] {
        &self.weights[pixel * self.taps..][..self.taps]
    }
}

/// Entries of the table per unit; linear interpolation between two is off by less than 2e-6.
const STEPS: usize = 1024;

static TABLE: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let exact = |step| {
        let angle = std::f64::consts::PI * (step as f64 / STEPS as f64);
        if step == 0 {
            1.0
        } else {
            LOBES * angle.sin() * (angle / LOBES).sin() / (angle * angle)
        }
    };
    (0..=LOBES as usize * STEPS)
        .map(exact)
        .chain([0.0])
        .collect()
});

fn lanczos(table: &[f64], x: f64) -> f64 {
    let step = x.abs() * STEPS as f64;
    match table.get(step as usize..step as usize + 2) {
        Some([before, after]) => before + (after - before) * step.fract(),
        _ => 0.0,
    }
}
