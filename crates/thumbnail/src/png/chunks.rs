//! The chunks of a PNG (third edition, section 5), and the contents of those before the image data.

use super::inflate::Inflate;
use crate::Error;
use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::ifd::exif_orientation;
use crate::srgb::MAX_ICC_PROFILE;

/// Position of the first chunk, after the signature.
const FIRST_CHUNK: usize = 8;
/// Bytes of length, type and checksum.
const FRAMING: u64 = 12;
/// Bytes of a chunk that are read at once.
const PIECE: usize = 32 * 1024;

/// Size from `IHDR`, orientation from `eXIf` where that comes before the image data.
pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut at = FIRST_CHUNK as u64;
    if bytes.array(at + 4)? != *b"IHDR" {
        return Err(HeaderError::Invalid("it does not begin with an IHDR chunk"));
    }
    let mut geometry = Geometry::upright(bytes.be32(at + 8)?, bytes.be32(at + 12)?);
    let mut has_exif = false;
    loop {
        let len = bytes.be32(at)?;
        match &bytes.array(at + 4)? {
            b"eXIf" if !has_exif => {
                geometry.orientation = exif_orientation(bytes.slice(at + 8, len)?);
                has_exif = true;
            }
            b"IDAT" | b"IEND" => return Ok(geometry),
            _ => {}
        }
        at += FRAMING + len;
    }
}

/// The contents of the chunks before the image data.
pub(super) struct Chunks<'a> {
    pub depth: u8,
    pub color_type: u8,
    pub is_interlaced: bool,
    pub palette: &'a [u8],
    pub transparency: Option<&'a [u8]>,
    /// Position of the first `IDAT` chunk.
    pub image_data: usize,
    /// The data of `iCCP`.
    iccp: Option<&'a [u8]>,
}

impl<'a> Chunks<'a> {
    pub fn before_image_data(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut chunks = Self {
            depth: 0,
            color_type: 0,
            is_interlaced: false,
            palette: &[],
            transparency: None,
            image_data: 0,
            iccp: None,
        };
        let mut at = FIRST_CHUNK;
        loop {
            let chunk = Chunk::at(bytes, at).ok_or_else(|| Error::corrupt("it ends too early"))?;
            match (&chunk.kind, chunk.data) {
                (b"IDAT", _) => {
                    chunks.image_data = at;
                    return Ok(chunks);
                }
                (b"IEND", _) => return Err(Error::corrupt("it has no IDAT chunk")),
                _ if !chunk.is_valid()? => {}
                (b"IHDR", [.., depth, color_type, 0, 0, interlaced @ (0 | 1)])
                    if at == FIRST_CHUNK && chunk.data.len() == 13 =>
                {
                    (chunks.depth, chunks.color_type) = (*depth, *color_type);
                    chunks.is_interlaced = *interlaced == 1;
                }
                (b"IHDR", _) => return Err(Error::corrupt("its IHDR chunk is invalid")),
                (b"PLTE", palette) => chunks.palette = palette,
                (b"tRNS", transparency) => chunks.transparency = Some(transparency),
                (b"iCCP", data) => {
                    chunks.iccp.get_or_insert(data);
                }
                _ => {}
            }
            at = chunk.end;
        }
    }

    /// The profile of `iCCP`, which is compressed; none if it is damaged or too long.
    pub fn icc_profile(&self) -> Option<Vec<u8>> {
        let data = self.iccp?;
        // A name of up to 79 bytes, 0, and the only compression method.
        let name = data.iter().take(80).position(|byte| *byte == 0)?;
        let compressed = data.get(name + 1..)?.strip_prefix(&[0])?;
        let mut inflate = Inflate::new(compressed.chunks(PIECE));
        let mut profile = Vec::new();
        loop {
            let part = inflate.read().ok()?;
            if part.is_empty() {
                return Some(profile);
            }
            if profile.len() + part.len() > MAX_ICC_PROFILE {
                return None;
            }
            profile.extend_from_slice(part);
        }
    }
}

struct Chunk<'a> {
    kind: [u8; 4],
    /// Cut off where the file ends.
    data: &'a [u8],
    /// Type and data, which the checksum covers.
    checked: &'a [u8],
    /// None where the file ends before.
    checksum: Option<[u8; 4]>,
    /// Position of the next chunk.
    end: usize,
}

impl<'a> Chunk<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let rest = bytes.get(at..)?;
        let len = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let kind = *rest.get(4..)?.first_chunk()?;
        let checked = &rest[4..rest.len().min(8 + len)];
        Some(Self {
            kind,
            data: &checked[4..],
            checked,
            checksum: rest.get(8 + len..).and_then(<[u8]>::first_chunk).copied(),
            end: at + FRAMING as usize + len,
        })
    }

    /// Whether the chunk may be used. One with a wrong checksum is ignored if the image can be shown without it.
    fn is_valid(&self) -> Result<bool, Error> {
        let is_wrong = self
            .checksum
            .is_some_and(|checksum| differs(checksum, crc32fast::hash(self.checked)));
        // Section 5.4: a lower case letter means ancillary.
        if is_wrong && self.kind[0].is_ascii_uppercase() {
            return Err(wrong_checksum(self.kind));
        }
        Ok(!is_wrong)
    }
}

/// Whether the checksum of a file is wrong. When fuzzing it never is: a fuzzer does not find checksums.
fn differs(stated: [u8; 4], found: u32) -> bool {
    !cfg!(fuzzing) && stated != found.to_be_bytes()
}

fn wrong_checksum(kind: [u8; 4]) -> Error {
    let kind = String::from_utf8_lossy(&kind);
    Error::corrupt(format!("the checksum of its {kind} chunk is wrong"))
}

/// The data of consecutive `IDAT` chunks in pieces, up to the first wrong checksum or the end of the file.
pub(super) struct ImageData<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes that are left of the current chunk.
    left: usize,
    checksum: crc32fast::Hasher,
    is_wrong: bool,
}

impl<'a> ImageData<'a> {
    /// From the first of the chunks on.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            left: 0,
            checksum: crc32fast::Hasher::new(),
            is_wrong: false,
        }
    }

    /// Fails if the checksum of a chunk so far is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_wrong {
            return Err(wrong_checksum(*b"IDAT"));
        }
        Ok(())
    }

    /// Checks the rest of the file, which may be cut off anywhere.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.for_each(drop);
        self.check()?;
        let mut at = self.at;
        while let Some(chunk) = Chunk::at(self.bytes, at) {
            chunk.is_valid()?;
            if chunk.kind == *b"IEND" {
                break;
            }
            at = chunk.end;
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let kind = rest.get(4..8).filter(|kind| *kind == b"IDAT")?;
        self.left = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        self.checksum = crc32fast::Hasher::new();
        self.checksum.update(kind);
        self.at += 8;
        Some(())
    }

    fn end_chunk(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if let Some(stated) = rest.first_chunk() {
            self.is_wrong = differs(*stated, self.checksum.clone().finalize());
            self.at += 4;
        }
    }
}

impl<'a> Iterator for ImageData<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.is_wrong {
            return None;
        }
        if self.left == 0 {
            self.next_chunk()?;
        }
        let rest = self.bytes.get(self.at..)?;
        let piece = &rest[..self.left.min(rest.len()).min(PIECE)];
        if piece.is_empty() && self.left > 0 {
            return None;
        }
        self.checksum.update(piece);
        self.at += piece.len();
        self.left -= piece.len();
        if self.left == 0 {
            self.end_chunk();
        }
        Some(piece)
    }
}
