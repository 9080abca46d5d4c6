//! `YCbCr` of any matrix, range and transfer to sRGB. Planes are scaled first, so that few samples are converted.

use super::image::{Crop, Image, Nclx};
use super::planes::Planes;
use crate::Error;
use crate::decode::Scaled;
use crate::pixels::{ColorModel, Pixels};
use crate::planes::{Plane, interleave};
use crate::raster::Raster;
use crate::resample::{Axis, Between, PlaneResample, Resample, byte};
use crate::srgb::encode_linear;

/// ITU-T H.273, table 2 to 4.
const PRIMARIES_BT2020: u16 = 9;
const PRIMARIES_P3: [u16; 2] = [11, 12];
const TRANSFER_LINEAR: u16 = 8;
const TRANSFER_PQ: u16 = 16;
const TRANSFER_HLG: u16 = 18;

/// An image without alpha, plane by plane.
pub(super) fn scale(
    planes: &mut Planes<'_, '_>,
    image: &Image<'_>,
    sizes: &[(usize, usize)],
) -> Result<Scaled, Error> {
    let Crop {
        left,
        top,
        width,
        height,
    } = image.crop;
    let (across, down) = planes.subsampling.unwrap_or((1, 1));
    let axis = |start: usize, length: usize, factor: usize| Axis {
        samples: (start + length).div_ceil(factor) - start / factor,
        length: length as f64 / factor as f64,
        mean_of: 1,
    };
    let count = if planes.subsampling.is_some() { 3 } else { 1 };
    let of_plane = |plane: usize| {
        let (across, down) = if plane == 0 { (1, 1) } else { (across, down) };
        (axis(left, width, across), axis(top, height, down))
    };
    let mut resamples: Vec<Vec<PlaneResample>> = (0..count)
        .map(|plane| {
            let (horizontal, vertical) = of_plane(plane);
            let resample = |size: &(usize, usize)| {
                PlaneResample::new(horizontal, vertical, *size, Between::Bytes)
            };
            sizes.iter().map(resample).collect()
        })
        .collect();
    let mut row = vec![0.0; width];
    for y in top..top + height {
        planes.seek(y)?;
        for (plane, resamples) in resamples.iter_mut().enumerate() {
            if plane > 0 && y != top && !planes.is_chroma_row(y) {
                continue;
            }
            let (horizontal, _) = of_plane(plane);
            let factor = if plane == 0 { 1 } else { across };
            let row = &mut row[..horizontal.samples];
            planes.row(plane, y, left / factor, row);
            for resample in resamples {
                resample.row(row);
            }
        }
    }
    let mut finished: Vec<_> = resamples
        .into_iter()
        .map(|sizes| sizes.into_iter().map(PlaneResample::finish))
        .collect();
    let converter = Converter::new(planes.nclx, image.icc_profile.is_some());
    let images = sizes
        .iter()
        .map(|_| {
            let mut planes: Vec<Plane> = finished.iter_mut().filter_map(Iterator::next).collect();
            if let [luma, blue, red] = planes.as_mut_slice() {
                let samples = luma.data.iter_mut().zip(&mut blue.data).zip(&mut red.data);
                for ((luma, blue), red) in samples {
                    let [y, cb, cr] = [*luma, *blue, *red].map(Plane::to_level);
                    [*luma, *blue, *red] = converter.rgb(y, cb, cr).map(Plane::from_level);
                }
            }
            let mut pixels = interleave(&planes);
            converter.to_srgb(&mut pixels);
            Raster::Pixels(pixels)
        })
        .collect();
    Ok(Scaled {
        images,
        icc_profile: image.icc_profile.map(<[u8]>::to_vec),
    })
}

/// An image with alpha (width, height and samples), row by row, so that transparent pixels do not color visible ones.
pub(super) fn scale_with_alpha(
    planes: &mut Planes<'_, '_>,
    image: &Image<'_>,
    (alpha_width, alpha_height, alpha): &(usize, usize, Vec<u8>),
    sizes: &[(usize, usize)],
) -> Result<Scaled, Error> {
    let Crop {
        left,
        top,
        width,
        height,
    } = image.crop;
    let converter = Converter::new(planes.nclx, image.icc_profile.is_some());
    let mut resamples: Vec<Resample> = sizes
        .iter()
        .map(|size| Resample::new(ColorModel::Rgba, (width, height), *size))
        .collect();
    let all = (
        image.tile_width * image.across,
        image.tile_height * image.tiles.len() / image.across,
    );
    let across = planes.subsampling.map_or(1, |(across, _)| across);
    let chroma_left = left / across;
    let chroma_width = (left + width).div_ceil(across) - chroma_left;
    let mut luma = vec![0.0; width];
    let mut chroma = [vec![128.0; chroma_width], vec![128.0; chroma_width]];
    let mut pixels = Vec::with_capacity(width * 4);
    for y in top..top + height {
        planes.seek(y)?;
        planes.row(0, y, left, &mut luma);
        if planes.subsampling.is_some() {
            for (plane, row) in chroma.iter_mut().enumerate() {
                planes.row(plane + 1, y, chroma_left, row);
            }
        }
        pixels.clear();
        let alpha_row = &alpha[y * alpha_height / all.1 * alpha_width..][..*alpha_width];
        for (x, luma) in luma.iter().enumerate() {
            let at = (left + x) / across - chroma_left;
            let mut rgb = if planes.subsampling.is_some() {
                converter.rgb(*luma, chroma[0][at], chroma[1][at])
            } else {
                [*luma; 3]
            };
            let alpha = alpha_row[(left + x) * alpha_width / all.0];
            if image.premultiplied && alpha > 0 {
                rgb = rgb.map(|color| color * 255.0 / f32::from(alpha));
            }
            let [r, g, b] = rgb.map(byte);
            pixels.extend([r, g, b, alpha]);
        }
        for resample in &mut resamples {
            resample.row(&pixels);
        }
    }
    let images = resamples
        .into_iter()
        .map(|resample| {
            let mut pixels = resample.finish();
            converter.to_srgb(&mut pixels);
            Raster::Pixels(pixels)
        })
        .collect();
    Ok(Scaled {
        images,
        icc_profile: image.icc_profile.map(<[u8]>::to_vec),
    })
}

struct Converter {
    matrix: Matrix,
    transfer: Transfer,
    /// From the file's primaries to those of sRGB, in linear light.
    primaries: Option<[[f32; 3]; 3]>,
}

enum Matrix {
    /// Green, blue, red.
    Identity,
    YCgCo,
    /// The share of red and of blue in luma.
    Weights(f32, f32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transfer {
    /// That of sRGB, or one so close that decoders treat it as such.
    Srgb,
    Linear,
    Pq,
    Hlg,
}

impl Converter {
    /// An ICC profile replaces transfer and primaries.
    fn new(nclx: Nclx, has_icc_profile: bool) -> Self {
        let matrix = match nclx.matrix {
            0 => Matrix::Identity,
            1 => Matrix::Weights(0.2126, 0.0722),
            4 => Matrix::Weights(0.30, 0.11),
            7 => Matrix::Weights(0.212, 0.087),
            8 => Matrix::YCgCo,
            9 | 10 => Matrix::Weights(0.2627, 0.0593),
            // BT.601, and unspecified ones.
            _ => Matrix::Weights(0.299, 0.114),
        };
        let (transfer, primaries) = if has_icc_profile {
            (Transfer::Srgb, None)
        } else {
            let transfer = match nclx.transfer {
                TRANSFER_LINEAR => Transfer::Linear,
                TRANSFER_PQ => Transfer::Pq,
                TRANSFER_HLG => Transfer::Hlg,
                _ => Transfer::Srgb,
            };
            (transfer, primaries_to_srgb(nclx.primaries))
        };
        Self {
            matrix,
            transfer,
            primaries,
        }
    }

    fn rgb(&self, y: f32, cb: f32, cr: f32) -> [f32; 3] {
        let (blue, red) = (cb - 128.0, cr - 128.0);
        match self.matrix {
            Matrix::Identity => [cr, y, cb],
            Matrix::YCgCo => [y - blue + red, y + blue, y - blue - red],
            Matrix::Weights(of_red, of_blue) => {
                let r = y + 2.0 * (1.0 - of_red) * red;
                let b = y + 2.0 * (1.0 - of_blue) * blue;
                let g = (y - of_red * r - of_blue * b) / (1.0 - of_red - of_blue);
                [r, g, b]
            }
        }
    }

    fn to_srgb(&self, pixels: &mut Pixels) {
        if self.transfer == Transfer::Srgb && self.primaries.is_none() {
            return;
        }
        let channels = pixels.model.channels();
        for pixel in pixels.data.chunks_exact_mut(channels) {
            let stored = |index: usize| f32::from(pixel[index]) / 255.0;
            let stored = if channels < 3 {
                [stored(0); 3]
            } else {
                [stored(0), stored(1), stored(2)]
            };
            let mut light = self.light(stored);
            if let Some(rows) = self.primaries {
                light = rows.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2]);
            }
            if matches!(self.transfer, Transfer::Pq | Transfer::Hlg) {
                light = tone_map(light);
            }
            let colors = if channels < 3 { 1 } else { 3 };
            for (sample, light) in pixel[..colors].iter_mut().zip(light) {
                *sample = encode_linear(light);
            }
        }
    }

    /// Linear light, where 1 is the white of paper.
    fn light(&self, stored: [f32; 3]) -> [f32; 3] {
        /// The luminance of that white in candelas per square meter (ITU-R BT.2408, section 2.1).
        const WHITE: f32 = 203.0;
        match self.transfer {
            Transfer::Linear => stored,
            Transfer::Srgb => stored.map(|level| {
                if level <= 0.040_45 {
                    level / 12.92
                } else {
                    ((level + 0.055) / 1.055).powf(2.4)
                }
            }),
            // SMPTE ST 2084.
            Transfer::Pq => stored.map(|level| {
                let root = level.powf(1.0 / 78.843_75);
                let part = (root - 0.835_937_5).max(0.0) / (18.851_563 - 18.6875 * root);
                part.powf(1.0 / 0.159_301_76) * 10_000.0 / WHITE
            }),
            // ITU-R BT.2100, table 5, for a display of 1,000 candelas per square meter.
            Transfer::Hlg => {
                let scene = stored.map(|level| {
                    if level <= 0.5 {
                        level * level / 3.0
                    } else {
                        (((level - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
                    }
                });
                let luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2];
                let gain = 1000.0 / WHITE * luminance.max(1e-6).powf(0.2);
                scene.map(|light| light * gain)
            }
        }
    }
}

/// From the primaries with a number of H.273 to those of sRGB; `None` if they are close enough to need no conversion.
fn primaries_to_srgb(primaries: u16) -> Option<[[f32; 3]; 3]> {
    match primaries {
        PRIMARIES_BT2020 => Some([
            [1.6605, -0.5876, -0.0729],
            [-0.1246, 1.1329, -0.0083],
            [-0.0182, -0.1006, 1.1187],
        ]),
        primaries if PRIMARIES_P3.contains(&primaries) => Some([
            [1.2249, -0.2247, 0.0],
            [-0.0420, 1.0419, 0.0],
            [-0.0197, -0.0786, 1.0979],
        ]),
        _ => None,
    }
}

/// Keeps levels below three quarters of white, and compresses those above into the last quarter, by the brightest
/// channel, so that hues are preserved.
fn tone_map(light: [f32; 3]) -> [f32; 3] {
    const KNEE: f32 = 0.75;
    let max = light[0].max(light[1]).max(light[2]);
    if max <= KNEE {
        return light;
    }
    let mapped = KNEE + (1.0 - KNEE) * (1.0 - (-(max - KNEE) / (1.0 - KNEE)).exp());
    light.map(|channel| channel * mapped / max)
}
