//! Convolution of each channel by a filter of its own.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the narrowest instruction set"
)]

use std::iter::StepBy;
use std::ops::Range;

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

use super::{Clip, Window};

/// The channels of every layer of both networks are a multiple of it, and so of the length of every vector.
const LANES: usize = 16;
/// Pixels of the result that are summed at once: each weight is loaded once for all of them.
const PIXELS: usize = 4;
/// Columns of the input that so many pixels need, with the widest window and stride.
const MAX_COLUMNS: usize = (PIXELS - 1) * 2 + 5;

pub(super) struct Depthwise {
    pub window: Window,
    /// By place in the window, then by channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
    clip: Clip,
}

/// Rows of an input that has `height` rows of `width` pixels: `values` begins with row `first`.
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    pub first: usize,
    pub height: usize,
    pub width: usize,
}

impl Depthwise {
    /// `weights` are those of the first channel, row by row, then those of the next. `None` if the number of channels is
    /// not a multiple of [`LANES`].
    pub(super) fn new(
        window: Window,
        weights: &[f32],
        bias: Vec<f32>,
        clip: Option<Clip>,
    ) -> Option<Self> {
        let channels = bias.len();
        let places = window.edge * window.edge;
        if !channels.is_multiple_of(LANES) || weights.len() != places * channels {
            return None;
        }
        let by_place = (0..places).flat_map(|place| weights.iter().skip(place).step_by(places));
        Some(Self {
            window,
            weights: by_place.copied().collect(),
            bias,
            clip: clip.unwrap_or((f32::NEG_INFINITY, f32::INFINITY)),
        })
    }

    pub(super) fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Computes the rows `ys` of the result, `width` pixels each.
    pub(super) fn run(&self, input: &Rows<'_>, ys: Range<usize>, width: usize, output: &mut [f32]) {
        let run = Run {
            layer: self,
            input,
            ys,
            width,
            output,
        };
        run.dispatch();
    }
}

/// A run of a layer, compiled once for each instruction set; the widest that the processor has is used.
struct Run<'a> {
    layer: &'a Depthwise,
    input: &'a Rows<'a>,
    ys: Range<usize>,
    width: usize,
    output: &'a mut [f32],
}

impl SimdOp for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(mut self, isa: I) {
        match (self.layer.window.edge, self.layer.window.stride) {
            (3, 1) => self.rows::<I, 3, 1>(isa),
            (3, 2) => self.rows::<I, 3, 2>(isa),
            (5, 1) => self.rows::<I, 5, 1>(isa),
            (5, 2) => self.rows::<I, 5, 2>(isa),
            _ => self.pixels(isa, 0..self.ys.len() * self.width),
        }
    }
}

impl Run<'_> {
    /// Computes all pixels with a window of `EDGE` and `STRIDE`.
    #[inline(always)]
    fn rows<I: Isa, const EDGE: usize, const STRIDE: usize>(&mut self, isa: I) {
        let (left, width) = (self.layer.window.left, self.width);
        // The pixels of a row whose windows lie within the columns of the input, in whole groups.
        let first = left.div_ceil(STRIDE).min(width);
        let last = (self.input.width + left).checked_sub(EDGE);
        let end = last.map_or(0, |last| last / STRIDE + 1).min(width);
        let end = first + end.saturating_sub(first) / PIXELS * PIXELS;
        for row in 0..self.ys.len() {
            let start = row * width;
            self.pixels(isa, start..start + first);
            for x in (first..end).step_by(PIXELS) {
                self.group::<I, EDGE, STRIDE>(isa, start + x);
            }
            self.pixels(isa, start + end..start + width);
        }
    }

    /// Computes pixels `at` to `at + PIXELS`, of one row, whose windows lie within the columns of the input.
    #[inline(always)]
    fn group<I: Isa, const EDGE: usize, const STRIDE: usize>(&mut self, isa: I, at: usize) {
        let ops = isa.f32();
        let (layer, channels) = (self.layer, self.layer.bias.len());
        let (rows, x, first_ky) = self.window(at);
        let output = &mut self.output[at * channels..(at + PIXELS) * channels];
        for channel in (0..channels).step_by(ops.len()) {
            let mut sums = [ops.load(&layer.bias[channel..]); PIXELS];
            for (ky, row) in (first_ky..).zip(rows.clone()) {
                let values =
                    &self.input.values[(row + x - layer.window.left) * channels + channel..];
                let weights = &layer.weights[ky * EDGE * channels + channel..];
                let mut loaded = [ops.zero(); MAX_COLUMNS];
                for column in 0..(PIXELS - 1) * STRIDE + EDGE {
                    loaded[column] = ops.load(&values[column * channels..]);
                }
                for kx in 0..EDGE {
                    let weight = ops.load(&weights[kx * channels..]);
                    for n in 0..PIXELS {
                        sums[n] = ops.mul_add(loaded[n * STRIDE + kx], weight, sums[n]);
                    }
                }
            }
            for (n, sum) in sums.into_iter().enumerate() {
                let clipped = ops.clamp(sum, ops.splat(layer.clip.0), ops.splat(layer.clip.1));
                ops.store(clipped, &mut output[n * channels + channel..]);
            }
        }
    }

    /// Computes pixels one by one.
    #[inline(always)]
    fn pixels<I: Isa>(&mut self, isa: I, pixels: Range<usize>) {
        let ops = isa.f32();
        let (layer, channels) = (self.layer, self.layer.bias.len());
        let Window { edge, left, .. } = layer.window;
        for at in pixels {
            let (rows, x, first_ky) = self.window(at);
            let columns = left.saturating_sub(x)..edge.min(self.input.width + left - x);
            let output = &mut self.output[at * channels..(at + 1) * channels];
            for channel in (0..channels).step_by(ops.len()) {
                let mut sum = ops.load(&layer.bias[channel..]);
                for (ky, row) in (first_ky..).zip(rows.clone()) {
                    for kx in columns.clone() {
                        let weights = &layer.weights[(ky * edge + kx) * channels + channel..];
                        let values = (row + x + kx - left) * channels + channel;
                        let value = ops.load(&self.input.values[values..]);
                        sum = ops.mul_add(value, ops.load(weights), sum);
                    }
                }
                let clipped = ops.clamp(sum, ops.splat(layer.clip.0), ops.splat(layer.clip.1));
                ops.store(clipped, &mut output[channel..]);
            }
        }
    }

    /// Where the window of pixel `at` lies: the pixels at which its rows inside the input begin, its first column, counted
    /// from `left` columns before the input, and which of its rows is the first inside.
    #[inline(always)]
    fn window(&self, at: usize) -> (StepBy<Range<usize>>, usize, usize) {
        let (window, width) = (self.layer.window, self.input.width);
        let y = self.ys.start + at / self.width;
        let rows = window.rows(&(y..y + 1), self.input.height);
        let first_ky = rows.start + window.top - y * window.stride;
        let (start, end) = (rows.start - self.input.first, rows.end - self.input.first);
        let starts = (start * width..end * width).step_by(width);
        (starts, at % self.width * window.stride, first_ky)
    }
}
