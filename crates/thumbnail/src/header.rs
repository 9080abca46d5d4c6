//! What the first bytes tell: format, stored size, orientation.

mod bitmap;
mod gif;
pub(crate) mod jpeg;
mod png;
pub(crate) mod tiff;
mod webp;

use crate::{Error, Format, Limits};

/// What a picture is, before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where there is none or a senseless one.
    pub orientation: u8,
}

impl Header {
    /// Width and height of the picture as it is meant to be seen.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        if self.orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// Reads format, stored size and orientation from a file's first bytes, and decodes nothing.
///
/// `Ok(None)`: more bytes are needed than were given. A TIFF or a WebP may keep its orientation at its very end.
///
/// # Errors
/// [`Error::UnsupportedFormat`], [`Error::CorruptImage`], [`Error::ImageTooLarge`].
pub fn header(prefix: &[u8], limits: &Limits) -> Result<Option<Header>, Error> {
    let format = Format::sniff(prefix).ok_or(Error::UnsupportedFormat)?;
    let bytes = Bytes(prefix);
    let read = match format {
        Format::Jpeg => jpeg::read(bytes),
        Format::Png => png::read(bytes),
        Format::Gif => gif::read(bytes),
        Format::WebP => webp::read(bytes),
        Format::Bmp => bitmap::read(bytes),
        Format::Tiff => tiff::read(bytes),
    };
    let Size {
        width,
        height,
        orientation,
    } = match read {
        Ok(size) => size,
        Err(Unread::More) => return Ok(None),
        Err(Unread::Bad(why)) => return Err(Error::corrupt(why)),
    };
    if width == 0 || height == 0 {
        return Err(Error::corrupt("it has no pixels"));
    }
    limits.check_size(width, height)?;
    let side = |pixels: u64| {
        u32::try_from(pixels).map_err(|_| Error::ImageTooLarge {
            width,
            height,
            limit: limits.pixels,
        })
    };
    Ok(Some(Header {
        format,
        width: side(width)?,
        height: side(height)?,
        orientation: upright(orientation),
    }))
}

/// A header's fields as the file has them.
struct Size {
    width: u64,
    height: u64,
    orientation: u64,
}

/// EXIF knows 1 to 8; anything else means nothing.
fn upright(orientation: u64) -> u8 {
    if (1..=8).contains(&orientation) {
        orientation as u8
    } else {
        1
    }
}

/// Why a header could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The bytes given end too early.
    More,
    /// The bytes are wrong.
    Bad(&'static str),
}

/// Bytes read by position; beyond the end is [`Unread::More`].
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn slice(self, at: u64, len: u64) -> Result<&'a [u8], Unread> {
        let start = usize::try_from(at).map_err(|_| Unread::More)?;
        let end = at
            .checked_add(len)
            .and_then(|end| usize::try_from(end).ok())
            .ok_or(Unread::More)?;
        self.0.get(start..end).ok_or(Unread::More)
    }

    pub fn array<const N: usize>(self, at: u64) -> Result<[u8; N], Unread> {
        self.slice(at, N as u64)?
            .try_into()
            .map_err(|_| Unread::More)
    }

    pub fn be16(self, at: u64) -> Result<u64, Unread> {
        self.array(at).map(u16::from_be_bytes).map(u64::from)
    }

    pub fn be32(self, at: u64) -> Result<u64, Unread> {
        self.array(at).map(u32::from_be_bytes).map(u64::from)
    }

    pub fn le16(self, at: u64) -> Result<u64, Unread> {
        self.array(at).map(u16::from_le_bytes).map(u64::from)
    }

    pub fn le32(self, at: u64) -> Result<u64, Unread> {
        self.array(at).map(u32::from_le_bytes).map(u64::from)
    }
}
