//! Windows and OS/2 bitmaps: the header that follows the 14 bytes of file header.

use super::{Bytes, Size, Unread};

pub(super) fn read(bytes: Bytes<'_>) -> Result<Size, Unread> {
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
            u64::try_from(width).map_err(|_| Unread::Bad("its width is negative"))?,
            u64::from(height.unsigned_abs()),
        )
    };
    Ok(Size {
        width,
        height,
        orientation: 1,
    })
}
