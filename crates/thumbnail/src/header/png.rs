//! PNG, third edition: `IHDR`, and `eXIf` where it comes before the pixels.

use super::{Bytes, Size, Unread, tiff};

pub(super) fn read(bytes: Bytes<'_>) -> Result<Size, Unread> {
    let mut at = 8;
    let mut size = None;
    loop {
        let len = bytes.be32(at)?;
        match (&bytes.array(at + 4)?, &mut size) {
            (b"IHDR", None) => {
                size = Some(Size {
                    width: bytes.be32(at + 8)?,
                    height: bytes.be32(at + 12)?,
                    orientation: 1,
                });
            }
            (_, None) => return Err(Unread::Bad("it does not begin with an IHDR chunk")),
            (b"eXIf", Some(size)) => {
                size.orientation = tiff::orientation(bytes.slice(at + 8, len)?);
            }
            (b"IDAT" | b"IEND", Some(_)) => break,
            _ => {}
        }
        at += 12 + len;
    }
    size.ok_or(Unread::Bad("it does not begin with an IHDR chunk"))
}
