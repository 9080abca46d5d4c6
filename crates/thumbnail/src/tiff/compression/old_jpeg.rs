//! JPEG by TIFF 6.0, section 22, before Adobe's technical note 2 replaced it: either a JPEG of the whole image, or
//! entropy-coded data in strips or tiles, with a common header or only common tables.

use super::super::layout::Layout;
use super::jpeg::decode;
use crate::Error;
use crate::bytes::Bytes;
use crate::ifd::tag;
use crate::jpeg::segments::{Segment, Segments, marker};

pub(in super::super) enum OldJpeg {
    /// The whole image, decoded.
    Whole(Vec<u8>),
    /// A JPEG up to its first scan's data, with the size of one strip or tile, and the position of that size.
    Header { bytes: Vec<u8>, size_at: usize },
}

impl OldJpeg {
    pub fn read(layout: &Layout<'_>) -> Result<Self, Error> {
        let whole = (layout.width, layout.height);
        let header = match interchange(layout) {
            Some(stream) => {
                let header = header(stream)?;
                let data = stream.len() - header.len;
                // If the data is in strips, only the end follows the header; and a header whose size does not cover the
                // image is that of a strip or tile.
                if data > 2
                    && (header.width >= whole.0 && header.height >= whole.1
                        || layout.chunks.offsets.len() == 0)
                {
                    return decode(stream, layout.samples, whole, &layout.limits).map(Self::Whole);
                }
                Self::Header {
                    bytes: stream[..header.len].to_vec(),
                    size_at: header.size_at,
                }
            }
            None => from_tables(layout)?,
        };
        Ok(header)
    }

    pub fn chunk(&self, layout: &Layout<'_>, row: usize, column: usize) -> Result<Vec<u8>, Error> {
        let size = (layout.chunks.width, layout.chunk_rows(row));
        match self {
            Self::Whole(data) => {
                let row_bytes = layout.width * layout.samples;
                let start = row * layout.chunks.height;
                let rows = size.1.min(layout.height - start);
                let left = column * size.0;
                let used = (layout.width - left).min(size.0) * layout.samples;
                let mut out = vec![0; size.0 * layout.samples * size.1];
                for (out, row) in out
                    .chunks_exact_mut(size.0 * layout.samples)
                    .zip(data[start * row_bytes..][..rows * row_bytes].chunks_exact(row_bytes))
                {
                    out[..used].copy_from_slice(&row[left * layout.samples..][..used]);
                }
                Ok(out)
            }
            Self::Header { bytes, size_at } => {
                let stored = layout.stored(0, row, column)?;
                let stream = if stored.starts_with(&[0xff, 0xd8]) {
                    stored.to_vec()
                } else {
                    let mut stream = bytes.clone();
                    let sides = [size.1 as u16, size.0 as u16].map(u16::to_be_bytes);
                    stream[*size_at..*size_at + 4].copy_from_slice(sides.as_flattened());
                    stream.extend_from_slice(stored);
                    stream.extend([0xff, 0xd9]);
                    stream
                };
                decode(&stream, layout.samples, size, &layout.limits)
            }
        }
    }
}

/// `JPEGInterchangeFormat`, if it points at a JPEG.
fn interchange<'a>(layout: &Layout<'a>) -> Option<&'a [u8]> {
    let number = |tag| layout.directory.number(tag);
    let start = usize::try_from(number(tag::JPEG_INTERCHANGE_FORMAT)?).ok()?;
    let rest = layout.file.get(start..)?;
    let len = number(tag::JPEG_INTERCHANGE_FORMAT_LENGTH)
        .and_then(|len| usize::try_from(len).ok())
        .unwrap_or(rest.len());
    let stream = &rest[..len.min(rest.len())];
    stream.starts_with(&[0xff, 0xd8]).then_some(stream)
}

struct Header {
    /// Up to the first scan's data.
    len: usize,
    /// Where height and width are.
    size_at: usize,
    width: usize,
    height: usize,
}

fn header(stream: &[u8]) -> Result<Header, Error> {
    let mut segments = Segments::new(Bytes(stream));
    let mut size_at = None;
    loop {
        let Segment { marker, body, end } = segments
            .next()
            .map_err(|_| Error::corrupt("its JPEG has no header"))?;
        if marker::is_frame(marker) && body.len() >= 6 {
            let side = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
            size_at = Some((end as usize - body.len() + 1, side(3), side(1)));
        } else if marker == marker::START_OF_SCAN {
            let (size_at, width, height) =
                size_at.ok_or_else(|| Error::corrupt("its JPEG has no header"))?;
            return Ok(Header {
                len: end as usize,
                size_at,
                width,
                height,
            });
        } else if marker == marker::END_OF_IMAGE {
            return Err(Error::corrupt("its JPEG has no header"));
        }
    }
}

/// A header built from the tables that tags point at.
fn from_tables(layout: &Layout<'_>) -> Result<OldJpeg, Error> {
    let missing = || Error::corrupt("its JPEG has no tables");
    let components = layout.samples.min(4);
    let at = |tag, index: usize| -> Result<&[u8], Error> {
        let start = layout
            .directory
            .values(tag)
            .and_then(|values| values.number(index).or_else(|| values.number(0)))
            .and_then(|start| usize::try_from(start).ok())
            .ok_or_else(missing)?;
        layout.file.get(start..).ok_or_else(missing)
    };
    let mut bytes = vec![0xff, 0xd8];
    for component in 0..components {
        let table = at(tag::JPEG_Q_TABLES, component)?
            .get(..64)
            .ok_or_else(missing)?;
        bytes.extend([0xff, 0xdb, 0, 67, component as u8]);
        bytes.extend_from_slice(table);
    }
    for (tag, class) in [(tag::JPEG_DC_TABLES, 0), (tag::JPEG_AC_TABLES, 0x10)] {
        for component in 0..components {
            let table = at(tag, component)?;
            let counts = table.get(..16).ok_or_else(missing)?;
            let values = counts
                .iter()
                .map(|count| usize::from(*count))
                .sum::<usize>();
            let table = table.get(..16 + values).ok_or_else(missing)?;
            let len = ((19 + values) as u16).to_be_bytes();
            bytes.extend([0xff, 0xc4, len[0], len[1], class | component as u8]);
            bytes.extend_from_slice(table);
        }
    }
    if let Some(interval) = layout.directory.number(tag::JPEG_RESTART_INTERVAL) {
        let interval = (interval as u16).to_be_bytes();
        bytes.extend([0xff, 0xdd, 0, 4, interval[0], interval[1]]);
    }
    let sampling = layout.jpeg_subsampling;
    bytes.extend([0xff, 0xc0, 0, 8 + 3 * components as u8, 8]);
    let size_at = bytes.len();
    bytes.extend([0, 0, 0, 0, components as u8]);
    for component in 0..components as u8 {
        let sampling = if component == 0 {
            (sampling.0 << 4 | sampling.1) as u8
        } else {
            0x11
        };
        bytes.extend([component + 1, sampling, component]);
    }
    bytes.extend([0xff, 0xda, 0, 6 + 2 * components as u8, components as u8]);
    for component in 0..components as u8 {
        bytes.extend([component + 1, component << 4 | component]);
    }
    bytes.extend([0, 63, 0]);
    Ok(OldJpeg::Header { bytes, size_at })
}
