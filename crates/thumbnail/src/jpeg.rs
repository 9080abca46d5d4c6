//! JPEG to small planes without ever having the picture: of each block only the coefficients are used that the
//! size wanted can show.
//!
//! Entropy coding must be read from end to end, but most of it only to know where it ends. A block becomes 1, 2 or 4
//! samples a side, rows of samples go straight into Lanczos3, and luma and colour stay planes until they are encoded.
//! Anything out of the ordinary is [`Unusual`] and left to the full decoder.

#![allow(
    clippy::cast_possible_wrap,
    clippy::inline_always,
    reason = "coefficients have 16 bits at most; what is inlined is the inner loop, which must stay in registers"
)]

mod bits;
mod frame;
mod huffman;
mod plan;
mod progressive;
mod reduce;
mod sequential;

pub(crate) use progressive::{MOST_SCANS, end_of_scan};
pub(crate) use reduce::ZIGZAG;

use crate::pixels::{Model, Pixels, Plane};
use crate::resample::PlaneResample;

/// This file is for the full decoder, which also says what is wrong with it, if anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusual;

/// A small picture as JPEG has it: luma, and two planes of colour or none.
#[derive(Clone)]
pub(crate) struct Planes {
    pub planes: Vec<Plane>,
}

/// A picture at several sizes, and its ICC profile.
pub(crate) struct Reduced {
    pub small: Vec<Planes>,
    pub profile: Option<Vec<u8>>,
}

/// Reduces the picture to each of `sizes`, colour at half of it where `half_colour` is given and there is no profile
/// to convert from; in `memory` bytes.
pub(crate) fn reduce(
    bytes: &[u8],
    sizes: &[(usize, usize)],
    half_colour: bool,
    memory: u64,
) -> Result<Reduced, Unusual> {
    let mut tables = frame::Tables::new(bytes);
    let scan = tables.next_scan()?.ok_or(Unusual)?;
    let frame = tables.frame.clone().ok_or(Unusual)?;
    let profile = tables.icc_profile();
    if frame.width == 0 || frame.height == 0 || !tables.is_ycc(&frame) {
        return Err(Unusual);
    }
    let largest = (
        sizes.iter().map(|size| size.0).max().unwrap_or(1),
        sizes.iter().map(|size| size.1).max().unwrap_or(1),
    );
    let halve = half_colour && profile.is_none();
    let reductions = plan::plan(&frame, largest, halve)?;
    let mut resamples: Vec<Vec<PlaneResample>> = reductions
        .iter()
        .enumerate()
        .map(|(component, reduction)| {
            sizes
                .iter()
                .map(|(width, height)| {
                    let (width, height) = if component > 0 && halve {
                        (width.div_ceil(2), height.div_ceil(2))
                    } else {
                        (*width, *height)
                    };
                    PlaneResample::new(reduction.axis_across, reduction.axis_down, (width, height))
                })
                .collect()
        })
        .collect();
    let give = |component: usize, row: &[f32]| {
        for resample in &mut resamples[component] {
            resample.row(row);
        }
    };
    if frame.progressive {
        progressive::read(bytes, &mut tables, &frame, scan, &reductions, memory, give)?;
    } else {
        sequential::read(bytes, &tables, &frame, &scan, &reductions, give)?;
    }
    let mut small: Vec<Planes> = sizes
        .iter()
        .map(|_| Planes { planes: Vec::new() })
        .collect();
    for component in resamples {
        for (planes, resample) in small.iter_mut().zip(component) {
            planes.planes.push(resample.finish());
        }
    }
    Ok(Reduced { small, profile })
}

impl Planes {
    /// Width and height of luma.
    pub fn size(&self) -> (usize, usize) {
        (self.planes[0].width, self.planes[0].height)
    }

    /// Whether the planes of colour are half as wide and half as high as luma.
    pub fn has_half_colour(&self) -> bool {
        let (width, height) = self.size();
        let half = (width.div_ceil(2), height.div_ceil(2));
        self.planes
            .iter()
            .skip(1)
            .all(|plane| (plane.width, plane.height) == half)
    }

    pub fn upright(self, orientation: u8) -> Self {
        Self {
            planes: self
                .planes
                .into_iter()
                .map(|plane| plane.upright(orientation))
                .collect(),
        }
    }

    /// Grey or RGB; colour that is not as large as luma gives grey. (JFIF 1.02, page 3.)
    pub fn into_pixels(self) -> Pixels {
        let byte = |level| crate::resample::byte(level);
        let (width, height) = self.size();
        match self.planes.as_slice() {
            [luma, blue, red] if luma.data.len() == blue.data.len() => {
                let samples = luma.data.iter().zip(&blue.data).zip(&red.data);
                let data = samples.flat_map(|((luma, blue), red)| {
                    let (luma, blue, red) = (
                        Plane::level(*luma),
                        Plane::level(*blue) - 128.0,
                        Plane::level(*red) - 128.0,
                    );
                    [
                        luma + 1.402 * red,
                        luma - 0.344_136 * blue - 0.714_136 * red,
                        luma + 1.772 * blue,
                    ]
                    .map(byte)
                });
                Pixels {
                    width,
                    height,
                    model: Model::Rgb,
                    data: data.collect(),
                }
            }
            planes => {
                let data = planes[0]
                    .data
                    .iter()
                    .map(|luma| byte(Plane::level(*luma)))
                    .collect();
                Pixels {
                    width,
                    height,
                    model: Model::Grey,
                    data,
                }
            }
        }
    }
}
