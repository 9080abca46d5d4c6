//! Decompresses the stored bytes of a strip or tile to its samples.

mod fax;
mod jpeg;
mod log_luv;
mod lzw;
mod old_jpeg;
mod packed;
mod ycbcr;

use std::borrow::Cow;

pub(super) use old_jpeg::OldJpeg;

use super::encoding::{Compression, Predictor};
use super::layout::Layout;
use super::predictor;
use crate::Error;

/// The rows of a chunk: samples of [`Layout::bits`] bits, side by side, each row beginning at a byte.
pub(super) fn decompress<'a>(
    layout: &Layout<'a>,
    old_jpeg: Option<&OldJpeg>,
    plane: usize,
    row: usize,
    column: usize,
) -> Result<Cow<'a, [u8]>, Error> {
    let rows = layout.chunk_rows(row);
    let size = (layout.chunks.width, rows);
    let row_bytes = layout.row_bytes();
    if let Some(old_jpeg) = old_jpeg {
        return old_jpeg.chunk(layout, row, column).map(Cow::Owned);
    }
    let stored = layout.stored(plane, row, column)?;
    // Writers of sparse files leave out what is all zero.
    if stored.is_empty() && layout.is_left_out(plane, row, column) {
        return Ok(Cow::Owned(vec![0; row_bytes * rows]));
    }
    let packed = match layout.subsampling {
        (1, 1) => row_bytes * rows,
        sampling => ycbcr::packed_len(size, sampling),
    };
    let stored = if layout.compression == Compression::None {
        stored
            .get(..packed)
            .ok_or_else(|| Error::corrupt("it ends within its pixels"))?
    } else {
        stored
    };
    // Both copies are in memory: packed and unpacked samples, or the stored bytes and those in the right bit order.
    layout.limits.check_memory(
        if layout.subsampling == (1, 1) {
            0
        } else {
            packed as u64
        } + if layout.reversed_bits {
            stored.len() as u64
        } else {
            0
        },
    )?;
    let stored = if layout.reversed_bits && layout.compression != Compression::Jpeg {
        Cow::Owned(stored.iter().map(|byte| byte.reverse_bits()).collect())
    } else {
        Cow::Borrowed(stored)
    };
    let mut rows = match layout.compression {
        Compression::None => stored,
        Compression::ModifiedHuffman { .. } | Compression::Group3 { .. } | Compression::Group4 => {
            Cow::Owned(fax::decode(layout.compression, &stored, size)?)
        }
        Compression::Lzw => Cow::Owned(lzw::decode(&stored, packed)?),
        Compression::Deflate => Cow::Owned(packed::deflate(&stored, packed)?),
        Compression::PackBits => Cow::Owned(packed::pack_bits(&stored, packed)?),
        Compression::ThunderScan => Cow::Owned(packed::thunder_scan(&stored, size)?),
        Compression::SgiLog => Cow::Owned(log_luv::decode(layout, &stored, size)?),
        Compression::Jpeg => Cow::Owned(jpeg::chunk(layout, &stored, size)?),
        Compression::OldJpeg => return Err(Error::corrupt("its JPEG has no header")),
        Compression::WebP => Cow::Owned(packed::webp(
            &stored,
            layout.chunk_samples(),
            size,
            &layout.limits,
        )?),
    };
    match layout.predictor {
        Predictor::None => {}
        Predictor::Horizontal => predictor::horizontal(rows.to_mut(), layout),
        Predictor::Float => predictor::float(rows.to_mut(), layout),
    }
    match layout.subsampling {
        (1, 1) => Ok(rows),
        sampling => Ok(Cow::Owned(ycbcr::unpack(&rows, size, sampling))),
    }
}
