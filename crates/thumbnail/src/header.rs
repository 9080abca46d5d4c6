//! Format, stored size and orientation, from a file's first bytes.

use crate::bytes::{Bytes, HeaderError};
use crate::{Error, Format, Limits};
use crate::{bmp, gif, heic, jpeg, png, tiff, webp};

/// What is known of an image before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Determined by the file's bytes, whatever its name.
    pub format: Format,
    /// In pixels, as stored.
    pub width: u32,
    /// In pixels, as stored.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where there is none or an invalid one.
    pub orientation: u8,
}

impl Header {
    /// Width and height of the upright image.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        if self.orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// Reads format, stored size and orientation from a file's first bytes without decoding.
///
/// `Ok(None)`: more bytes are needed. TIFF and WebP may keep their orientation at the end of the file.
///
/// # Errors
/// [`Error::UnsupportedFormat`], [`Error::CorruptImage`], [`Error::ImageTooLarge`].
pub fn header(prefix: &[u8], limits: &Limits) -> Result<Option<Header>, Error> {
    let format = Format::sniff(prefix).ok_or_else(|| {
        if Format::is_avif(prefix) {
            Error::Avif
        } else {
            Error::UnsupportedFormat
        }
    })?;
    let bytes = Bytes(prefix);
    let read = match format {
        Format::Jpeg => jpeg::header(bytes),
        Format::Png => png::header(bytes),
        Format::Gif => gif::header(bytes),
        Format::WebP => webp::header(bytes),
        Format::Bmp => bmp::header(bytes),
        Format::Tiff => tiff::header(bytes),
        Format::Heic => heic::header(bytes),
    };
    let Geometry {
        width,
        height,
        orientation,
    } = match read {
        Ok(geometry) => geometry,
        Err(HeaderError::Incomplete) => return Ok(None),
        Err(HeaderError::Invalid(why)) => return Err(Error::corrupt(why)),
    };
    if width == 0 || height == 0 {
        return Err(Error::corrupt("it has no pixels"));
    }
    limits.check_size(width, height)?;
    let side = |pixels: u64| {
        u32::try_from(pixels).map_err(|_| Error::ImageTooLarge {
            width,
            height,
            limit: limits.pixels,
        })
    };
    Ok(Some(Header {
        format,
        width: side(width)?,
        height: side(height)?,
        orientation: valid_orientation(orientation),
    }))
}

/// A header's fields as stored, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub width: u64,
    pub height: u64,
    pub orientation: u64,
}

impl Geometry {
    pub fn upright(width: u64, height: u64) -> Self {
        Self {
            width,
            height,
            orientation: 1,
        }
    }
}

fn valid_orientation(orientation: u64) -> u8 {
    if (1..=8).contains(&orientation) {
        orientation as u8
    } else {
        1
    }
}
