//! A PNG as it would be if its pixels were not compressed.
//!
//! The `png` crate reads everything else of the file, and undoes the filters. What it would spend most of its time on,
//! inflating, [`Inflate`] does faster: what it gives is handed on in stored blocks. Checksums are looked at here, so
//! that none need be made.

use std::io::{self, BufRead, Error, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use super::inflate::{Inflate, InflateError};

/// Bytes of a stored block, at most (RFC 1951, section 3.2.4).
const BLOCK: usize = 0xffff;
/// Bytes of a chunk that are looked at at once.
const PIECE: usize = 32 * 1024;
/// Bytes of the signature.
const FIRST: usize = 8;
/// Where `IHDR` has its data, which is the first chunk.
const HEADER: usize = FIRST + 8;
/// A checksum that nobody looks at.
const NO_SUM: [u8; 4] = [0; 4];

/// Reads a file as it is, but for its pixels; without ancillary chunks whose checksum is wrong.
pub(super) struct Stored<'a> {
    bytes: &'a [u8],
    /// Where the next chunk is.
    at: usize,
    /// What is handed on as it is.
    as_it_is: Range<usize>,
    /// What comes before a block of pixels, and how much of it has been read.
    head: Vec<u8>,
    head_read: usize,
    pixels: Where<'a>,
}

enum Where<'a> {
    ToCome,
    Here(Box<Pixels<'a>>),
    Gone,
}

struct Pixels<'a> {
    inflate: Inflate<Pieces<'a>>,
    /// Bytes that the rows still need: what comes after them is not for anyone.
    needed: u64,
    /// Of what was inflated last, the block that is handed on.
    block: Range<usize>,
}

impl<'a> Stored<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: FIRST,
            as_it_is: 0..bytes.len().min(FIRST),
            head: Vec::new(),
            head_read: 0,
            pixels: Where::ToCome,
        }
    }

    /// Goes on with the next chunk, if there is one.
    fn chunk(&mut self) -> io::Result<()> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((len, kind)) = rest.first_chunk().zip(rest.get(4..8)) else {
            self.as_it_is = self.bytes.len() - rest.len()..self.bytes.len();
            self.at = self.bytes.len();
            return Ok(());
        };
        if kind == b"IDAT" && matches!(self.pixels, Where::ToCome) {
            self.pixels = Where::Here(Box::new(Pixels {
                inflate: Inflate::new(Pieces::new(self.bytes, self.at)),
                needed: size(self.bytes).unwrap_or_default(),
                block: 0..0,
            }));
            // A window of 32 KiB, and a check that 31 divides (RFC 1950, section 2.2), in a chunk of their own.
            self.head = [&[0, 0, 0, 2], &b"IDAT"[..], &[0x78, 0x01], &NO_SUM].concat();
            self.head_read = 0;
            return Ok(());
        }
        let len = u32::from_be_bytes(*len) as usize;
        let begin = self.at;
        self.at = self.bytes.len().min(begin + 12 + len);
        if let Some(sum) = rest.get(8 + len..).and_then(<[u8]>::first_chunk)
            && differs(*sum, crc32fast::hash(&rest[4..8 + len]))
        {
            // Lower case: an image can be shown without it (PNG, section 5.4).
            if kind[0].is_ascii_lowercase() {
                return Ok(());
            }
            return Err(wrong_sum(kind));
        }
        self.as_it_is = begin..self.at;
        Ok(())
    }
}

impl Pixels<'_> {
    /// Goes on with the next block, and puts into `head` what comes before it; whether there was one.
    fn block(&mut self, head: &mut Vec<u8>) -> io::Result<bool> {
        head.clear();
        let mut shown = self.inflate.shown().len();
        if self.block.end == shown && self.needed > 0 {
            self.block = 0..0;
            shown = self.inflate.more().map_err(damaged)?.len();
        }
        let most = usize::try_from(self.needed).unwrap_or(BLOCK).min(BLOCK);
        let len = most.min(shown - self.block.end);
        self.block = self.block.end..self.block.end + len;
        self.needed -= len as u64;
        let is_last = len == 0;
        // The block's kind and its length twice; at the end, a checksum of all.
        let chunk = 5 + len as u32 + if is_last { 4 } else { 0 };
        let len = len as u16;
        head.extend_from_slice(&chunk.to_be_bytes());
        head.extend_from_slice(b"IDAT");
        head.push(is_last.into());
        head.extend_from_slice(&len.to_le_bytes());
        head.extend_from_slice(&(!len).to_le_bytes());
        if is_last {
            head.extend_from_slice(&NO_SUM);
            head.extend_from_slice(&NO_SUM);
        }
        Ok(!is_last)
    }
}

fn damaged(damage: InflateError) -> Error {
    let kind = match damage {
        InflateError::EndsEarly => ErrorKind::UnexpectedEof,
        _ => ErrorKind::InvalidData,
    };
    Error::new(kind, damage)
}

/// Bytes of all rows and of the filters before them, of an image that is not interlaced.
fn size(bytes: &[u8]) -> Option<u64> {
    let [width, height] = [HEADER, HEADER + 4].map(|at| {
        let side = bytes.get(at..).and_then(<[u8]>::first_chunk);
        side.map(|side| u64::from(u32::from_be_bytes(*side)))
    });
    let (depth, color) = (bytes.get(HEADER + 8)?, bytes.get(HEADER + 9)?);
    let samples = match color {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let row = (width? * samples * u64::from(*depth)).div_ceil(8) + 1;
    row.checked_mul(height?)
}

impl BufRead for Stored<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.as_it_is.is_empty() && self.head_read == self.head.len() {
            match &mut self.pixels {
                Where::Here(pixels) if !pixels.block.is_empty() => break,
                Where::Here(pixels) => {
                    self.head_read = 0;
                    if !pixels.block(&mut self.head)? {
                        self.at = pixels.inflate.source().last()?;
                        self.pixels = Where::Gone;
                    }
                }
                _ if self.at >= self.bytes.len() => break,
                _ => self.chunk()?,
            }
        }
        if !self.as_it_is.is_empty() {
            return Ok(&self.bytes[self.as_it_is.clone()]);
        }
        match &self.pixels {
            _ if self.head_read < self.head.len() => Ok(&self.head[self.head_read..]),
            Where::Here(pixels) => Ok(&pixels.inflate.shown()[pixels.block.clone()]),
            _ => Ok(&[]),
        }
    }

    fn consume(&mut self, count: usize) {
        if !self.as_it_is.is_empty() {
            self.as_it_is.start += count;
        } else if self.head_read < self.head.len() {
            self.head_read += count;
        } else if let Where::Here(pixels) = &mut self.pixels {
            pixels.block.start += count;
            if pixels.block.is_empty() {
                // The checksum of the chunk.
                self.head.clear();
                self.head.extend_from_slice(&NO_SUM);
                self.head_read = 0;
            }
        }
    }
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// The `png` crate asks for it, and does not use it.
impl Seek for Stored<'_> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// Whether a chunk's checksum is another than that of its type and data. A fuzzer does not find checksums.
fn differs(stated: [u8; 4], found: u32) -> bool {
    !cfg!(fuzzing) && stated != found.to_be_bytes()
}

fn wrong_sum(kind: &[u8]) -> Error {
    let kind = String::from_utf8_lossy(kind);
    Error::new(
        ErrorKind::InvalidData,
        format!("the checksum of its {kind} chunk is wrong"),
    )
}

/// What is in `IDAT` chunks that follow each other, up to where one's checksum is wrong or the file ends.
struct Pieces<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes that the chunk at hand still has.
    left: usize,
    sum: crc32fast::Hasher,
    wrong: bool,
}

impl<'a> Pieces<'a> {
    /// From the first such chunk on.
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            left: 0,
            sum: crc32fast::Hasher::new(),
            wrong: false,
        }
    }

    /// Passes over what is left, and gives where the next chunk is.
    fn last(&mut self) -> io::Result<usize> {
        self.for_each(drop);
        if self.wrong {
            return Err(wrong_sum(b"IDAT"));
        }
        Ok(self.at)
    }

    /// Goes on to the next chunk, if it is one of these.
    fn begin(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let kind = rest.get(4..8).filter(|kind| *kind == b"IDAT")?;
        self.left = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        self.sum = crc32fast::Hasher::new();
        self.sum.update(kind);
        self.at += 8;
        Some(())
    }

    /// Looks at the chunk's checksum, which may be cut off.
    fn end(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if let Some(sum) = rest.first_chunk() {
            self.wrong = differs(*sum, self.sum.clone().finalize());
            self.at += 4;
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.wrong {
            return None;
        }
        if self.left == 0 {
            self.begin()?;
        }
        let rest = self.bytes.get(self.at..)?;
        let piece = &rest[..self.left.min(rest.len()).min(PIECE)];
        if piece.is_empty() && self.left > 0 {
            return None;
        }
        self.sum.update(piece);
        self.at += piece.len();
        self.left -= piece.len();
        if self.left == 0 {
            self.end();
        }
        Some(piece)
    }
}
