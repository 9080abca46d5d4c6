//! How samples are stored and what they mean, by a directory's tags.

use super::unsupported;
use crate::Error;
use crate::ifd::{Directory, tag};

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

pub(super) fn compression(directory: &Directory<'_>) -> Result<Compression, Error> {
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

pub(super) fn photometric(
    directory: &Directory<'_>,
    samples: usize,
    compression: Compression,
) -> Result<Photometric, Error> {
    let named = |name| Err(unsupported(format!("it is {name}")));
    Ok(match directory.number(tag::PHOTOMETRIC_INTERPRETATION) {
        Some(0) => Photometric::WhiteIsZero,
        // 4 is a transparency mask, where 1 is visible.
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

pub(super) fn is_fax(compression: Compression) -> bool {
    matches!(
        compression,
        Compression::ModifiedHuffman { .. } | Compression::Group3 { .. } | Compression::Group4
    )
}

pub(super) fn bits(
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
    // The output of some codecs has a fixed depth, whatever the tag says.
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

pub(super) fn sample_format(directory: &Directory<'_>, bits: usize) -> Result<SampleFormat, Error> {
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

pub(super) fn predictor(
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

/// `ExtraSamples` (TIFF 6.0, section 18). A single extra sample without a stated meaning is taken for alpha that is not
/// premultiplied, as by libvips.
pub(super) fn alpha(
    directory: &Directory<'_>,
    samples: usize,
    photometric: Photometric,
) -> Option<Alpha> {
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

pub(super) fn subsampling(
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
