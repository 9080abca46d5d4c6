//! JPEG in TIFF (Adobe's technical note 2): strips and tiles are JPEGs whose tables may be in a separate tag.

use super::super::layout::Layout;
use super::super::unsupported;
use crate::ifd::tag;
use crate::jpeg::{Samples, samples};
use crate::{Error, Limits};

pub(super) fn chunk(
    layout: &Layout<'_>,
    stored: &[u8],
    size: (usize, usize),
) -> Result<Vec<u8>, Error> {
    let tables = layout.directory.values(tag::JPEG_TABLES);
    let tables = tables.map_or(&[][..], |tables| tables.bytes());
    let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
    layout.limits.check_memory(stored.len() as u64)?;
    let joined;
    let stream = match stored.strip_prefix(&[0xff, 0xd8]) {
        Some(rest) if tables.starts_with(&[0xff, 0xd8]) => {
            joined = [tables, rest].concat();
            &joined
        }
        _ => stored,
    };
    decode(stream, layout.chunk_samples(), size, &layout.limits)
}

/// The samples of a JPEG, cropped or padded with zeros to `size`.
pub(super) fn decode(
    stream: &[u8],
    components: usize,
    size: (usize, usize),
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let samples = samples(stream, size, limits).map_err(|error| match error {
        Error::UnsupportedVariant { detail, .. } => {
            unsupported(format!("it holds a JPEG that is not supported: {detail}"))
        }
        other => other,
    })?;
    if samples.components != components {
        return Err(Error::corrupt(
            "its JPEG has another number of components than it has samples",
        ));
    }
    Ok(to_size(samples, size))
}

fn to_size(samples: Samples, (width, height): (usize, usize)) -> Vec<u8> {
    let row_len = width * samples.components;
    let stored_len = samples.width * samples.components;
    if stored_len == row_len && samples.data.len() >= row_len * height {
        let mut data = samples.data;
        data.truncate(row_len * height);
        return data;
    }
    let mut out = vec![0; row_len * height];
    let common = row_len.min(stored_len);
    if common > 0 {
        for (out, row) in out
            .chunks_exact_mut(row_len)
            .zip(samples.data.chunks_exact(stored_len))
        {
            out[..common].copy_from_slice(&row[..common]);
        }
    }
    out
}
