//! What is known of an image before it is decoded.

use crate::Format;

/// What is known of an image before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Determined by the file's bytes, whatever its name.
    pub format: Format,
    /// In pixels, as stored.
    pub width: u32,
    /// In pixels, as stored.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where there is none or an invalid one.
    pub orientation: u8,
}

impl Header {
    /// Width and height of the upright image.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        if self.orientation >= 5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// A header's fields as stored, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub width: u64,
    pub height: u64,
    pub orientation: u64,
}

impl Geometry {
    pub fn upright(width: u64, height: u64) -> Self {
        Self {
            width,
            height,
            orientation: 1,
        }
    }
}
