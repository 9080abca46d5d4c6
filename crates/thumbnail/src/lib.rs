//! Thumbnails: bytes of an image in, small upright sRGB images out.
//!
//! The output holds pixels only: no EXIF, no GPS position, no ICC profile. [`thumbnails`] makes several sizes from one
//! decode, [`pixels`] the input of an image classifier, [`jpeg_within`] a JPEG for a service that limits dimensions and
//! bytes. The format is determined by the file's bytes. No input causes a panic, and the cost of an image is checked
//! against [`Limits`] before it is decoded.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "arithmetic on samples and sizes: every value is bounded by the formats or saturates"
)]

mod bmp;
mod bytes;
mod decode;
mod decoders;
mod encode;
mod error;
mod format;
mod gif;
mod header;
#[cfg(feature = "heic")]
mod heic;
#[cfg(not(feature = "heic"))]
#[path = "heic/absent.rs"]
mod heic;
mod ifd;
mod jpeg;
mod limits;
mod pixels;
mod placeholder;
mod planes;
mod png;
mod raster;
mod resample;
mod srgb;
mod tiff;
mod webp;

pub use decoders::header;
pub use encode::Encoding;
pub use error::Error;
pub use format::Format;
pub use header::Header;
pub use limits::Limits;

use std::panic::{AssertUnwindSafe, catch_unwind};

use decode::{Chroma, Scaled, Target};
use decoders::decode_to_sizes;
use pixels::{ColorModel, Pixels};
use raster::Raster;
use resample::{Resample, fit};

/// JPEG quality of thumbnails.
const QUALITY: u8 = 80;
/// JPEG qualities that [`jpeg_within`] tries, in this order, before it makes the image smaller.
const QUALITIES: [u8; 5] = [90, 80, 70, 60, 50];

/// One encoded thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Side of the square box that was asked for, in pixels.
    pub size: u32,
    /// In pixels, at most `size`.
    pub width: u32,
    /// In pixels, at most `size`.
    pub height: u32,
    /// `image/png` where any pixel is transparent, `image/jpeg` otherwise.
    pub content_type: &'static str,
    /// The encoded file.
    pub bytes: Vec<u8>,
}

/// All thumbnails of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnails {
    /// Of the original.
    pub header: Header,
    /// A `ThumbHash` of the upright image; empty if no size was asked for.
    pub placeholder: Vec<u8>,
    /// One for each size, in the order asked for.
    pub items: Vec<Thumbnail>,
}

/// Upright sRGB pixels, 8 bits a sample, without alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green, blue, from the top left, row by row: `width * height * 3` bytes.
    pub data: Vec<u8>,
}

/// Makes one thumbnail for each size from one decode. A thumbnail fits into a square box of `size` pixels, keeps the
/// aspect ratio, is never larger than the original and never empty.
///
/// # Errors
/// Every variant of [`Error`].
pub fn thumbnails(bytes: &[u8], sizes: &[u32], limits: &Limits) -> Result<Thumbnails, Error> {
    let header = whole_header(bytes, limits)?;
    let (width, height) = stored_size(&header);
    let fitted: Vec<_> = sizes
        .iter()
        .map(|size| fit(width, height, *size as usize))
        .collect();
    let rasters = render(bytes, &header, &fitted, Chroma::Half, limits)?;
    let encoding = if rasters.iter().any(Raster::is_transparent) {
        Encoding::Png
    } else {
        Encoding::Jpeg(QUALITY)
    };
    let smallest = rasters.iter().min_by_key(|raster| raster.size());
    let placeholder = smallest.map_or_else(Vec::new, placeholder::thumb_hash);
    let items = rasters
        .into_iter()
        .zip(sizes)
        .map(|(raster, size)| encode_thumbnail(raster, *size, encoding))
        .collect::<Result<_, _>>()?;
    Ok(Thumbnails {
        header,
        placeholder,
        items,
    })
}

/// Makes one thumbnail in the encoding asked for.
///
/// # Errors
/// Every variant of [`Error`].
pub fn thumbnail_as(
    bytes: &[u8],
    size: u32,
    encoding: Encoding,
    limits: &Limits,
) -> Result<Thumbnail, Error> {
    let header = whole_header(bytes, limits)?;
    let (width, height) = stored_size(&header);
    let chroma = match encoding {
        Encoding::Jpeg(_) => Chroma::Half,
        Encoding::Png | Encoding::WebP => Chroma::Full,
    };
    let fitted = fit(width, height, size as usize);
    let raster = render_one(bytes, &header, fitted, chroma, limits)?;
    encode_thumbnail(raster, size, encoding)
}

/// Upright sRGB pixels, transparency composited over white, scaled down so that the shorter side has `min_side`
/// pixels; a smaller image keeps its size.
///
/// # Errors
/// Every variant of [`Error`].
pub fn pixels(bytes: &[u8], min_side: u32, limits: &Limits) -> Result<Rgb, Error> {
    let header = whole_header(bytes, limits)?;
    let (width, height) = stored_size(&header);
    let (shorter, longer) = (width.min(height), width.max(height));
    let longer = (longer * min_side.max(1) as usize).div_ceil(shorter);
    let fitted = fit(width, height, longer);
    let raster = render_one(bytes, &header, fitted, Chroma::Full, limits)?;
    let Pixels {
        width,
        height,
        model,
        data,
    } = raster.into_pixels().over_white();
    let data = if model == ColorModel::Gray {
        data.into_iter().flat_map(|gray| [gray; 3]).collect()
    } else {
        data
    };
    Ok(Rgb {
        width: width as u32,
        height: height as u32,
        data,
    })
}

/// An upright sRGB JPEG of at most `max_side` pixels a side and at most `max_bytes` bytes. Lowers the quality first,
/// then the size.
///
/// # Errors
/// Every variant of [`Error`]; [`Error::TooManyBytes`] if a single pixel does not fit into `max_bytes`.
pub fn jpeg_within(
    bytes: &[u8],
    max_side: u32,
    max_bytes: usize,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let header = whole_header(bytes, limits)?;
    let (width, height) = stored_size(&header);
    let fitted = fit(width, height, max_side as usize);
    let raster = render_one(bytes, &header, fitted, Chroma::Full, limits)?;
    let mut pixels = raster.into_pixels().over_white();
    loop {
        let mut shortest = usize::MAX;
        for quality in QUALITIES {
            let jpeg = encode::jpeg_of_pixels(&pixels, quality)?;
            if jpeg.len() <= max_bytes {
                return Ok(jpeg);
            }
            shortest = jpeg.len();
        }
        let longer = pixels.width.max(pixels.height);
        if longer == 1 {
            return Err(Error::TooManyBytes {
                bytes: shortest as u64,
                limit: max_bytes as u64,
            });
        }
        let smaller = fit(pixels.width, pixels.height, (longer * 3 / 4).max(1));
        pixels = Resample::whole(&pixels, smaller);
    }
}

/// The header of a complete file.
fn whole_header(bytes: &[u8], limits: &Limits) -> Result<Header, Error> {
    limits.check_bytes(bytes.len() as u64)?;
    header(bytes, limits)?.ok_or_else(|| Error::corrupt("it ends before its pixels begin"))
}

fn stored_size(header: &Header) -> (usize, usize) {
    (header.width as usize, header.height as usize)
}

/// Decodes to each size, turns upright and converts to sRGB, in this order, so that the last two see few pixels.
fn render(
    bytes: &[u8],
    header: &Header,
    sizes: &[(usize, usize)],
    chroma: Chroma,
    limits: &Limits,
) -> Result<Vec<Raster>, Error> {
    let target = Target {
        sizes,
        chroma,
        limits: &limits.of_decoder(header, sizes)?,
    };
    let run = || {
        let Scaled {
            images,
            icc_profile,
        } = decode_to_sizes(bytes, header, &target)?;
        let finish = |image: Raster| {
            let upright = image.upright(header.orientation);
            srgb::convert(upright, icc_profile.as_deref())
        };
        Ok(images.into_iter().map(finish).collect())
    };
    // A panic in a decoder is caused by the file, so retrying does not help; the panic message is on stderr.
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Error::corrupt("the decoder failed on it")))
        .map_err(|error| match error {
            Error::TooMuchMemory { .. } => Error::TooMuchMemory {
                limit: limits.memory,
            },
            other => other,
        })
}

fn render_one(
    bytes: &[u8],
    header: &Header,
    size: (usize, usize),
    chroma: Chroma,
    limits: &Limits,
) -> Result<Raster, Error> {
    let mut rasters = render(bytes, header, &[size], chroma, limits)?;
    rasters
        .pop()
        .ok_or_else(|| Error::corrupt("it has no pixels"))
}

fn encode_thumbnail(raster: Raster, size: u32, encoding: Encoding) -> Result<Thumbnail, Error> {
    let (width, height) = raster.size();
    Ok(Thumbnail {
        size,
        width: width as u32,
        height: height as u32,
        content_type: encoding.content_type(),
        bytes: encode::encode(raster, encoding)?,
    })
}
