//! Converts stored samples of any depth and color type to 8 bits.

use super::chunks::Chunks;
use crate::Error;
use crate::pixels::ColorModel;

const PALETTE: u8 = 3;

/// How stored rows become pixels.
pub(super) struct Samples {
    pub model: ColorModel,
    depth: usize,
    conversion: Conversion,
}

enum Conversion {
    /// No conversion, or only to 8 bits.
    Depth,
    /// By color or gray level, of up to 8 bits: the first bytes are those of the model.
    Table(Box<[[u8; 4]; 256]>),
    /// An alpha channel is added; pixels with these stored samples are transparent.
    Key(Vec<u16>),
}

/// Bits of a stored pixel.
pub(super) fn bits_per_pixel(chunks: &Chunks<'_>) -> usize {
    let channels = match chunks.color_type {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    channels * usize::from(chunks.depth)
}

impl Samples {
    pub fn new(chunks: &Chunks<'_>) -> Result<Self, Error> {
        let stored = match (chunks.color_type, chunks.depth) {
            (0, 1 | 2 | 4 | 8 | 16) => ColorModel::Gray,
            (2, 8 | 16) | (PALETTE, 1 | 2 | 4 | 8) => ColorModel::Rgb,
            (4, 8 | 16) => ColorModel::GrayAlpha,
            (6, 8 | 16) => ColorModel::Rgba,
            _ => return Err(Error::corrupt("its color type or depth is invalid")),
        };
        let with_alpha = match stored {
            ColorModel::Gray => ColorModel::GrayAlpha,
            _ => ColorModel::Rgba,
        };
        let key = chunks.transparency.map(|transparency| {
            let (samples, _) = transparency.as_chunks::<2>();
            let samples = samples.iter().map(|sample| u16::from_be_bytes(*sample));
            samples.collect::<Vec<_>>()
        });
        let (model, conversion) = match (chunks.color_type, key) {
            (PALETTE, _) => {
                let model = if chunks.transparency.is_some() {
                    with_alpha
                } else {
                    stored
                };
                (model, Conversion::Table(colors(chunks)?))
            }
            (0, key) if chunks.depth < 16 => {
                let key = key.as_ref().and_then(|key| key.first());
                let model = if key.is_some() { with_alpha } else { stored };
                if chunks.depth == 8 && key.is_none() {
                    (model, Conversion::Depth)
                } else {
                    (model, Conversion::Table(grays(chunks.depth, key)))
                }
            }
            (0 | 2, Some(key)) if key.len() >= stored.channels() => {
                (with_alpha, Conversion::Key(key))
            }
            _ => (stored, Conversion::Depth),
        };
        Ok(Self {
            model,
            depth: chunks.depth.into(),
            conversion,
        })
    }

    /// Whether stored samples need no conversion.
    pub fn are_final(&self) -> bool {
        self.depth == 8 && matches!(self.conversion, Conversion::Depth)
    }

    pub fn convert(&self, stored: &[u8], pixels: &mut [u8]) {
        let channels = self.model.channels();
        match &self.conversion {
            Conversion::Depth if self.depth == 16 => {
                for (sample, [high, _]) in pixels.iter_mut().zip(stored.as_chunks::<2>().0) {
                    *sample = *high;
                }
            }
            Conversion::Depth => pixels.copy_from_slice(stored),
            Conversion::Table(table) => match self.model {
                ColorModel::Gray => self.look_up::<1>(table, stored, pixels),
                ColorModel::GrayAlpha => self.look_up::<2>(table, stored, pixels),
                ColorModel::Rgb => self.look_up::<3>(table, stored, pixels),
                ColorModel::Rgba | ColorModel::Cmyk => self.look_up::<4>(table, stored, pixels),
            },
            Conversion::Key(key) => {
                let bytes = self.depth / 8;
                let stored = stored.chunks_exact((channels - 1) * bytes);
                for (pixel, stored) in pixels.chunks_exact_mut(channels).zip(stored) {
                    let mut is_key = true;
                    for (channel, sample) in stored.chunks_exact(bytes).enumerate() {
                        pixel[channel] = sample[0];
                        let value = sample
                            .iter()
                            .fold(0, |value, byte| value << 8 | u16::from(*byte));
                        is_key &= value == key[channel];
                    }
                    pixel[channels - 1] = if is_key { 0 } else { 255 };
                }
            }
        }
    }
}

impl Samples {
    fn look_up<const N: usize>(&self, table: &[[u8; 4]; 256], stored: &[u8], pixels: &mut [u8]) {
        let pixels = pixels.as_chunks_mut::<N>().0.iter_mut();
        let color = |index: u8| -> [u8; N] {
            let entry = table[usize::from(index)];
            std::array::from_fn(|channel| entry[channel])
        };
        if self.depth == 8 {
            for (pixel, index) in pixels.zip(stored) {
                *pixel = color(*index);
            }
            return;
        }
        let (per_byte, mask) = (8 / self.depth, u8::MAX >> (8 - self.depth));
        for (x, pixel) in pixels.enumerate() {
            let shift = 8 - self.depth * (x % per_byte + 1);
            *pixel = color(stored[x / per_byte] >> shift & mask);
        }
    }
}

/// RGBA by index; opaque black where the file has no color.
fn colors(chunks: &Chunks<'_>) -> Result<Box<[[u8; 4]; 256]>, Error> {
    if chunks.palette.is_empty() {
        return Err(Error::corrupt("it has no palette"));
    }
    if !chunks.palette.len().is_multiple_of(3) {
        return Err(Error::corrupt("its palette ends within a color"));
    }
    let mut table = Box::new([[0, 0, 0, 255]; 256]);
    for (entry, [r, g, b]) in table.iter_mut().zip(chunks.palette.as_chunks().0) {
        *entry = [*r, *g, *b, 255];
    }
    for (entry, alpha) in table
        .iter_mut()
        .zip(chunks.transparency.unwrap_or_default())
    {
        entry[3] = *alpha;
    }
    Ok(table)
}

/// Gray and alpha by stored level.
fn grays(depth: u8, transparent: Option<&u16>) -> Box<[[u8; 4]; 256]> {
    let max = usize::from(u8::MAX >> (8 - depth));
    Box::new(std::array::from_fn(|level| {
        let is_transparent = transparent.is_some_and(|key| usize::from(*key) == level);
        let gray = level.min(max) * 255 / max;
        [gray as u8, if is_transparent { 0 } else { 255 }, 0, 0]
    }))
}
