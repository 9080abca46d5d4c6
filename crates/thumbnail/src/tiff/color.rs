//! Converts levels of 8 bits to gray, RGB or CMYK, as the photometric interpretation says.

use super::encoding::{Compression, Photometric, SampleFormat};
use super::layout::Layout;
use crate::Error;
use crate::ifd::tag;
use crate::pixels::{ColorModel, Pixels};
use crate::resample::byte;
use crate::srgb;

/// How a pixel's levels are converted.
pub(super) enum Colors {
    Gray {
        inverted: bool,
    },
    Rgb,
    Cmyk,
    Palette(Vec<[u8; 3]>),
    YCbCr(Box<YCbCr>),
    /// L*, then a* and b*, where 128 is 0 once the signs are those of ICC.
    Lab {
        flip_signs: bool,
    },
}

impl Colors {
    pub fn read(layout: &Layout<'_>) -> Result<Self, Error> {
        Ok(match layout.photometric {
            Photometric::WhiteIsZero => Self::Gray { inverted: true },
            Photometric::BlackIsZero | Photometric::LogL => Self::Gray { inverted: false },
            Photometric::Rgb | Photometric::LogLuv => Self::Rgb,
            Photometric::Cmyk => Self::Cmyk,
            Photometric::Palette => Self::Palette(palette(layout)?),
            Photometric::YCbCr => Self::YCbCr(Box::new(YCbCr::read(layout))),
            Photometric::CieLab => Self::Lab {
                flip_signs: layout.format != SampleFormat::Float,
            },
            Photometric::IccLab => Self::Lab { flip_signs: false },
        })
    }

    /// The model of the output of [`Self::convert`]; the alpha of CMYK is a separate plane.
    pub fn model(&self, alpha: bool) -> ColorModel {
        match (self, alpha) {
            (Self::Gray { .. }, false) => ColorModel::Gray,
            (Self::Gray { .. }, true) => ColorModel::GrayAlpha,
            (Self::Cmyk, _) => ColorModel::Cmyk,
            (_, false) => ColorModel::Rgb,
            (_, true) => ColorModel::Rgba,
        }
    }

    /// Converts a row whose pixels have `samples` levels each.
    pub fn convert(
        &self,
        row: &[u8],
        samples: usize,
        alpha: Option<(usize, bool)>,
        out: &mut Vec<u8>,
    ) {
        for pixel in row.chunks_exact(samples) {
            let begin = out.len();
            match self {
                Self::Gray { inverted: false } => out.push(pixel[0]),
                Self::Gray { inverted: true } => out.push(255 - pixel[0]),
                Self::Rgb | Self::Palette(_) => out.extend_from_slice(&pixel[..3]),
                Self::Cmyk => out.extend_from_slice(&pixel[..4]),
                Self::YCbCr(ycbcr) => out.extend(ycbcr.rgb(pixel[0], pixel[1], pixel[2])),
                Self::Lab { flip_signs } => {
                    let sign = if *flip_signs { 0x80 } else { 0 };
                    out.extend([pixel[0], pixel[1] ^ sign, pixel[2] ^ sign]);
                }
            }
            if let Some((sample, premultiplied)) = alpha {
                let alpha = pixel[sample];
                if premultiplied && alpha < 255 {
                    for color in &mut out[begin..] {
                        let full = u32::from(*color) * 255 + u32::from(alpha) / 2;
                        *color = full.checked_div(u32::from(alpha)).unwrap_or(0).min(255) as u8;
                    }
                }
                if !matches!(self, Self::Cmyk) {
                    out.push(alpha);
                }
            }
        }
    }
}

/// `ColorMap`: all red, all green, all blue, of 16 bits. Some writers fill 8, which libtiff accepts.
fn palette(layout: &Layout<'_>) -> Result<Vec<[u8; 3]>, Error> {
    let map = layout
        .directory
        .values(tag::COLOR_MAP)
        .ok_or_else(|| Error::corrupt("it has no palette"))?;
    let colors = 1_usize << layout.bits;
    let stored = |index| map.number(index).unwrap_or(0);
    let shift = if (0..map.len().min(3 * colors)).any(|index| stored(index) > 255) {
        8
    } else {
        0
    };
    Ok((0..colors)
        .map(|color| [0, 1, 2].map(|channel| (stored(channel * colors + color) >> shift) as u8))
        .collect())
}

/// `YCbCr` to RGB by the file's coefficients and reference levels (TIFF 6.0, section 21).
pub(super) struct YCbCr {
    luma: [f32; 256],
    red_of_cr: [f32; 256],
    blue_of_cb: [f32; 256],
    green_of_cb: [f32; 256],
    green_of_cr: [f32; 256],
}

impl YCbCr {
    fn read(layout: &Layout<'_>) -> Self {
        // JPEG defines its own.
        let is_jpeg = matches!(layout.compression, Compression::Jpeg | Compression::OldJpeg);
        let numbers = |tag, defaults: &[f64]| -> Vec<f32> {
            let values = layout.directory.values(tag).filter(|_| !is_jpeg);
            let read: Option<Vec<f64>> = values.and_then(|values| {
                (0..defaults.len())
                    .map(|index| values.real(index))
                    .collect()
            });
            let numbers = read.unwrap_or_else(|| defaults.to_vec());
            numbers.into_iter().map(|number| number as f32).collect()
        };
        let coefficients = numbers(tag::YCBCR_COEFFICIENTS, &[0.299, 0.587, 0.114]);
        let [red, green, blue] = [coefficients[0], coefficients[1].max(0.01), coefficients[2]];
        let levels = numbers(
            tag::REFERENCE_BLACK_WHITE,
            &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
        );
        let scaled = |black: f32, white: f32, full: f32| -> [f32; 256] {
            let range = if (white - black).abs() < 1.0 {
                full
            } else {
                white - black
            };
            std::array::from_fn(|level| (level as f32 - black) * full / range)
        };
        let cb = scaled(levels[2], levels[3], 127.0);
        let cr = scaled(levels[4], levels[5], 127.0);
        Self {
            luma: scaled(levels[0], levels[1], 255.0),
            red_of_cr: cr.map(|cr| cr * (2.0 - 2.0 * red)),
            blue_of_cb: cb.map(|cb| cb * (2.0 - 2.0 * blue)),
            green_of_cb: cb.map(|cb| -cb * blue * (2.0 - 2.0 * blue) / green),
            green_of_cr: cr.map(|cr| -cr * red * (2.0 - 2.0 * red) / green),
        }
    }

    fn rgb(&self, y: u8, cb: u8, cr: u8) -> [u8; 3] {
        let (y, cb, cr) = (self.luma[usize::from(y)], usize::from(cb), usize::from(cr));
        [
            byte(y + self.red_of_cr[cr]),
            byte(y + self.green_of_cb[cb] + self.green_of_cr[cr]),
            byte(y + self.blue_of_cb[cb]),
        ]
    }
}

/// L*a*b* to sRGB, in place.
pub(super) fn lab_to_srgb(pixels: &mut Pixels) {
    let step = pixels.model.channels();
    for pixel in pixels.data.chunks_exact_mut(step) {
        let [lightness, a, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let lab = [lightness / 2.55, a - 128.0, b - 128.0];
        pixel[..3].copy_from_slice(&srgb::light_to_srgb(srgb::light_of_lab(lab)));
    }
}
