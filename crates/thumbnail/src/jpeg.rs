//! JPEG to small planes without ever having the image: of each block only the coefficients are used that the
//! size wanted can show.
//!
//! Entropy coding must be read from end to end, but most of it only to know where it ends. A block becomes 1, 2, 4 or 8
//! samples a side, rows of samples go straight into Lanczos3, and luma and color stay planes until they are encoded,
//! unless RGB is wanted.
//! Anything out of the ordinary is [`Unusual`] and left to the full decoder.

#![allow(
    clippy::cast_possible_wrap,
    clippy::inline_always,
    reason = "coefficients have 16 bits at most; what is inlined is the inner loop, which must stay in registers"
)]

mod bits;
mod frame;
mod full;
mod huffman;
mod idct;
mod progressive;
mod scale;
mod scaled_idct;
mod segments;
mod sequential;
mod upsample;

pub(crate) use scaled_idct::ZIGZAG;
pub(crate) use segments::header;

use crate::Error;
use crate::decode::{Chroma, Scaled, Target};
use crate::header::Header;
use crate::planes::{Plane, Planes, interleave};
use crate::raster::Raster;
use crate::resample::{Between, PlaneResample};
use scale::Reduction;
use upsample::Colors;

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    match scaled(bytes, target) {
        Ok(scaled) => Ok(scaled),
        Err(Unusual) => Ok(full::decode(bytes, header, target.limits)?.scale(target)),
    }
}

/// This file is for the full decoder, which also says what is wrong with it, if anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusual;

/// Decodes to planes, chroma at half the size, where the target allows it and there is no profile to convert from; to
/// gray or RGB otherwise.
fn scaled(bytes: &[u8], target: &Target<'_>) -> Result<Scaled, Unusual> {
    let mut tables = frame::Tables::new(bytes);
    let scan = tables.next_scan()?.ok_or(Unusual)?;
    let frame = tables.frame.clone().ok_or(Unusual)?;
    let icc_profile = tables.icc_profile();
    if frame.width == 0 || frame.height == 0 || !tables.is_ycc(&frame) {
        return Err(Unusual);
    }
    let largest = (
        target.sizes.iter().map(|size| size.0).max().unwrap_or(1),
        target.sizes.iter().map(|size| size.1).max().unwrap_or(1),
    );
    let halve = target.chroma == Chroma::Half && icc_profile.is_none();
    let reductions = scale::plan(&frame, largest, halve);
    let mut scaling = Scaling::new(&reductions, target.sizes, halve);
    let give = |component: usize, row: &[f32]| scaling.row(component, row);
    if frame.progressive {
        let memory = target.limits.memory;
        progressive::read(bytes, &mut tables, &frame, scan, &reductions, memory, give)?;
    } else {
        sequential::read(bytes, &tables, &frame, &scan, &reductions, give)?;
    }
    Ok(Scaled {
        images: scaling.finish(),
        icc_profile,
    })
}

/// Rows of samples on their way to each size.
struct Scaling {
    /// By component, then size.
    planes: Vec<Vec<PlaneResample>>,
    /// Where RGB is scaled.
    colors: Option<Colors>,
    halve: bool,
}

impl Scaling {
    fn new(reductions: &[Reduction], sizes: &[(usize, usize)], halve: bool) -> Self {
        let colors = if halve { None } else { Colors::new(reductions) };
        let between = if halve {
            Between::Exact
        } else {
            Between::Bytes
        };
        let planes = reductions.iter().enumerate().map(|(component, own)| {
            // Red, green and blue have the samples of luma.
            let from = if colors.is_some() {
                &reductions[0]
            } else {
                own
            };
            let small = sizes.iter().map(|(width, height)| {
                let size = if component > 0 && halve {
                    (width.div_ceil(2), height.div_ceil(2))
                } else {
                    (*width, *height)
                };
                PlaneResample::new(from.axis_across, from.axis_down, size, between)
            });
            small.collect()
        });
        Self {
            planes: planes.collect(),
            colors,
            halve,
        }
    }

    fn row(&mut self, component: usize, row: &[f32]) {
        let Some(colors) = &mut self.colors else {
            for plane in &mut self.planes[component] {
                plane.row(row);
            }
            return;
        };
        colors.row(component, row, |rgb| {
            for (planes, row) in self.planes.iter_mut().zip(rgb) {
                for plane in planes {
                    plane.row(row);
                }
            }
        });
    }

    fn finish(self) -> Vec<Raster> {
        let mut components: Vec<_> = self
            .planes
            .into_iter()
            .map(|sizes| sizes.into_iter().map(PlaneResample::finish))
            .collect();
        let sizes = components.first().map_or(0, ExactSizeIterator::len);
        let small = (0..sizes).map(|_| {
            let planes: Vec<Plane> = components.iter_mut().filter_map(Iterator::next).collect();
            if self.halve {
                Raster::Planes(Planes { planes })
            } else {
                Raster::Pixels(interleave(&planes))
            }
        });
        small.collect()
    }
}
