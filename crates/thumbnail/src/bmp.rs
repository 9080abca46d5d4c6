//! Windows and OS/2 bitmaps. Rows are usually stored from the bottom; they are scaled in the order of the file, and the
//! result is flipped.

mod info;
mod rle;

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{RowScaler, Scaled, Target};
use crate::header::{Geometry, Header};
use crate::pixels::ColorModel;
use crate::{Error, Format};
use info::{Compression, Info};
use rle::Rle;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let (width, height, _) = info::size(bytes)?;
    Ok(Geometry::upright(width, height))
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let info = Info::parse(Bytes(bytes))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let pixels = bytes.get(info.data..).unwrap_or_default();
    let model = if info.alpha_mask() == 0 {
        ColorModel::Rgb
    } else {
        ColorModel::Rgba
    };
    let mut scaler = RowScaler::new(model, (width, height), target);
    let mut row = vec![0; width * model.channels()];
    match info.compression {
        Compression::None | Compression::Masks => {
            let unpack = Unpack::new(&info, model)?;
            let stride = (width * info.bits).div_ceil(32) * 4;
            // The padding of the last row may be missing.
            let used = (width * info.bits).div_ceil(8);
            for y in 0..height {
                let stored = pixels.get(y * stride..y * stride + used);
                unpack.row(stored.ok_or_else(ends_early)?, &mut row);
                scaler.row(&row);
            }
        }
        Compression::Rle4 | Compression::Rle8 | Compression::Rle24 => {
            let palette = info.palette();
            let mut rle = Rle::new(pixels, info.compression, width);
            for _ in 0..height {
                let (indexes, colors) = rle.row()?;
                let pixels = row.as_chunks_mut::<3>().0.iter_mut();
                if info.compression == Compression::Rle24 {
                    pixels
                        .zip(colors)
                        .for_each(|(pixel, color)| *pixel = *color);
                } else {
                    pixels
                        .zip(indexes)
                        .for_each(|(pixel, index)| *pixel = palette[usize::from(*index)]);
                }
                scaler.row(&row);
            }
        }
    }
    let as_stored = scaler.finish(None);
    Ok(if info.is_top_down {
        as_stored
    } else {
        as_stored.flipped()
    })
}

/// Stored rows of pixels to samples.
enum Unpack {
    Palette(usize, Box<[[u8; 3]; 256]>),
    Bgr,
    /// Bytes of a pixel, and a channel for each mask.
    Masks(usize, Vec<Channel>),
}

struct Channel {
    mask: u32,
    shift: u32,
}

impl Channel {
    fn new(mask: u32) -> Self {
        Self {
            mask,
            shift: mask.trailing_zeros().min(31),
        }
    }

    /// The value of this channel, scaled to 8 bits.
    fn of(&self, pixel: u32) -> u8 {
        let max = u64::from(self.mask >> self.shift).max(1);
        let value = u64::from((pixel & self.mask) >> self.shift);
        ((value * 255 + max / 2) / max) as u8
    }
}

impl Unpack {
    fn new(info: &Info<'_>, model: ColorModel) -> Result<Self, Error> {
        Ok(match info.bits {
            bits @ (1 | 2 | 4 | 8) => Self::Palette(bits, Box::new(info.palette())),
            24 => Self::Bgr,
            bits @ (16 | 32) => {
                let masks = info.masks.into_iter().take(model.channels());
                Self::Masks(bits / 8, masks.map(Channel::new).collect())
            }
            bits => return Err(unsupported(&format!("it has {bits} bits a pixel"))),
        })
    }

    fn row(&self, stored: &[u8], row: &mut [u8]) {
        match self {
            Self::Palette(bits, palette) => {
                let (per_byte, mask) = (8 / bits, (1_u32 << bits) - 1);
                for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    let shift = 8 - bits * (x % per_byte + 1);
                    let index = u32::from(stored[x / per_byte]) >> shift & mask;
                    *pixel = palette[index as usize];
                }
            }
            Self::Bgr => {
                let pixels = row.as_chunks_mut::<3>().0.iter_mut();
                for (pixel, [b, g, r]) in pixels.zip(stored.as_chunks::<3>().0) {
                    *pixel = [*r, *g, *b];
                }
            }
            Self::Masks(bytes, channels) => {
                let pixels = row.chunks_exact_mut(channels.len());
                for (pixel, stored) in pixels.zip(stored.chunks_exact(*bytes)) {
                    let stored = stored
                        .iter()
                        .rev()
                        .fold(0, |all, byte| all << 8 | u32::from(*byte));
                    for (sample, channel) in pixel.iter_mut().zip(channels) {
                        *sample = channel.of(stored);
                    }
                }
            }
        }
    }
}

fn unsupported(detail: &str) -> Error {
    Error::UnsupportedVariant {
        format: Format::Bmp,
        detail: detail.to_owned(),
    }
}

fn ends_early() -> Error {
    Error::corrupt("its pixels end early")
}
