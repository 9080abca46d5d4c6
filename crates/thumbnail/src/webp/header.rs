//! WebP: RFC 9649 for the container, RFC 6386 section 9.1 for `VP8 `, RFC 9649 section 3 for `VP8L`.

use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::tiff;

const HAS_EXIF: u8 = 1 << 3;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let chunk = 12;
    match &bytes.array(chunk)? {
        b"VP8 " => {
            if bytes.array(chunk + 11)? != [0x9d, 0x01, 0x2a] {
                return Err(HeaderError::Invalid("it does not begin with a key frame"));
            }
            Ok(Geometry::upright(
                bytes.le16(chunk + 14)? & 0x3fff,
                bytes.le16(chunk + 16)? & 0x3fff,
            ))
        }
        b"VP8L" => {
            if bytes.array(chunk + 8)? != [0x2f] {
                return Err(HeaderError::Invalid("its lossless stream has no signature"));
            }
            let sides = bytes.le32(chunk + 9)?;
            Ok(Geometry::upright(
                (sides & 0x3fff) + 1,
                ((sides >> 14) & 0x3fff) + 1,
            ))
        }
        b"VP8X" => {
            let [flags] = bytes.array(chunk + 8)?;
            let sides = bytes.slice(chunk + 12, 6)?;
            let less_one = |low: usize| {
                sides
                    .iter()
                    .skip(low)
                    .take(3)
                    .rev()
                    .fold(0, |side, byte| side << 8 | u64::from(*byte))
            };
            let orientation = if flags & HAS_EXIF == 0 {
                1
            } else {
                exif(bytes)?
            };
            Ok(Geometry {
                width: less_one(0) + 1,
                height: less_one(3) + 1,
                orientation,
            })
        }
        _ => Err(HeaderError::Invalid("its first chunk is no image")),
    }
}

/// The `EXIF` chunk comes after the pixels. The flag may lie: the file's own length ends the search.
fn exif(bytes: Bytes<'_>) -> Result<u64, HeaderError> {
    let end = 8 + bytes.le32(4)?;
    let mut at = 12;
    while at + 8 <= end {
        let len = bytes.le32(at + 4)?;
        if &bytes.array(at)? == b"EXIF" {
            return Ok(tiff::exif_orientation(bytes.slice(at + 8, len)?));
        }
        at += 8 + len + len % 2;
    }
    Ok(1)
}
