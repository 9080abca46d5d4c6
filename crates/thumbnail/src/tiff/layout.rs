//! How a TIFF's pixels are stored, by its tags, which are checked against each other and against the limits.

use super::chunks::Chunks;
use super::encoding::{
    Alpha, Compression, Photometric, Predictor, SampleFormat, alpha, bits, compression, is_fax,
    photometric, predictor, sample_format, subsampling,
};
use super::unsupported;
use crate::ifd::{Directory, tag};
use crate::{Error, Limits};

pub(super) struct Layout<'a> {
    pub file: &'a [u8],
    /// What decompressing a chunk may take in addition to the chunks side by side.
    pub limits: Limits,
    pub directory: Directory<'a>,
    pub width: usize,
    pub height: usize,
    pub bits: usize,
    pub format: SampleFormat,
    /// Samples of a pixel.
    pub samples: usize,
    /// Each sample has separate chunks.
    pub planar: bool,
    pub compression: Compression,
    pub photometric: Photometric,
    pub predictor: Predictor,
    /// The first pixel is in the lowest bit.
    pub reversed_bits: bool,
    pub alpha: Option<Alpha>,
    /// Luma samples for each sample of chroma, across and down; (1, 1) where there is no `YCbCr`.
    pub subsampling: (usize, usize),
    /// The same for an old JPEG without a header.
    pub jpeg_subsampling: (usize, usize),
    pub chunks: Chunks<'a>,
}

/// More samples per pixel than any known writer uses; GDAL's hyperspectral images have some hundreds.
const MAX_SAMPLES: u64 = 1024;
/// Chunks may share bytes, so their stored bytes together may be this many more than four times the file.
const SHARED_BYTES: u64 = 64 * 1024 * 1024;

impl<'a> Layout<'a> {
    pub fn read(
        file: &'a [u8],
        (width, height): (usize, usize),
        limits: &Limits,
    ) -> Result<Self, Error> {
        let directory = Directory::read(file)?;
        let number = |tag, default| directory.number(tag).unwrap_or(default);
        let compression = compression(&directory)?;
        let samples = number(
            tag::SAMPLES_PER_PIXEL,
            // Some writers of old JPEG give only the compression.
            if compression == Compression::OldJpeg
                && number(tag::PHOTOMETRIC_INTERPRETATION, 0) == 6
            {
                3
            } else {
                1
            },
        );
        if samples == 0 || samples > MAX_SAMPLES {
            return Err(unsupported(format!("it has {samples} samples a pixel")));
        }
        let samples = samples as usize;
        let photometric = photometric(&directory, samples, compression)?;
        let bits = bits(&directory, samples, compression, photometric)?;
        let format = sample_format(&directory, bits)?;
        let predictor = predictor(&directory, compression, bits)?;
        let subsampling = subsampling(&directory, photometric)?;
        let mut layout = Self {
            file,
            limits: *limits,
            width,
            height,
            bits,
            format,
            samples,
            planar: samples > 1 && number(tag::PLANAR_CONFIGURATION, 1) == 2,
            compression,
            photometric,
            predictor,
            reversed_bits: number(tag::FILL_ORDER, 1) == 2,
            alpha: alpha(&directory, samples, photometric),
            subsampling,
            jpeg_subsampling: subsampling,
            chunks: Chunks::read(&directory, (width, height), compression)?,
            directory,
        };
        layout.agree()?;
        layout.limits.memory -= layout.check(limits)?;
        Ok(layout)
    }

    pub fn is_lab(&self) -> bool {
        matches!(self.photometric, Photometric::CieLab | Photometric::IccLab)
    }

    /// Samples of one pixel within a chunk.
    pub fn chunk_samples(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    pub fn planes(&self) -> usize {
        if self.planar { self.samples } else { 1 }
    }

    /// Bytes of a row of a chunk, as it is without compression.
    pub fn row_bytes(&self) -> usize {
        (self.chunks.width * self.chunk_samples() * self.bits).div_ceil(8)
    }

    /// Rows that a chunk holds; the last strip is cut, the last tile is not.
    pub fn chunk_rows(&self, row: usize) -> usize {
        if self.chunks.tiled {
            self.chunks.height
        } else {
            self.chunks
                .height
                .min(self.height - row * self.chunks.height)
        }
    }

    /// The stored bytes of a chunk, as far as the file has them; empty for one that was left out.
    pub fn stored(&self, plane: usize, row: usize, column: usize) -> Result<&'a [u8], Error> {
        let Chunks { across, down, .. } = self.chunks;
        let index = (plane * down + row) * across + column;
        let missing = || Error::corrupt("a strip or tile is not in its list");
        let offset = self.chunks.offsets.number(index).ok_or_else(missing)?;
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.file.get(offset..))
            .unwrap_or_default();
        // The size of uncompressed chunks is known, and some writers state a wrong one.
        let count = match &self.chunks.byte_counts {
            Some(counts) if self.compression != Compression::None => {
                counts.number(index).ok_or_else(missing)?
            }
            _ if offset == 0 => 0,
            _ => u64::MAX,
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(&rest[..rest.len().min(count)])
    }

    pub fn is_left_out(&self, plane: usize, row: usize, column: usize) -> bool {
        let Chunks { across, down, .. } = self.chunks;
        let index = (plane * down + row) * across + column;
        self.chunks.offsets.number(index) == Some(0)
    }

    /// Corrects or refuses inconsistent tags.
    fn agree(&mut self) -> Result<(), Error> {
        if self.photometric == Photometric::YCbCr
            && matches!(self.compression, Compression::Jpeg | Compression::OldJpeg)
        {
            // The JPEG's own header has the sampling.
            self.subsampling = (1, 1);
        }
        if (is_fax(self.compression) || self.compression == Compression::ThunderScan)
            && self.chunk_samples() > 1
        {
            return Err(unsupported(
                "it is a fax, or ThunderScan, of several samples a pixel",
            ));
        }
        if self.compression == Compression::OldJpeg && self.planar {
            return Err(unsupported("it is old JPEG in planes"));
        }
        if self.subsampling != (1, 1) && (self.planar || self.bits != 8 || self.samples != 3) {
            return Err(unsupported(
                "it is subsampled YCbCr in planes, or not of three samples of 8 bits",
            ));
        }
        if self.format != SampleFormat::Unsigned
            && matches!(self.photometric, Photometric::YCbCr | Photometric::IccLab)
        {
            return Err(unsupported(
                "it is YCbCr or ICC L*a*b* of samples that are signed or floating",
            ));
        }
        if self.photometric == Photometric::Palette
            && (self.bits > 16 || self.format != SampleFormat::Unsigned)
        {
            return Err(unsupported("its palette is not indexed by up to 16 bits"));
        }
        let colors = match self.photometric {
            Photometric::Rgb | Photometric::YCbCr | Photometric::CieLab | Photometric::IccLab => 3,
            Photometric::Cmyk => 4,
            _ => 1,
        };
        if self.samples < colors {
            return Err(Error::corrupt("its pixels have fewer samples than colors"));
        }
        Ok(())
    }

    /// Checks what decoding will hold and read, before it begins. Returns the bytes that the chunks side by side and a row take.
    fn check(&self, limits: &Limits) -> Result<u64, Error> {
        /// Of a tile that a sparse file leaves out.
        const SPARSE_BYTES: usize = 16 * 1024 * 1024;
        /// Bytes that a chunk takes besides its samples.
        const OVERHEAD: u64 = 64;
        let Chunks {
            across,
            down,
            height,
            ..
        } = self.chunks;
        let chunk = (self.row_bytes() as u64).saturating_mul(height as u64);
        if self.compression == Compression::None && chunk > self.file.len().max(SPARSE_BYTES) as u64
        {
            return Err(Error::corrupt("it ends within its pixels"));
        }
        let side_by_side = across.saturating_mul(self.planes());
        let chunks = chunk
            .saturating_add(OVERHEAD)
            .saturating_mul(side_by_side as u64);
        // A row of samples and of pixels.
        let row = (self.width * self.samples.max(4)) as u64 * 4;
        if self.compression == Compression::OldJpeg {
            limits.check_memory(chunks.saturating_add(row))?;
            return Ok(chunks + row);
        }
        let count = side_by_side.saturating_mul(down);
        if self.chunks.offsets.len() < count {
            return Err(Error::corrupt("its list of strips or tiles is too short"));
        }
        // Bytes that are stored as needed are not copied.
        let is_borrowed = self.compression == Compression::None
            && !self.reversed_bits
            && self.subsampling == (1, 1)
            && (0..count).all(|index| self.chunks.offsets.number(index) != Some(0));
        let chunks = if is_borrowed {
            OVERHEAD * side_by_side as u64
        } else {
            chunks
        };
        limits.check_memory(chunks.saturating_add(row))?;
        if self.compression == Compression::None {
            return Ok(chunks + row);
        }
        let mut total = 0_u64;
        for plane in 0..self.planes() {
            for row in 0..down {
                for column in 0..across {
                    total += self.stored(plane, row, column)?.len() as u64;
                    if total > SHARED_BYTES + 4 * self.file.len() as u64 {
                        return Err(Error::corrupt("its strips or tiles overlap"));
                    }
                }
            }
        }
        Ok(chunks + row)
    }
}
