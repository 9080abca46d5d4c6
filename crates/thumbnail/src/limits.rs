//! What an image may cost, checked before it is decoded.

use crate::{Error, Format, Header};

/// What one image may cost. Its header is checked against these before anything is allocated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of the image, width times height.
    pub pixels: u64,
    /// Bytes allocated at the same time in proportion to the image and its outputs. Not included are the file, and up to
    /// 64 MB for the rest: tables, an ICC profile of at most 4 MB and its conversion.
    pub memory: u64,
}

impl Default for Limits {
    /// 50 MB of file, 120 megapixels, 1 GiB of memory.
    fn default() -> Self {
        Self {
            bytes: 50 * 1024 * 1024,
            pixels: 120_000_000,
            memory: 1024 * 1024 * 1024,
        }
    }
}

/// Bytes for a pixel of an image at the size wanted: planes of 16 bits and the pixels interleaved from them, or pixels
/// and their converted copy, or pixels with the planes and symbols that encode them.
const BYTES_OF_OUTPUT_PIXEL: u64 = 16;
/// Bytes for a pixel of a row: the row as stored, unfiltered, converted, and a row of the previous ones.
const BYTES_OF_ROW_PIXEL: u64 = 20;
/// Bytes for a pixel of a row and a size wanted: sums of four channels, their means and weights.
const BYTES_OF_RESAMPLED_PIXEL: u64 = 48;
/// Bytes for a pixel of a row of a JPEG: 32 rows of units of four components, and as many waiting for chroma.
const BYTES_OF_JPEG_ROW_PIXEL: u64 = 1024;

impl Limits {
    /// Whether a file of this size may be read.
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

    /// The limits of a decoder: its memory is what remains after the images at `sizes` and the rows scaled to them.
    pub(crate) fn of_decoder(
        &self,
        header: &Header,
        sizes: &[(usize, usize)],
    ) -> Result<Self, Error> {
        let pixels: u64 = sizes.iter().map(|size| (size.0 * size.1) as u64).sum();
        let row_pixel = match header.format {
            Format::Jpeg => BYTES_OF_JPEG_ROW_PIXEL,
            _ => BYTES_OF_ROW_PIXEL,
        };
        let row_pixel = row_pixel + BYTES_OF_RESAMPLED_PIXEL * sizes.len() as u64;
        let memory = pixels * BYTES_OF_OUTPUT_PIXEL + u64::from(header.width) * row_pixel;
        self.check_memory(memory)?;
        Ok(Self {
            memory: self.memory - memory,
            ..*self
        })
    }
}
