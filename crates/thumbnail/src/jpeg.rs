//! JPEG (ITU-T T.81), decoded to the sizes wanted without ever holding the image at full size.
//!
//! Entropy-coded data must be read from end to end, but only those coefficients of a block are used that the sizes
//! wanted depend on. A block becomes 1, 2, 4 or 8 samples a side, and rows of samples go straight to resampling.
//! Luma and chroma stay separate planes until they are encoded, unless RGB is wanted.

#![allow(
    clippy::cast_possible_wrap,
    clippy::inline_always,
    reason = "coefficients have 16 bits at most; what is inlined is the inner loop, which must stay in registers"
)]

mod bits;
mod coefficients;
mod frame;
mod huffman;
mod idct;
mod parser;
mod progressive;
mod samples;
mod scale;
mod scaled_idct;
mod scaling;
pub(crate) mod segments;
mod streamed;
mod upsample;

pub(crate) use samples::{Samples, samples};
pub(crate) use scaled_idct::ZIGZAG;
pub(crate) use segments::header;

use crate::Error;
use crate::decode::{Chroma, Scaled, Target};
use crate::header::Header;
use frame::Process;
use parser::{ColorSpace, Parser};
use scale::component_scales;
use scaling::Scaling;

/// Entropy-coded data that contradict the tables or end early. It has no details, which would slow the inner loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InvalidData;

impl From<InvalidData> for Error {
    fn from(_: InvalidData) -> Self {
        Self::corrupt("its compressed data are invalid or end early")
    }
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let mut parser = Parser::new(bytes, header.height as usize);
    let scan = parser
        .next_scan()?
        .ok_or_else(|| Error::corrupt("it ends before its pixels begin"))?;
    let frame = parser.frame()?;
    if (frame.width, frame.height) != (header.width as usize, header.height as usize) {
        return Err(Error::corrupt("its size is not the one in its header"));
    }
    let icc_profile = parser.icc_profile();
    let color_space = parser.color_space(&frame);
    let half_chroma = target.chroma == Chroma::Half
        && icc_profile.is_none()
        && matches!(color_space, ColorSpace::Gray | ColorSpace::YCbCr);
    let side =
        |side: fn(&(usize, usize)) -> usize| target.sizes.iter().map(side).max().unwrap_or(1);
    let largest = (side(|size| size.0), side(|size| size.1));
    let scales = component_scales(&frame, largest, half_chroma);
    let mut scaling = Scaling::new(color_space, &scales, target.sizes, half_chroma);
    let emit = |component: usize, row: &[f32]| scaling.row(component, row);
    if frame.process == Process::Sequential && scan.components.len() == frame.components.len() {
        streamed::read(bytes, &parser, &frame, &scan, &scales, emit)?;
    } else {
        coefficients::read(
            bytes,
            &mut parser,
            &frame,
            scan,
            &scales,
            target.limits,
            emit,
        )?;
    }
    Ok(Scaled {
        images: scaling.finish(),
        icc_profile,
    })
}
