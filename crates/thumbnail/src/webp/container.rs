//! WebP: RFC 9649 for the container, RFC 6386 section 9.1 for `VP8 `, RFC 9649 section 3 for `VP8L`.

use crate::Error;
use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::ifd::exif_orientation;
use crate::srgb::MAX_ICC_PROFILE;

const HAS_EXIF: u8 = 1 << 3;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let chunk = FIRST_CHUNK;
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
        _ => Err(HeaderError::Invalid("its first chunk is not an image")),
    }
}

/// The `EXIF` chunk comes after the pixels. If the flag announces one that is missing, the file's own length ends the
/// search.
fn exif(bytes: Bytes<'_>) -> Result<u64, HeaderError> {
    let end = 8 + bytes.le32(4)?;
    let mut at = FIRST_CHUNK;
    while at + 8 <= end {
        let chunk = Chunk::at(bytes, at)?;
        if chunk.kind == *b"EXIF" {
            return Ok(exif_orientation(bytes.slice(at + 8, chunk.len)?));
        }
        at = chunk.end(at);
    }
    Ok(1)
}

/// Position of the first chunk, after the RIFF header.
const FIRST_CHUNK: u64 = 12;

struct Chunk {
    kind: [u8; 4],
    len: u64,
}

impl Chunk {
    fn at(bytes: Bytes<'_>, at: u64) -> Result<Self, HeaderError> {
        Ok(Self {
            kind: bytes.array(at)?,
            len: bytes.le32(at + 4)?,
        })
    }

    /// Position of the next chunk; lengths are padded to 16 bits.
    fn end(&self, at: u64) -> u64 {
        at + 8 + self.len + self.len % 2
    }
}

/// The image, or the first frame of an animation. The flags of `VP8X` are ignored.
pub(super) struct Frame<'a> {
    pub is_animation: bool,
    /// On the canvas.
    pub left: usize,
    pub top: usize,
    /// From the `ALPH` or bitstream chunk on, which libwebp takes without a container.
    pub data: &'a [u8],
}

impl<'a> Frame<'a> {
    pub fn first(bytes: Bytes<'a>) -> Result<Self, Error> {
        Self::find(bytes).map_err(|_| Error::corrupt("it has no image data"))
    }

    fn find(bytes: Bytes<'a>) -> Result<Self, HeaderError> {
        let mut frame = Self {
            is_animation: false,
            left: 0,
            top: 0,
            data: &[],
        };
        let (mut at, mut alpha) = (FIRST_CHUNK, None);
        loop {
            let chunk = Chunk::at(bytes, at)?;
            match &chunk.kind {
                b"ANMF" => {
                    let offset = |at| Ok(2 * (bytes.le32(at)? & 0xff_ffff) as usize);
                    (frame.left, frame.top) = (offset(at + 8)?, offset(at + 11)?);
                    frame.is_animation = true;
                    // Its chunks follow 16 bytes of parameters.
                    at += 8 + 16;
                    continue;
                }
                b"ALPH" => alpha = Some(at),
                b"VP8 " | b"VP8L" => {
                    let start = alpha.unwrap_or(at) as usize;
                    let end = bytes.0.len().min((at + 8 + chunk.len) as usize);
                    frame.data = &bytes.0[start..end];
                    return Ok(frame);
                }
                _ => {}
            }
            at = chunk.end(at);
        }
    }
}

/// The `ICCP` chunk, which comes before the pixels (RFC 9649, section 2.7.1.4).
pub(super) fn icc_profile(bytes: Bytes<'_>) -> Option<Vec<u8>> {
    let mut at = FIRST_CHUNK;
    loop {
        let chunk = Chunk::at(bytes, at).ok()?;
        match &chunk.kind {
            b"ICCP" if chunk.len as usize <= MAX_ICC_PROFILE => {
                return bytes.slice(at + 8, chunk.len).ok().map(<[u8]>::to_vec);
            }
            b"VP8X" => at = chunk.end(at),
            _ => return None,
        }
    }
}
