//! What the tags of a TIFF say of its pixels, checked against each other and against the limits.

use super::directory::{Directory, Values, tag};
use super::unsupported;
use crate::{Error, Limits};

/// How samples are compressed (TIFF 6.0, section 3, and libtiff's list of schemes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    /// Modified Huffman (2), whose rows begin at a byte, or (32771) at a 16-bit word.
    ModifiedHuffman {
        word_aligned: bool,
    },
    /// ITU-T T.4; two-dimensional if the first bit of `T4Options` is set.
    Group3 {
        two_dimensional: bool,
    },
    /// ITU-T T.6.
    Group4,
    Lzw,
    OldJpeg,
    Jpeg,
    Deflate,
    PackBits,
    ThunderScan,
    /// `LogL`, or `LogLuv` of 32 bits.
    SgiLog,
    WebP,
}

/// What samples mean (TIFF 6.0, `PhotometricInterpretation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    CieLab,
    IccLab,
    LogL,
    LogLuv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleFormat {
    Unsigned,
    Signed,
    Float,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    Float,
}

/// A sample of a pixel that is its opacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Which of the pixel's samples it is.
    pub sample: usize,
    /// The colors are multiplied by it.
    pub premultiplied: bool,
    /// `ExtraSamples` does not say what the sample is.
    pub unspecified: bool,
}

/// Strips or tiles: both are rectangles of which as many as needed cover the image.
pub(super) struct Chunks<'a> {
    pub width: usize,
    pub height: usize,
    pub tiled: bool,
    /// Chunks side by side.
    pub across: usize,
    /// Chunks one above the other.
    pub down: usize,
    pub offsets: Values<'a>,
    pub byte_counts: Option<Values<'a>>,
}

pub(super) struct Layout<'a> {
    pub file: &'a [u8],
    /// What decompressing a chunk may take besides the chunks side by side.
    pub limits: Limits,
    pub directory: Directory<'a>,
    pub width: usize,
    pub height: usize,
    pub bits: usize,
    pub format: SampleFormat,
    /// Samples of a pixel.
    pub samples: usize,
    /// Each sample has chunks of its own.
    pub planar: bool,
    pub compression: Compression,
    pub photometric: Photometric,
    pub predictor: Predictor,
    /// The first pixel is in the lowest bit.
    pub reversed_bits: bool,
    pub alpha: Option<Alpha>,
    /// Luma samples for each sample of chroma, across and down; (1, 1) where there is no `YCbCr`.
    pub subsampling: (usize, usize),
    /// The same for an old JPEG without a header of its own.
    pub jpeg_subsampling: (usize, usize),
    pub chunks: Chunks<'a>,
}

/// More samples a pixel than any writer was seen to use; GDAL's hyperspectral images have some hundreds.
const MAX_SAMPLES: u64 = 1024;
/// What is decompressed in all may be this many bytes more than four times the file, as chunks may share bytes.
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
            // Some writers of old JPEG leave it to that.
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
            chunks: chunks(&directory, (width, height), compression)?,
            directory,
        };
        layout.agree()?;
        layout.limits.memory -= layout.check(limits)?;
        Ok(layout)
    }

    pub fn is_lab(&self) -> bool {
        matches!(self.photometric, Photometric::CieLab | Photometric::IccLab)
    }

    /// Samples that lie side by side in a chunk's pixel.
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

    /// The stored bytes of a chunk, as far as the file has them; nothing for one that was left out.
    pub fn stored(&self, plane: usize, row: usize, column: usize) -> Result<&'a [u8], Error> {
        let Chunks { across, down, .. } = self.chunks;
        let index = (plane * down + row) * across + column;
        let missing = || Error::corrupt("a strip or tile is not in its list");
        let offset = self.chunks.offsets.number(index).ok_or_else(missing)?;
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.file.get(offset..))
            .unwrap_or_default();
        // Sizes of what is not compressed are known, and some writers get them wrong.
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

    /// Corrects or refuses what tags say that does not fit together.
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

    /// What decoding holds in memory and takes in, checked before it begins: the bytes of chunks side by side.
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
        // What is stored as it is needed is read where it is.
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

fn compression(directory: &Directory<'_>) -> Result<Compression, Error> {
    let number = directory.number(tag::COMPRESSION).unwrap_or(1);
    let named = |name| Err(unsupported(format!("its compression is {name}")));
    Ok(match number {
        1 => Compression::None,
        2 => Compression::ModifiedHuffman {
            word_aligned: false,
        },
        3 => Compression::Group3 {
            two_dimensional: directory.number(tag::T4_OPTIONS).unwrap_or(0) & 1 == 1,
        },
        4 => Compression::Group4,
        5 => Compression::Lzw,
        6 => Compression::OldJpeg,
        7 => Compression::Jpeg,
        8 | 32946 => Compression::Deflate,
        32771 => Compression::ModifiedHuffman { word_aligned: true },
        32773 => Compression::PackBits,
        32809 => Compression::ThunderScan,
        34676 => Compression::SgiLog,
        50001 => Compression::WebP,
        9 | 10 | 34661 => return named("JBIG"),
        32766 => return named("NeXT"),
        32895..=32898 => return named("that of a prepress system (IT8)"),
        32908 | 32909 => return named("Pixar's"),
        32947 => return named("Kodak's DCS"),
        33003 | 33004 | 33005 | 34712 => return named("JPEG 2000"),
        34677 => return named("LogLuv of 24 bits"),
        34887 => return named("LERC"),
        34892 => return named("lossy DNG JPEG"),
        34925 => return named("LZMA"),
        50000 => return named("Zstandard"),
        50002 | 52546 => return named("JPEG XL"),
        other => return named(&format!("unknown ({other})")),
    })
}

fn photometric(
    directory: &Directory<'_>,
    samples: usize,
    compression: Compression,
) -> Result<Photometric, Error> {
    let named = |name| Err(unsupported(format!("it is {name}")));
    Ok(match directory.number(tag::PHOTOMETRIC_INTERPRETATION) {
        Some(0) => Photometric::WhiteIsZero,
        // 4 is a transparency mask: 1 is what is to be seen.
        Some(1 | 4) => Photometric::BlackIsZero,
        Some(2) => Photometric::Rgb,
        Some(3) => Photometric::Palette,
        Some(5) => match directory.number(tag::INK_SET) {
            Some(2) if samples != 4 => return named("separated into inks other than CMYK"),
            _ => Photometric::Cmyk,
        },
        Some(6) => Photometric::YCbCr,
        Some(8) => Photometric::CieLab,
        Some(9) => Photometric::IccLab,
        Some(10) => return named("ITU L*a*b*"),
        Some(32803) => return named("the unprocessed mosaic of a camera's sensor"),
        Some(34892) => return named("a camera's linear raw data"),
        Some(32844) => Photometric::LogL,
        Some(32845) => Photometric::LogLuv,
        Some(other) => return named(&format!("of an unknown color space ({other})")),
        None if is_fax(compression) => Photometric::WhiteIsZero,
        None if samples >= 3 => Photometric::Rgb,
        None => Photometric::BlackIsZero,
    })
}

fn is_fax(compression: Compression) -> bool {
    matches!(
        compression,
        Compression::ModifiedHuffman { .. } | Compression::Group3 { .. } | Compression::Group4
    )
}

fn bits(
    directory: &Directory<'_>,
    samples: usize,
    compression: Compression,
    photometric: Photometric,
) -> Result<usize, Error> {
    let bits = match directory.values(tag::BITS_PER_SAMPLE) {
        Some(all) => {
            let first = all.number(0).unwrap_or(1);
            // Some writers give one number for all samples.
            if (1..all.len().min(samples)).any(|sample| all.number(sample) != Some(first)) {
                return Err(unsupported("its samples are of different numbers of bits"));
            }
            first
        }
        None if matches!(compression, Compression::Jpeg | Compression::OldJpeg) => 8,
        None => 1,
    };
    // What some codecs give is the same whatever the tag says.
    let fixed = match compression {
        Compression::SgiLog => 8,
        _ if matches!(photometric, Photometric::LogL | Photometric::LogLuv) => {
            return Err(unsupported("it is LogLuv without its compression"));
        }
        _ if is_fax(compression) => 1,
        Compression::ThunderScan => 4,
        Compression::WebP => 8,
        Compression::Jpeg | Compression::OldJpeg if bits != 8 => {
            return Err(unsupported(format!("it is JPEG of {bits} bits a sample")));
        }
        _ => bits,
    };
    match fixed {
        1..=64 => Ok(fixed as usize),
        _ => Err(unsupported(format!("its samples are of {fixed} bits"))),
    }
}

fn sample_format(directory: &Directory<'_>, bits: usize) -> Result<SampleFormat, Error> {
    match directory.number(tag::SAMPLE_FORMAT) {
        Some(2) if matches!(bits, 8 | 16 | 24 | 32 | 64) => Ok(SampleFormat::Signed),
        Some(3) if matches!(bits, 16 | 24 | 32 | 64) => Ok(SampleFormat::Float),
        Some(2 | 3) => Err(unsupported(format!(
            "its samples are signed or floating, of {bits} bits"
        ))),
        Some(5 | 6) => Err(unsupported("its samples are complex numbers")),
        _ => Ok(SampleFormat::Unsigned),
    }
}

fn predictor(
    directory: &Directory<'_>,
    compression: Compression,
    bits: usize,
) -> Result<Predictor, Error> {
    // Other compressions have none; libtiff ignores the tag there.
    if !matches!(compression, Compression::Lzw | Compression::Deflate) {
        return Ok(Predictor::None);
    }
    match directory.number(tag::PREDICTOR) {
        None | Some(1) => Ok(Predictor::None),
        Some(2) if matches!(bits, 8 | 16 | 24 | 32 | 64) => Ok(Predictor::Horizontal),
        Some(3) if matches!(bits, 16 | 24 | 32 | 64) => Ok(Predictor::Float),
        Some(other) => Err(unsupported(format!(
            "its predictor is {other} for samples of {bits} bits"
        ))),
    }
}

/// `ExtraSamples` (TIFF 6.0, section 18). One sample more than colors whose meaning is not given is taken for
/// opacity that is not multiplied in, as libvips does.
fn alpha(directory: &Directory<'_>, samples: usize, photometric: Photometric) -> Option<Alpha> {
    let colors = match photometric {
        Photometric::Rgb | Photometric::YCbCr | Photometric::CieLab | Photometric::IccLab => 3,
        Photometric::Cmyk => 4,
        _ => 1,
    };
    let extra = samples.checked_sub(colors).filter(|extra| *extra > 0)?;
    let kinds = directory.values(tag::EXTRA_SAMPLES);
    let kind = |index| kinds.as_ref().and_then(|kinds| kinds.number(index));
    let found = (0..extra).find_map(|index| match kind(index) {
        Some(1) => Some((index, true)),
        Some(2) => Some((index, false)),
        _ => None,
    });
    match found {
        Some((index, premultiplied)) => Some(Alpha {
            sample: colors + index,
            premultiplied,
            unspecified: false,
        }),
        None if extra == 1 => Some(Alpha {
            sample: colors,
            premultiplied: false,
            unspecified: true,
        }),
        None => None,
    }
}

fn subsampling(
    directory: &Directory<'_>,
    photometric: Photometric,
) -> Result<(usize, usize), Error> {
    if photometric != Photometric::YCbCr {
        return Ok((1, 1));
    }
    let values = directory.values(tag::YCBCR_SUBSAMPLING);
    let value = |index| {
        values
            .as_ref()
            .and_then(|values| values.number(index))
            .unwrap_or(2)
    };
    match (value(0), value(1)) {
        (across @ (1 | 2 | 4), down @ (1 | 2 | 4)) => Ok((across as usize, down as usize)),
        _ => Err(Error::corrupt(
            "its chroma is subsampled by no known factor",
        )),
    }
}

fn chunks<'a>(
    directory: &Directory<'a>,
    (width, height): (usize, usize),
    compression: Compression,
) -> Result<Chunks<'a>, Error> {
    let strips = directory.values(tag::STRIP_OFFSETS);
    let tile = |tag| {
        directory
            .number(tag)
            .map(|side| side.min(u64::from(u32::MAX)) as usize)
    };
    let tile = tile(tag::TILE_WIDTH).zip(tile(tag::TILE_LENGTH));
    // Some writers of tiles use the tags of strips for them, as TIFF 6.0 allows readers to expect.
    let offsets = match (tile, directory.values(tag::TILE_OFFSETS)) {
        (Some(_), Some(tiles)) => Some(tiles),
        _ => strips,
    };
    // An old JPEG may have its only strip where its tag says, and no list.
    let offsets = match offsets {
        Some(offsets) => offsets,
        None if compression == Compression::OldJpeg => Values::none(),
        None => return Err(Error::corrupt("it has no strips and no tiles")),
    };
    let byte_counts = match tile {
        Some(_) => directory
            .values(tag::TILE_BYTE_COUNTS)
            .or_else(|| directory.values(tag::STRIP_BYTE_COUNTS)),
        None => directory.values(tag::STRIP_BYTE_COUNTS),
    };
    let (chunk_width, chunk_height) = match tile {
        Some((0, _) | (_, 0)) => return Err(Error::corrupt("its tiles are empty")),
        Some(tile) => tile,
        None => {
            let rows = directory.number(tag::ROWS_PER_STRIP).unwrap_or(u64::MAX);
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            // One strip holds all rows, whatever the tag says.
            if rows == 0 || rows > height || offsets.len() == 1 {
                (width, height)
            } else {
                (width, rows)
            }
        }
    };
    Ok(Chunks {
        width: chunk_width,
        height: chunk_height,
        tiled: tile.is_some(),
        across: width.div_ceil(chunk_width),
        down: height.div_ceil(chunk_height),
        offsets,
        byte_counts,
    })
}
