//! CMYK to sRGB by the profile of a press: a table of colors (ICC.1:2001-04, sections 6.5.7 and 6.5.8).
//!
//! `moxcms` interpolates between all corners of a cell of the table and does not compensate for the black point. This
//! follows Little CMS, which libvips and Pillow use, so that colors match theirs even where a table is coarse.

use moxcms::{ColorProfile, DataColorSpace, LutDataType, LutStore, LutWarehouse};

const INKS: usize = 4;

/// Points a side of the table from inks to sRGB, as many as in Little CMS: how colors outside sRGB are interpolated
/// depends on it.
const GRID: usize = 17;

/// Converts to sRGB, with paper as white and the darkest inks as black. `None` unless the profile has a perceptual table
/// of 8 or 16 bits from CMYK to L*a*b*.
pub(super) fn convert(inks: &[u8], profile: &ColorProfile) -> Option<Vec<u8>> {
    let press = Press::read(profile)?;
    let level = |point: usize| point as f32 / (GRID - 1) as f32;
    let point = |index: usize| {
        let digit = |ink: usize| level(index / GRID.pow((INKS - 1 - ink) as u32) % GRID);
        press.color(std::array::from_fn(digit)).map(f32::from)
    };
    let table = Table {
        grid: GRID,
        colors: (0..GRID.pow(INKS as u32)).map(point).collect(),
    };
    let pixels = inks.as_chunks::<INKS>().0.iter();
    let rgb = |inks: &[u8; INKS]| {
        let color = table.color(inks.map(|level| f32::from(level) / 255.0));
        color.map(crate::resample::byte)
    };
    Some(pixels.flat_map(rgb).collect())
}

/// A profile's table, and the curves before and after it.
struct Press {
    inputs: [Vec<f32>; INKS],
    table: Table,
    outputs: [Vec<f32>; 3],
    /// The values of L*, and of a* and b*, that 1 represents.
    range: (f32, f32),
    /// The light that the darkest inks reflect, where 1 is that of paper.
    black: f32,
}

impl Press {
    fn read(profile: &ColorProfile) -> Option<Self> {
        let Some(LutWarehouse::Lut(lut)) = &profile.lut_a_to_b_perceptual else {
            return None;
        };
        let LutDataType {
            num_input_channels: 4,
            num_output_channels: 3,
            num_clut_grid_points: 2..,
            ..
        } = lut
        else {
            return None;
        };
        if profile.color_space != DataColorSpace::Cmyk || profile.pcs != DataColorSpace::Lab {
            return None;
        }
        let grid = usize::from(lut.num_clut_grid_points);
        let (inputs, outputs) = (numbers(&lut.input_table), numbers(&lut.output_table));
        let curve = |numbers: &[f32], index: usize, count: usize| -> Option<Vec<f32>> {
            let len = numbers.len() / count;
            (len >= 2).then(|| numbers[index * len..][..len].to_vec())
        };
        let colors = numbers(&lut.clut_table).as_chunks().0.to_vec();
        if colors.len() != grid.pow(INKS as u32) {
            return None;
        }
        let input = |ink| curve(&inputs, ink, INKS);
        let output = |channel| curve(&outputs, channel, 3);
        let mut press = Self {
            inputs: [input(0)?, input(1)?, input(2)?, input(3)?],
            table: Table { grid, colors },
            outputs: [output(0)?, output(1)?, output(2)?],
            range: match lut.clut_table {
                LutStore::Store8(_) => (100.0, 255.0),
                // A value of 16 bits is one of 8 bits with a fraction.
                LutStore::Store16(_) => (100.0 * 65_535.0 / 65_280.0, 65_535.0 / 256.0),
            },
            black: 0.0,
        };
        let [lightness, ..] = press.lab([1.0; INKS]);
        press.black = super::light_of_lab([lightness.clamp(0.0, 50.0), 0.0, 0.0])[1];
        Some(press)
    }

    fn color(&self, inks: [f32; INKS]) -> [u8; 3] {
        let light = super::light_of_lab(self.lab(inks));
        super::light_to_srgb(light.map(|light| (light - self.black) / (1.0 - self.black)))
    }

    fn lab(&self, inks: [f32; INKS]) -> [f32; 3] {
        let color = self.table.color(std::array::from_fn(|ink| {
            interpolate(&self.inputs[ink], inks[ink])
        }));
        let value = |channel: usize| interpolate(&self.outputs[channel], color[channel]);
        let (lightness, chroma) = self.range;
        [
            value(0) * lightness,
            value(1) * chroma - 128.0,
            value(2) * chroma - 128.0,
        ]
    }
}

/// A color for each combination of inks, the last ink changing fastest.
struct Table {
    /// Points of each ink, at least 2.
    grid: usize,
    colors: Vec<[f32; 3]>,
}

impl Table {
    /// The color of inks from 0 to 1: interpolated linearly in the first, and within a tetrahedron in the others.
    fn color(&self, inks: [f32; INKS]) -> [f32; 3] {
        let mut base = 0;
        let mut steps = [(0.0, 0); INKS];
        for (step, ink) in steps.iter_mut().zip(inks) {
            let place = ink * (self.grid - 1) as f32;
            let index = (place as usize).min(self.grid - 2);
            base = base * self.grid + index;
            step.0 = place - index as f32;
        }
        for (ink, step) in steps.iter_mut().enumerate() {
            step.1 = self.grid.pow((INKS - 1 - ink) as u32);
        }
        let (first, others) = steps.split_at_mut(1);
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        let within = |mut at: usize| {
            let mut color = self.colors[at];
            for (part, stride) in &*others {
                let next = at + stride;
                for (channel, value) in color.iter_mut().enumerate() {
                    *value += part * (self.colors[next][channel] - self.colors[at][channel]);
                }
                at = next;
            }
            color
        };
        let (part, stride) = first[0];
        let (low, high) = (within(base), within(base + stride));
        std::array::from_fn(|channel| low[channel] + part * (high[channel] - low[channel]))
    }
}

/// From 0 to 1.
fn numbers(store: &LutStore) -> Vec<f32> {
    match store {
        LutStore::Store8(bytes) => bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect(),
        LutStore::Store16(words) => words
            .iter()
            .map(|word| f32::from(*word) / 65_535.0)
            .collect(),
    }
}

/// A curve of at least two points from 0 to 1.
fn interpolate(curve: &[f32], at: f32) -> f32 {
    let place = at.clamp(0.0, 1.0) * (curve.len() - 1) as f32;
    let index = (place as usize).min(curve.len() - 2);
    curve[index] + (place - index as f32) * (curve[index + 1] - curve[index])
}
