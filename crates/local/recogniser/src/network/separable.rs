//! Depthwise separable convolution: a depthwise and a pointwise one, and in most blocks a pointwise one before them that
//! multiplies the channels.

use super::depthwise::{Depthwise, Rows};
use super::{Activations, Convolution};

/// How many values of the first convolution are computed at once: a quarter of an L2 cache of 1 MiB.
const BAND: usize = 64 * 1024;

pub(super) struct Separable {
    /// Pointwise.
    pub expansion: Option<Convolution>,
    pub depthwise: Depthwise,
    /// Pointwise.
    pub projection: Convolution,
}

impl Separable {
    /// `None` if the shapes do not fit.
    pub(super) fn run(
        &self,
        input: &Activations,
        residual: Option<Activations>,
    ) -> Option<Activations> {
        let window = self.depthwise.window;
        let channels = self.depthwise.channels();
        let (height, width) = window.output(input)?;
        let (inputs, expanded) = self
            .expansion
            .as_ref()
            .map_or((channels, channels), |expansion| {
                (expansion.inputs(), expansion.bias.len())
            });
        if (inputs, expanded, self.projection.inputs()) != (input.channels, channels, channels) {
            return None;
        }
        let is_sum = residual.is_some();
        let outputs = self.projection.bias.len();
        let mut output = Activations::target(residual, height, width, outputs)?;
        let (source_row, row) = (input.width * input.channels, input.width * channels);
        let band = (BAND / (row * window.stride)).max(1);
        let mut filtered = vec![0.0; band * width * channels];
        let mut expanded = Vec::new();
        // The rows of the input that are expanded.
        let (mut first, mut end) = (0, 0);
        let bands = output.values.chunks_mut(band * width * outputs);
        for (index, target) in bands.enumerate() {
            let ys = index * band..height.min((index + 1) * band);
            let filtered = &mut filtered[..ys.len() * width * channels];
            let mut rows = Rows {
                values: &input.values,
                first: 0,
                height: input.height,
                width: input.width,
            };
            if let Some(expansion) = &self.expansion {
                let wanted = window.rows(&ys, input.height);
                // Neighbouring bands have rows in common.
                expanded.drain(..(wanted.start - first) * row);
                let kept = expanded.len();
                expanded.resize(wanted.len() * row, 0.0);
                let source = &input.values[end * source_row..wanted.end * source_row];
                expansion.multiply(source, &mut expanded[kept..], false)?;
                (first, end) = (wanted.start, wanted.end);
                (rows.values, rows.first) = (&expanded, first);
            }
            self.depthwise.run(&rows, ys, width, filtered);
            self.projection.multiply(filtered, target, is_sum)?;
        }
        Some(output)
    }
}
