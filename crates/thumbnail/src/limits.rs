//! What an image may cost, checked before any of it is decoded.

use crate::Error;

/// The most that one image may be. Checked against its header, before anything is allocated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of the image, width times height.
    pub pixels: u64,
    /// Bytes that a decoder may hold at once, the file itself not counted.
    pub memory: u64,
}

impl Default for Limits {
    /// 50 MB of file, 120 megapixels, 1 GiB while decoding.
    fn default() -> Self {
        Self {
            bytes: 50 * 1024 * 1024,
            pixels: 120_000_000,
            memory: 1024 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// Whether a file of so many bytes may be read.
    ///
    /// # Errors
    /// [`Error::TooManyBytes`].
    pub fn check_bytes(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.bytes {
            return Err(Error::TooManyBytes {
                bytes,
                limit: self.bytes,
            });
        }
        Ok(())
    }

    pub(crate) fn check_size(&self, width: u64, height: u64) -> Result<(), Error> {
        if width.saturating_mul(height) > self.pixels {
            return Err(Error::ImageTooLarge {
                width,
                height,
                limit: self.pixels,
            });
        }
        Ok(())
    }

    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.memory {
            return Err(Error::TooMuchMemory { limit: self.memory });
        }
        Ok(())
    }
}
