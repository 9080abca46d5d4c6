//! PNG, third edition: `IHDR`, and `eXIf` where it comes before the pixels.

use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::tiff;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut at = 8;
    let mut size = None;
    loop {
        let len = bytes.be32(at)?;
        match (&bytes.array(at + 4)?, &mut size) {
            (b"IHDR", None) => {
                size = Some(Geometry::upright(bytes.be32(at + 8)?, bytes.be32(at + 12)?));
            }
            (_, None) => return Err(HeaderError::Invalid("it does not begin with an IHDR chunk")),
            (b"eXIf", Some(size)) => {
                size.orientation = tiff::exif_orientation(bytes.slice(at + 8, len)?);
            }
            (b"IDAT" | b"IEND", Some(_)) => break,
            _ => {}
        }
        at += 12 + len;
    }
    size.ok_or(HeaderError::Invalid("it does not begin with an IHDR chunk"))
}
