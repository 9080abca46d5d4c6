//! Boxes (ISO/IEC 14496-12, section 4.2).

use crate::bytes::{Bytes, HeaderError};

/// A box's type and content.
#[derive(Clone, Copy)]
pub(super) struct Box<'a> {
    pub kind: [u8; 4],
    pub body: &'a [u8],
}

/// Boxes one after another.
pub(super) struct Boxes<'a> {
    bytes: Bytes<'a>,
    at: u64,
}

impl<'a> Boxes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Bytes(bytes),
            at: 0,
        }
    }

    /// The next box; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Box<'a>>, HeaderError> {
        if self.at >= self.bytes.0.len() as u64 {
            return Ok(None);
        }
        let (kind, head, len) = self.start()?;
        let body = self.bytes.slice(self.at + head, len - head)?;
        self.at += len;
        Ok(Some(Box { kind, body }))
    }

    /// The next box of a kind; those before it may be incomplete. [`HeaderError::Incomplete`] at the end.
    pub fn find(&mut self, wanted: [u8; 4]) -> Result<&'a [u8], HeaderError> {
        loop {
            let (kind, head, len) = self.start()?;
            if kind == wanted {
                return self.bytes.slice(self.at + head, len - head);
            }
            self.at = self.at.checked_add(len).ok_or(HeaderError::Incomplete)?;
        }
    }

    /// Type, length of the header, and length.
    fn start(&self) -> Result<([u8; 4], u64, u64), HeaderError> {
        let short = self.bytes.be32(self.at)?;
        let kind = self.bytes.array(self.at + 4)?;
        let (head, len) = match short {
            0 => (8, self.bytes.0.len() as u64 - self.at),
            1 => (
                16,
                self.bytes.be32(self.at + 8)? << 32 | self.bytes.be32(self.at + 12)?,
            ),
            len => (8, len),
        };
        if len < head {
            return Err(HeaderError::Invalid("a box is shorter than its own header"));
        }
        Ok((kind, head, len))
    }
}

/// Version, flags and content of a full box.
pub(super) fn full_box(body: &[u8]) -> Result<(u8, u32, Fields<'_>), HeaderError> {
    let [version, flags @ ..] = body.first_chunk::<4>().ok_or(TRUNCATED)?;
    let flags = u32::from_be_bytes([0, flags[0], flags[1], flags[2]]);
    Ok((*version, flags, Fields(&body[4..])))
}

pub(super) const TRUNCATED: HeaderError = HeaderError::Invalid("a box ends within its fields");

/// Big-endian fields, read one after another.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], HeaderError> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(head)
    }

    /// A number of `len` bytes, at most 8; 0 where there are none.
    pub fn number(&mut self, len: usize) -> Result<u64, HeaderError> {
        let join = |number, byte: &u8| number << 8 | u64::from(*byte);
        Ok(self.bytes(len)?.iter().fold(0, join))
    }

    pub fn u8(&mut self) -> Result<u8, HeaderError> {
        self.number(1).map(|number| number as u8)
    }

    pub fn u16(&mut self) -> Result<u16, HeaderError> {
        self.number(2).map(|number| number as u16)
    }

    pub fn u32(&mut self) -> Result<u32, HeaderError> {
        self.number(4).map(|number| number as u32)
    }

    pub fn kind(&mut self) -> Result<[u8; 4], HeaderError> {
        self.u32().map(u32::to_be_bytes)
    }
}
