//! Convolutional networks: read from an ONNX file, and run over one image at a time on one core.
//!
//! Both networks are chains of convolutions with a few additions between them. Matrix multiplication, which is nearly all of
//! the work, is `rten-gemm`'s, with weights that are packed once, when the network is read. Activations are stored row by
//! row, the channels of a pixel side by side: a depthwise convolution (one filter a channel) then runs along the
//! channels, and every other convolution is one multiplication. A pointwise convolution (of single pixels), a depthwise one and
//! another pointwise one are computed for a few rows at a time, so that what is between them stays in the processor's cache.
//!
//! The `rten` crate runs the same files, but packs the weights in every run and takes about five times as long for depthwise
//! convolutions. `--example labels` took 145 to 280 ms a photograph with it, and 44 to 76 ms with this module before rows were
//! taken together (development builds). Taking them together made 45 ms of 58 (release builds, medians, each three times in
//! turn on one core of an AMD EPYC). Labels are the same with AVX-512, with AVX2 and without either, the latter two in QEMU.

mod depthwise;
mod onnx;
mod separable;

use std::ops::Range;

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::NdTensorView;

use self::separable::Separable;
use crate::Error;

/// What a layer takes and gives: `height` x `width` pixels of `channels` values each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Activations {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub values: Vec<f32>,
}

impl Activations {
    /// What a result is added to: `residual`, if it has this shape, or zeros.
    fn target(
        residual: Option<Self>,
        height: usize,
        width: usize,
        channels: usize,
    ) -> Option<Self> {
        match residual {
            Some(residual) => {
                let shape = (residual.height, residual.width, residual.channels);
                (shape == (height, width, channels)).then_some(residual)
            }
            None => Some(Self {
                height,
                width,
                channels,
                values: vec![0.0; height * width * channels],
            }),
        }
    }
}

pub(crate) struct Network {
    name: &'static str,
    layers: Vec<Layer>,
    /// The number of activations of a run, the input first.
    activations: usize,
    /// By activation: the layer that uses it last.
    last_uses: Vec<usize>,
    outputs: Vec<usize>,
}

struct Layer {
    operation: Operation,
    input: usize,
    /// Added to the result of the operation.
    residual: Option<usize>,
    output: usize,
}

enum Operation {
    Convolution(Convolution),
    Separable(Box<Separable>),
    /// The mean of each channel.
    GlobalAveragePool,
}

/// A square window of weights that moves over the input.
#[derive(Debug, Clone, Copy)]
struct Window {
    edge: usize,
    stride: usize,
    /// Zeros around the input.
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
}

/// Every output channel is made of every input channel.
struct Convolution {
    window: Window,
    /// `edge * edge * inputs` rows, one column an output channel.
    weights: PackedBMatrix<f32>,
    bias: Vec<f32>,
    clip: Option<Clip>,
}

/// The smallest and the largest value of a result.
type Clip = (f32, f32);

impl Network {
    /// Reads a network. `outputs` are names of results of convolutions.
    ///
    /// # Errors
    /// [`Error::Load`] if the file is damaged or has something that the two networks do not need.
    pub(crate) fn load(
        name: &'static str,
        file: &[u8],
        outputs: &[&str],
    ) -> Result<(Self, onnx::Constants), Error> {
        onnx::read(name, file, outputs).map_err(|reason| Error::Load {
            network: name,
            reason,
        })
    }

    /// The outputs for one image of three channels.
    ///
    /// # Errors
    /// [`Error::Run`] if the image does not fit the network.
    pub(crate) fn run(&self, image: Activations) -> Result<Vec<Activations>, Error> {
        let failed = || Error::Run { network: self.name };
        let mut all: Vec<Option<Activations>> = Vec::new();
        all.resize_with(self.activations, || None);
        *all.first_mut().ok_or_else(failed)? = Some(image);
        for (index, layer) in self.layers.iter().enumerate() {
            let input = all[layer.input].as_ref().ok_or_else(failed)?;
            let residual = match layer.residual {
                Some(at) => Some(all[at].clone().ok_or_else(failed)?),
                None => None,
            };
            let output = layer.operation.run(input, residual);
            all[layer.output] = Some(output.ok_or_else(failed)?);
            for (activations, &last_use) in all.iter_mut().zip(&self.last_uses) {
                if last_use == index {
                    *activations = None;
                }
            }
        }
        self.outputs
            .iter()
            .map(|&at| all[at].take().ok_or_else(failed))
            .collect()
    }
}

impl Operation {
    /// `None` if the shapes do not fit.
    fn run(&self, input: &Activations, residual: Option<Activations>) -> Option<Activations> {
        match (self, residual) {
            (Self::Convolution(convolution), residual) => convolution.run(input, residual),
            (Self::Separable(separable), residual) => separable.run(input, residual),
            (Self::GlobalAveragePool, None) => Some(mean(input)),
            (Self::GlobalAveragePool, Some(_)) => None,
        }
    }
}

impl Convolution {
    fn run(&self, input: &Activations, residual: Option<Activations>) -> Option<Activations> {
        let (height, width) = self.window.output(input)?;
        if input.channels != self.inputs() {
            return None;
        }
        let is_sum = residual.is_some();
        let mut output = Activations::target(residual, height, width, self.bias.len())?;
        if self.window.is_a_pixel() {
            self.multiply(&input.values, &mut output.values, is_sum)?;
        } else {
            let gathered = self.window.gather(input, height, width);
            self.multiply(&gathered, &mut output.values, is_sum)?;
        }
        Some(output)
    }

    /// Channels of the input.
    fn inputs(&self) -> usize {
        self.weights.rows() / (self.window.edge * self.window.edge)
    }

    /// Computes one pixel of the output from every row of `rows`. Adds it to what `output` has if it `is_sum`.
    fn multiply(&self, rows: &[f32], output: &mut [f32], is_sum: bool) -> Option<()> {
        let columns = self.weights.rows();
        let rows = NdTensorView::from_data([rows.len() / columns, columns], rows);
        let options = GemmOptions {
            beta: if is_sum { 1.0 } else { 0.0 },
            bias: Some(BiasVector::Row(&self.bias)),
            ..GemmOptions::default()
        };
        let (rows, weights) = (
            GemmInputA::Unpacked(rows),
            GemmInputB::Packed(&self.weights),
        );
        GemmExecutor::new()
            .gemm(output, rows, weights, options)
            .ok()?;
        if let Some((low, high)) = self.clip {
            for value in output {
                *value = value.clamp(low, high);
            }
        }
        Some(())
    }
}

impl Window {
    /// Height and width of what the window gives; `None` if it is larger than the input.
    fn output(&self, input: &Activations) -> Option<(usize, usize)> {
        let steps = |length: usize| Some(length.checked_sub(self.edge)? / self.stride + 1);
        Some((
            steps(input.height + self.top + self.bottom)?,
            steps(input.width + self.left + self.right)?,
        ))
    }

    /// The rows of the input, which has `height`, that are inside the windows of the rows `ys` of the output.
    fn rows(&self, ys: &Range<usize>, height: usize) -> Range<usize> {
        let end = (ys.end - 1) * self.stride + self.edge - self.top;
        (ys.start * self.stride).saturating_sub(self.top)..end.min(height)
    }

    fn is_a_pixel(&self) -> bool {
        self.edge == 1 && self.stride == 1 && self.top + self.left + self.bottom + self.right == 0
    }

    /// What the window covers at each place, a row a place.
    fn gather(&self, input: &Activations, height: usize, width: usize) -> Vec<f32> {
        let channels = input.channels;
        let run = self.edge * channels;
        let mut rows = vec![0.0; height * width * self.edge * run];
        for (place, row) in rows.chunks_exact_mut(self.edge * run).enumerate() {
            let (y, x) = (place / width * self.stride, place % width * self.stride);
            let first = self.left.saturating_sub(x);
            let end = self.edge.min(input.width + self.left - x);
            for (ky, row) in row.chunks_exact_mut(run).enumerate() {
                let Some(y) = (y + ky).checked_sub(self.top).filter(|&y| y < input.height) else {
                    continue;
                };
                let from = (y * input.width + x + first - self.left) * channels;
                row[first * channels..end * channels]
                    .copy_from_slice(&input.values[from..from + (end - first) * channels]);
            }
        }
        rows
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand pixels")]
fn mean(input: &Activations) -> Activations {
    let mut values = vec![0.0; input.channels];
    for pixel in input.values.chunks_exact(input.channels) {
        for (sum, value) in values.iter_mut().zip(pixel) {
            *sum += value;
        }
    }
    let pixels = (input.height * input.width) as f32;
    for sum in &mut values {
        *sum /= pixels;
    }
    Activations {
        height: 1,
        width: 1,
        channels: input.channels,
        values,
    }
}

/// An image that shows nothing, for comparing the networks with another runtime: `models/expected.py`.
#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "below 64")]
pub(crate) fn pattern(edge: usize) -> Activations {
    let value = |y: usize, x: usize, channel: usize| {
        ((y * 7 + x * 13 + y * x / 31 + channel * 101) % 64) as f32
    };
    let mut values = Vec::new();
    for y in 0..edge {
        for x in 0..edge {
            values.extend((0..3).map(|channel| value(y, x, channel) / 32.0 - 1.0));
        }
    }
    Activations {
        height: edge,
        width: edge,
        channels: 3,
        values,
    }
}
