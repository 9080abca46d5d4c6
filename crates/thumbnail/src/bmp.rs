//! Windows and OS/2 bitmaps.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{Scaled, Target};
use crate::header::{Geometry, Header};
use crate::{Error, image_decoder};

/// The information header, which follows the 14 bytes of the file header.
pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let header_len = bytes.le32(14)?;
    let (width, height) = if header_len == 12 {
        (bytes.le16(18)?, bytes.le16(20)?)
    } else {
        // A negative height means rows from the top down.
        let (width, height) = (
            i32::from_le_bytes(bytes.array(18)?),
            i32::from_le_bytes(bytes.array(22)?),
        );
        (
            u64::try_from(width).map_err(|_| HeaderError::Invalid("its width is negative"))?,
            u64::from(height.unsigned_abs()),
        )
    };
    Ok(Geometry::upright(width, height))
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let decoder = BmpDecoder::new(Cursor::new(bytes));
    Ok(image_decoder::decode(decoder, header, target.limits)?.scale(target))
}
