//! The decoder of each format.

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{Scaled, Target};
use crate::header::{Geometry, Header};
use crate::{Error, Format, Limits};
use crate::{bmp, gif, heic, jpeg, png, tiff, webp};

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

/// Decodes to each size of `target`; most decoders never hold the image at full size.
pub(crate) fn decode_to_sizes(
    bytes: &[u8],
    header: &Header,
    target: &Target<'_>,
) -> Result<Scaled, Error> {
    match header.format {
        Format::Jpeg => jpeg::decode(bytes, header, target),
        Format::Png => png::decode(bytes, header, target),
        Format::Gif => gif::decode(bytes, header, target),
        Format::WebP => webp::decode(bytes, header, target),
        Format::Bmp => bmp::decode(bytes, header, target),
        Format::Tiff => tiff::decode(bytes, header, target),
        Format::Heic => heic::decode(bytes, header, target),
    }
}

fn valid_orientation(orientation: u64) -> u8 {
    if (1..=8).contains(&orientation) {
        orientation as u8
    } else {
        1
    }
}
