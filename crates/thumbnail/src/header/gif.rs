//! `GIF89a`, section 18: the logical screen, which is the canvas of every frame.

use super::{Bytes, Size, Unread};

pub(super) fn read(bytes: Bytes<'_>) -> Result<Size, Unread> {
    Ok(Size {
        width: bytes.le16(6)?,
        height: bytes.le16(8)?,
        orientation: 1,
    })
}
