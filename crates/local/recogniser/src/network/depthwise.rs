//! Convolution of each channel by a filter of its own.

use super::{Activations, Window};

/// Channels that are summed at once, in registers. The channels of every layer of both networks are a multiple of it.
pub(super) const LANES: usize = 16;

pub(super) struct Depthwise {
    window: Window,
    /// By place in the window, then by channel.
    weights: Vec<[f32; LANES]>,
    bias: Vec<[f32; LANES]>,
}

impl Depthwise {
    /// `weights` are those of the first channel, row by row, then those of the next. `None` if the number of channels is
    /// not a multiple of [`LANES`].
    pub(super) fn new(window: Window, weights: &[f32], bias: &[f32]) -> Option<Self> {
        let channels = bias.len();
        let places = window.edge * window.edge;
        if !channels.is_multiple_of(LANES) || weights.len() != places * channels {
            return None;
        }
        let by_place: Vec<f32> = (0..places)
            .flat_map(|place| weights.iter().copied().skip(place).step_by(places))
            .collect();
        Some(Self {
            window,
            weights: by_place.as_chunks().0.to_vec(),
            bias: bias.as_chunks().0.to_vec(),
        })
    }

    /// `None` if the input has another number of channels, or is smaller than the window.
    pub(super) fn run(&self, input: &Activations) -> Option<Activations> {
        let window = self.window;
        let blocks = self.bias.len();
        if input.channels != blocks * LANES {
            return None;
        }
        let (height, width) = window.output(input)?;
        let mut values = vec![0.0; height * width * input.channels];
        let (source, _) = input.values.as_chunks::<LANES>();
        let (target, _) = values.as_chunks_mut::<LANES>();
        for (place, pixel) in target.chunks_exact_mut(blocks).enumerate() {
            let (y, x) = (place / width * window.stride, place % width * window.stride);
            // The part of the window that is inside the input.
            let rows = window.top.saturating_sub(y)..window.edge.min(input.height + window.top - y);
            let columns =
                window.left.saturating_sub(x)..window.edge.min(input.width + window.left - x);
            for (block, sums) in pixel.iter_mut().enumerate() {
                let mut total = self.bias[block];
                for ky in rows.clone() {
                    let row = (y + ky - window.top) * input.width;
                    for kx in columns.clone() {
                        let values = &source[(row + x + kx - window.left) * blocks + block];
                        let weights = &self.weights[(ky * window.edge + kx) * blocks + block];
                        for ((sum, value), weight) in total.iter_mut().zip(values).zip(weights) {
                            *sum += value * weight;
                        }
                    }
                }
                *sums = total;
            }
        }
        Some(Activations {
            height,
            width,
            channels: input.channels,
            values,
        })
    }
}
