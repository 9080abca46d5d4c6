//! GIF 87a and 89a: the first frame on its canvas.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{Scaled, Target};
use crate::header::{Geometry, Header};
use crate::{Error, image_decoder};

/// The logical screen (`GIF89a`, section 18), which is the canvas of every frame.
pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    Ok(Geometry::upright(bytes.le16(6)?, bytes.le16(8)?))
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let decoder = GifDecoder::new(Cursor::new(bytes));
    Ok(image_decoder::decode(decoder, header, target.limits)?.scale(target))
}
