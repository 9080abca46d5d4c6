//! Reading a header's fields by position.

/// Why a header could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// More bytes are needed than were given.
    Incomplete,
    /// The bytes contradict the format.
    Invalid(&'static str),
}

/// Bytes read by position; a read beyond the end is [`HeaderError::Incomplete`].
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn slice(self, at: u64, len: u64) -> Result<&'a [u8], HeaderError> {
        let start = usize::try_from(at).map_err(|_| HeaderError::Incomplete)?;
        let end = at
            .checked_add(len)
            .and_then(|end| usize::try_from(end).ok())
            .ok_or(HeaderError::Incomplete)?;
        self.0.get(start..end).ok_or(HeaderError::Incomplete)
    }

    pub fn array<const N: usize>(self, at: u64) -> Result<[u8; N], HeaderError> {
        self.slice(at, N as u64)?
            .try_into()
            .map_err(|_| HeaderError::Incomplete)
    }

    pub fn be16(self, at: u64) -> Result<u64, HeaderError> {
        self.array(at).map(u16::from_be_bytes).map(u64::from)
    }

    pub fn be32(self, at: u64) -> Result<u64, HeaderError> {
        self.array(at).map(u32::from_be_bytes).map(u64::from)
    }

    pub fn le16(self, at: u64) -> Result<u64, HeaderError> {
        self.array(at).map(u16::from_le_bytes).map(u64::from)
    }

    pub fn le32(self, at: u64) -> Result<u64, HeaderError> {
        self.array(at).map(u32::from_le_bytes).map(u64::from)
    }
}
