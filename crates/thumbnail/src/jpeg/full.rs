//! JPEG in full by `zune-jpeg`, which the `image` crate uses too: asked directly it also gives the inks of CMYK.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::progressive::{MAX_SCANS, end_of_scan};
use super::segments::{Segment, Segments, marker};
use crate::bytes::{Bytes, HeaderError};
use crate::decode::Decoded;
use crate::header::Header;
use crate::pixels::{ColorModel, Pixels};
use crate::{Error, Format, Limits};

pub(super) fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Decoded, Error> {
    let scan = survey(bytes)?;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(explain)?;
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| Error::corrupt("it has no size"))?;
    if (width, height) != (header.width as usize, header.height as usize) {
        return Err(Error::corrupt("its size is not the one in its header"));
    }
    let stored = decoder
        .input_colorspace()
        .ok_or_else(|| Error::corrupt("it has no colors"))?;
    let (model, wanted) = match stored {
        ColorSpace::Luma => (ColorModel::Gray, ColorSpace::Luma),
        ColorSpace::CMYK | ColorSpace::YCCK => (ColorModel::Cmyk, stored),
        _ => (ColorModel::Rgb, ColorSpace::RGB),
    };
    // A progressive image's coefficients, of two bytes each, are kept until its last scan.
    let samples = (width as u64) * (height as u64) * (model.channels() as u64);
    limits.check_memory(samples * if scan.progressive { 3 } else { 1 })?;
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut data = decoder.decode().map_err(explain)?;
    if data.len() as u64 != samples {
        return Err(Error::corrupt("its pixels are not as many as it says"));
    }
    if model == ColorModel::Cmyk {
        to_inks(&mut data, stored == ColorSpace::YCCK, scan.adobe);
    }
    Ok(Decoded {
        pixels: Pixels {
            width,
            height,
            model,
            data,
        },
        icc_profile: decoder.icc_profile(),
    })
}

/// Stored samples to inks. Adobe writes light for ink, and says so by its marker; YCCK is the color
/// transform of that light (Adobe technical note 5116).
fn to_inks(data: &mut [u8], ycck: bool, adobe: bool) {
    for pixel in data.as_chunks_mut::<4>().0 {
        if ycck {
            let [y, cb, cr, _] = pixel.map(f32::from);
            let (cb, cr) = (cb - 128.0, cr - 128.0);
            let color = [
                y + 1.402 * cr,
                y - 0.344_136 * cb - 0.714_136 * cr,
                y + 1.772 * cb,
            ];
            for (ink, color) in pixel.iter_mut().zip(color) {
                *ink = 255 - crate::resample::byte(color);
            }
        }
        if adobe {
            *pixel = pixel.map(|ink| 255 - ink);
        }
    }
}

struct Survey {
    progressive: bool,
    adobe: bool,
}

/// Walks all segments and scans to the end-of-image marker. The decoder would fill what is missing with gray.
fn survey(bytes: &[u8]) -> Result<Survey, Error> {
    let mut survey = Survey {
        progressive: false,
        adobe: false,
    };
    let mut segments = Segments::new(Bytes(bytes));
    let mut scans = 0;
    loop {
        let Segment { marker, body, end } = segments.next().map_err(|unread| match unread {
            HeaderError::Incomplete => Error::corrupt("it ends too early"),
            HeaderError::Invalid(why) => Error::corrupt(why),
        })?;
        match marker {
            marker::END_OF_IMAGE => return Ok(survey),
            marker::APP14 => survey.adobe |= body.starts_with(b"Adobe"),
            marker::START_OF_SCAN => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(Error::corrupt("it has too many scans"));
                }
                segments = Segments::at(Bytes(bytes), end_of_scan(bytes, end as usize) as u64);
            }
            _ if marker::is_frame(marker) => {
                let unsupported = |detail: &str| Error::UnsupportedVariant {
                    format: Format::Jpeg,
                    detail: detail.to_owned(),
                };
                if !matches!(marker, 0xc0..=0xc2) {
                    return Err(unsupported("it is arithmetic, lossless or hierarchical"));
                }
                if body.first() != Some(&8) {
                    return Err(unsupported("its samples are not of 8 bits"));
                }
                survey.progressive |= marker::is_progressive(marker);
            }
            _ => {}
        }
    }
}

fn explain(error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(scheme) => Error::UnsupportedVariant {
            format: Format::Jpeg,
            detail: format!("{scheme:?}"),
        },
        other => Error::corrupt(format!("{other:?}")),
    }
}
