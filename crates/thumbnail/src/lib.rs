//! Bytes of a picture in, an upright, small, clean picture out.
//!
//! What comes out is turned as EXIF says, in sRGB, and carries pixels only: no place, no camera, no profile.
//! [`thumbnails`] makes several sizes from one decode, [`pixels`] what a recogniser looks at, [`jpeg_within`] what a
//! service takes that knows JPEG only. A file's format is what its bytes say. Nothing here panics on any input, and
//! what a picture would cost is checked against [`Limits`] before it is decoded.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "arithmetic of samples and sizes: every value is bounded by the formats or saturates"
)]

mod colour;
mod decode;
mod encode;
mod error;
mod format;
mod header;
mod limits;
mod pixels;
mod resample;

pub use encode::Encoding;
pub use error::Error;
pub use format::Format;
pub use header::{Header, header};
pub use limits::Limits;

use decode::Picture;
use pixels::Pixels;
use resample::{Resample, fit};

/// The quality of thumbnails that are JPEG.
const QUALITY: u8 = 80;
/// What [`jpeg_within`] tries, in this order, before it makes the picture smaller.
const QUALITIES: [u8; 5] = [90, 80, 70, 60, 50];

/// One small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Side of the square box that was asked for, in pixels.
    pub size: u32,
    /// Width in pixels, at most `size`.
    pub width: u32,
    /// Height in pixels, at most `size`.
    pub height: u32,
    /// `image/png` where the picture lets something shine through, `image/jpeg` otherwise.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// All small pictures of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnails {
    /// What the picture was.
    pub header: Header,
    /// One for each size, in the order asked for.
    pub items: Vec<Thumbnail>,
}

/// Upright sRGB pixels of 8 bits, without alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green, blue, from the top left, row by row: `width * height * 3` bytes.
    pub data: Vec<u8>,
}

/// Makes one thumbnail for each size from one decode. A thumbnail fits a square box of `size` pixels, keeps the
/// picture's shape, is never larger than the picture and never empty.
///
/// # Errors
/// Every case of [`Error`].
pub fn thumbnails(bytes: &[u8], sizes: &[u32], limits: &Limits) -> Result<Thumbnails, Error> {
    let header = whole_header(bytes, limits)?;
    let small = shrink(bytes, &header, limits, |width, height| {
        sizes
            .iter()
            .map(|size| fit(width, height, *size as usize))
            .collect()
    })?;
    let encoding = if small.iter().any(Pixels::is_transparent) {
        Encoding::Png
    } else {
        Encoding::Jpeg(QUALITY)
    };
    let items = small
        .into_iter()
        .zip(sizes)
        .map(|(small, size)| thumbnail(small, *size, encoding))
        .collect::<Result<_, _>>()?;
    Ok(Thumbnails { header, items })
}

/// Makes one thumbnail in the encoding asked for.
///
/// # Errors
/// Every case of [`Error`].
pub fn thumbnail_as(
    bytes: &[u8],
    size: u32,
    encoding: Encoding,
    limits: &Limits,
) -> Result<Thumbnail, Error> {
    let header = whole_header(bytes, limits)?;
    let small = one(shrink(bytes, &header, limits, |width, height| {
        vec![fit(width, height, size as usize)]
    })?)?;
    thumbnail(small, size, encoding)
}

/// Upright sRGB pixels, transparency laid over white, scaled down so that the shorter side has `at_least` pixels; a
/// picture that is smaller stays as it is.
///
/// # Errors
/// Every case of [`Error`].
pub fn pixels(bytes: &[u8], at_least: u32, limits: &Limits) -> Result<Rgb, Error> {
    let header = whole_header(bytes, limits)?;
    let small = one(shrink(bytes, &header, limits, |width, height| {
        let (shorter, longer) = (width.min(height), width.max(height));
        vec![fit(
            width,
            height,
            (longer * at_least.max(1) as usize).div_ceil(shorter),
        )]
    })?)?;
    let Pixels {
        width,
        height,
        model,
        data,
    } = small.over_white();
    let data = if model == pixels::Model::Grey {
        data.into_iter().flat_map(|grey| [grey; 3]).collect()
    } else {
        data
    };
    Ok(Rgb {
        width: width as u32,
        height: height as u32,
        data,
    })
}

/// An upright sRGB JPEG of at most `max_side` pixels a side and at most `max_bytes` bytes. Quality is lowered first,
/// then the size.
///
/// # Errors
/// Every case of [`Error`]; [`Error::TooManyBytes`] if not even one pixel fits `max_bytes`.
pub fn jpeg_within(
    bytes: &[u8],
    max_side: u32,
    max_bytes: usize,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let header = whole_header(bytes, limits)?;
    let mut small = one(shrink(bytes, &header, limits, |width, height| {
        vec![fit(width, height, max_side as usize)]
    })?)?
    .over_white();
    loop {
        let mut shortest = usize::MAX;
        for quality in QUALITIES {
            let jpeg = encode::encode(small.clone(), Encoding::Jpeg(quality))?;
            if jpeg.len() <= max_bytes {
                return Ok(jpeg);
            }
            shortest = jpeg.len();
        }
        let longer = small.width.max(small.height);
        if longer == 1 {
            return Err(Error::TooManyBytes {
                bytes: shortest as u64,
                limit: max_bytes as u64,
            });
        }
        small = resample(
            &small,
            fit(small.width, small.height, (longer * 3 / 4).max(1)),
        );
    }
}

/// The header of a file that is here whole.
fn whole_header(bytes: &[u8], limits: &Limits) -> Result<Header, Error> {
    limits.check_bytes(bytes.len() as u64)?;
    header(bytes, limits)?.ok_or_else(|| Error::corrupt("it ends before its pixels begin"))
}

/// The pipeline: decode once, scale to each size, turn upright, bring to sRGB. The last two are done to few pixels.
fn shrink(
    bytes: &[u8],
    header: &Header,
    limits: &Limits,
    sizes: impl FnOnce(usize, usize) -> Vec<(usize, usize)>,
) -> Result<Vec<Pixels>, Error> {
    let Picture { pixels, profile } = decode::decode(bytes, header, limits)?;
    Ok(sizes(pixels.width, pixels.height)
        .into_iter()
        .map(|size| resample(&pixels, size))
        .map(|small| small.upright(header.orientation))
        .map(|small| colour::to_srgb(small, profile.as_deref()))
        .collect())
}

fn resample(pixels: &Pixels, size: (usize, usize)) -> Pixels {
    let mut resample = Resample::new(pixels.model, (pixels.width, pixels.height), size);
    for row in pixels
        .data
        .chunks_exact(pixels.width * pixels.model.channels())
    {
        resample.row(row);
    }
    resample.finish()
}

fn thumbnail(small: Pixels, size: u32, encoding: Encoding) -> Result<Thumbnail, Error> {
    let (width, height) = (small.width as u32, small.height as u32);
    Ok(Thumbnail {
        size,
        width,
        height,
        content_type: encoding.content_type(),
        bytes: encode::encode(small, encoding)?,
    })
}

fn one(mut small: Vec<Pixels>) -> Result<Pixels, Error> {
    small
        .pop()
        .ok_or_else(|| Error::corrupt("it has no pixels"))
}
