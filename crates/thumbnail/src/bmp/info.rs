//! The information header, which follows the 14 bytes of the file header.

use super::unsupported;
use crate::Error;
use crate::bytes::{Bytes, HeaderError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    /// Not compressed, with a bit mask for each channel.
    Masks,
    Rle4,
    Rle8,
    Rle24,
}

pub(super) struct Info<'a> {
    pub is_top_down: bool,
    pub bits: usize,
    pub compression: Compression,
    /// Of red, green, blue and alpha; that of alpha is 0 without alpha.
    pub masks: [u32; 4],
    /// Position of the pixels.
    pub data: usize,
    colors: &'a [u8],
    /// Bytes of an entry of `colors`.
    color_len: usize,
}

/// Length of `BITMAPCOREHEADER`, whose sides have 16 bits.
const CORE_LEN: u64 = 12;
/// Lengths of the headers of OS/2 2.x.
const OS2_LENS: [u64; 2] = [16, 64];

/// Width, height, and whether rows are stored from the top.
pub(super) fn size(bytes: Bytes<'_>) -> Result<(u64, u64, bool), HeaderError> {
    if bytes.le32(14)? == CORE_LEN {
        return Ok((bytes.le16(18)?, bytes.le16(20)?, false));
    }
    let [width, height] = [bytes.array(18)?, bytes.array(22)?].map(i32::from_le_bytes);
    let width = u64::try_from(width).map_err(|_| HeaderError::Invalid("its width is negative"))?;
    // A negative height means rows from the top.
    Ok((width, height.unsigned_abs().into(), height < 0))
}

impl<'a> Info<'a> {
    pub fn parse(bytes: Bytes<'a>) -> Result<Self, Error> {
        Self::read(bytes).unwrap_or_else(|_| Err(Error::corrupt("its header ends early")))
    }

    fn read(bytes: Bytes<'a>) -> Result<Result<Self, Error>, HeaderError> {
        let (_, _, is_top_down) = size(bytes)?;
        let len = bytes.le32(14)?;
        let bits = bytes.le16(if len == CORE_LEN { 24 } else { 28 })?;
        let stated = if len >= 20 { bytes.le32(30)? } else { 0 };
        let compression = match (stated, bits) {
            (0, _) => Compression::None,
            (1, 8) => Compression::Rle8,
            (2, 4) => Compression::Rle4,
            (4, 24) if OS2_LENS.contains(&len) => Compression::Rle24,
            (3 | 6, 16 | 32) if !OS2_LENS.contains(&len) => Compression::Masks,
            (3, 1) if OS2_LENS.contains(&len) => {
                return Ok(Err(unsupported("it is compressed as a fax")));
            }
            (4, _) => return Ok(Err(unsupported("it contains a JPEG"))),
            (5, _) => return Ok(Err(unsupported("it contains a PNG"))),
            _ => return Ok(Err(unsupported("it has an unknown compression"))),
        };
        let mut end = 14 + len;
        let masks = match compression {
            Compression::Masks => {
                let [red, green, blue] = [bytes.le32(54)?, bytes.le32(58)?, bytes.le32(62)?];
                // A header of 56 bytes or more holds a mask for alpha; the masks follow a header of 40 bytes.
                let alpha = if len >= 56 || stated == 6 {
                    bytes.le32(66)?
                } else {
                    0
                };
                if len < 52 {
                    end += if stated == 6 { 16 } else { 12 };
                }
                [red, green, blue, alpha].map(|mask| mask as u32)
            }
            _ if bits == 16 => [0x7c00, 0x03e0, 0x001f, 0],
            _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0],
        };
        let color_len = if len == CORE_LEN { 3 } else { 4 };
        let data = match bytes.le32(10)? {
            0 if bits <= 8 => {
                let used = if len >= 36 { bytes.le32(46)? } else { 0 };
                let colors = if used == 0 { 1 << bits } else { used };
                end + colors * color_len
            }
            0 => end,
            data => data,
        };
        let file = bytes.0;
        let colors = file
            .get(end as usize..(data as usize).min(file.len()))
            .unwrap_or_default();
        Ok(Ok(Self {
            is_top_down,
            bits: bits as usize,
            compression,
            masks,
            data: data as usize,
            colors,
            color_len: color_len as usize,
        }))
    }

    pub fn alpha_mask(&self) -> u32 {
        self.masks[3]
    }

    /// Red, green, blue of each index; black where the file has no color.
    pub fn palette(&self) -> [[u8; 3]; 256] {
        let mut palette = [[0; 3]; 256];
        for (entry, color) in palette
            .iter_mut()
            .zip(self.colors.chunks_exact(self.color_len))
        {
            *entry = [color[2], color[1], color[0]];
        }
        palette
    }
}
