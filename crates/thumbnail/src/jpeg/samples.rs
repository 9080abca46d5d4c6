//! Samples at full size, for a format that contains JPEG streams and defines what their components mean.

use super::coefficients;
use super::frame::Process;
use super::parser::{ColorSpace, Parser};
use super::scale::component_scales;
use super::streamed;
use super::upsample::Converter;
use crate::resample::byte;
use crate::{Error, Limits};

/// Interleaved samples: subsampled components are interpolated, colors are not converted.
pub(crate) struct Samples {
    pub width: usize,
    pub components: usize,
    pub data: Vec<u8>,
}

/// Some writers count the padding of the last units as pixels.
const MAX_UNIT: usize = 32;

/// Decodes a stream of at most `max` pixels across and down.
pub(crate) fn samples(
    bytes: &[u8],
    max: (usize, usize),
    limits: &Limits,
) -> Result<Samples, Error> {
    let mut parser = Parser::new(bytes, max.1);
    let scan = parser
        .next_scan()?
        .ok_or_else(|| Error::corrupt("it ends before its pixels begin"))?;
    let frame = parser.frame()?;
    let (width, height) = (frame.width, frame.height);
    if width == 0 || height == 0 {
        return Err(Error::corrupt("a JPEG in it has no pixels"));
    }
    if width > max.0.saturating_add(MAX_UNIT) || height > max.1.saturating_add(MAX_UNIT) {
        return Err(Error::corrupt("a JPEG in it is larger than its place"));
    }
    let components = frame.components.len();
    let len = width * height * components;
    limits.check_memory(len as u64)?;
    let limits = Limits {
        memory: limits.memory - len as u64,
        ..*limits
    };
    let scales = component_scales(&frame, (width, height), false);
    let color_space = match components {
        1 => ColorSpace::Gray,
        3 => ColorSpace::Rgb,
        _ => ColorSpace::Cmyk,
    };
    let mut converter = Converter::new(color_space, &scales);
    let mut data = vec![0; len];
    let mut rows = data.chunks_exact_mut(width * components);
    let emit = |component: usize, row: &[f32]| {
        converter.row(component, row, |channels| {
            let Some(out) = rows.next() else {
                return;
            };
            for (channel, samples) in channels.iter().enumerate() {
                for (out, sample) in out
                    .iter_mut()
                    .skip(channel)
                    .step_by(components)
                    .zip(samples)
                {
                    *out = byte(*sample);
                }
            }
        });
    };
    if frame.process == Process::Sequential && scan.components.len() == components {
        streamed::read(bytes, &parser, &frame, &scan, &scales, emit)?;
    } else {
        coefficients::read(bytes, &mut parser, &frame, scan, &scales, &limits, emit)?;
    }
    // The converter takes four components for inverted inks.
    if color_space == ColorSpace::Cmyk {
        for sample in &mut data {
            *sample = 255 - *sample;
        }
    }
    Ok(Samples {
        width,
        components,
        data,
    })
}
