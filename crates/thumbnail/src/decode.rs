//! A file to its pixels.

mod full;
mod jpeg;
pub(crate) mod png;
pub(crate) mod webp;

use crate::header::Header;
use crate::pixels::Pixels;
use crate::{Error, Format, Limits};

/// Small pictures and their ICC profile; nothing where the picture must be decoded whole.
pub(crate) type Rows = Option<(Vec<Pixels>, Option<Vec<u8>>)>;

/// A picture at full size.
pub(crate) struct Picture {
    pub pixels: Pixels,
    /// ICC profile that the samples are meant in.
    pub profile: Option<Vec<u8>>,
}

pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Picture, Error> {
    match header.format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        format => full::decode(bytes, format, limits),
    }
}
