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
mod inflate;
mod jpeg;
mod limits;
mod pixels;
mod resample;
mod small;

pub use encode::Encoding;
pub use error::Error;
pub use format::Format;
pub use header::{Header, header};
pub use limits::Limits;

use std::panic::{AssertUnwindSafe, catch_unwind};

use decode::Picture;
use pixels::Pixels;
use resample::{Resample, fit};
use small::Small;

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
    let small = shrink(bytes, &header, limits, Colour::Half, |width, height| {
        sizes
            .iter()
            .map(|size| fit(width, height, *size as usize))
            .collect()
    })?;
    let encoding = if small.iter().any(Small::is_transparent) {
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
    let colour = if matches!(encoding, Encoding::Jpeg(_)) {
        Colour::Half
    } else {
        Colour::Full
    };
    let small = one(shrink(bytes, &header, limits, colour, |width, height| {
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
    let small = one(shrink(
        bytes,
        &header,
        limits,
        Colour::Full,
        |width, height| {
            let (shorter, longer) = (width.min(height), width.max(height));
            vec![fit(
                width,
                height,
                (longer * at_least.max(1) as usize).div_ceil(shorter),
            )]
        },
    )?)?;
    let Pixels {
        width,
        height,
        model,
        data,
    } = small.into_pixels().over_white();
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
    let small = one(shrink(
        bytes,
        &header,
        limits,
        Colour::Full,
        |width, height| vec![fit(width, height, max_side as usize)],
    )?)?;
    let mut small = small.into_pixels().over_white();
    loop {
        let mut shortest = usize::MAX;
        for quality in QUALITIES {
            let jpeg = encode::encode(Small::Pixels(small.clone()), Encoding::Jpeg(quality))?;
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
        small = Resample::whole(
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

/// How much colour the encoding that follows has room for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Full,
    /// Half as wide and half as high as luma.
    Half,
}

/// The pipeline: decode once, scale to each size, turn upright, bring to sRGB. The last two are done to few pixels.
fn shrink(
    bytes: &[u8],
    header: &Header,
    limits: &Limits,
    colour: Colour,
    sizes: impl FnOnce(usize, usize) -> Vec<(usize, usize)>,
) -> Result<Vec<Small>, Error> {
    let sizes = sizes(header.width as usize, header.height as usize);
    // A decoder that panics would make a retry, and then an alarm, of what is a damaged file; the panic is printed.
    catch_unwind(AssertUnwindSafe(|| {
        shrink_to(bytes, header, limits, colour, &sizes)
    }))
    .unwrap_or_else(|_| Err(Error::corrupt("its decoder could not go on")))
}

fn shrink_to(
    bytes: &[u8],
    header: &Header,
    limits: &Limits,
    colour: Colour,
    sizes: &[(usize, usize)],
) -> Result<Vec<Small>, Error> {
    let (small, profile) = match header.format {
        Format::Jpeg => match jpeg::reduce(bytes, sizes, colour == Colour::Half, limits.memory) {
            Ok(jpeg::Reduced { small, profile }) => (small, profile),
            Err(jpeg::Unusual) => shrink_whole(bytes, header, limits, sizes)?,
        },
        format => {
            let rows = match format {
                Format::Png => decode::png::shrink(bytes, sizes, limits)?,
                Format::WebP => decode::webp::shrink(bytes, sizes, limits)?,
                _ => None,
            };
            match rows {
                Some((small, profile)) => (small.into_iter().map(Small::Pixels).collect(), profile),
                None => shrink_whole(bytes, header, limits, sizes)?,
            }
        }
    };
    Ok(small
        .into_iter()
        .map(|small| small.upright(header.orientation))
        .map(|small| colour::to_srgb(small, profile.as_deref()))
        .collect())
}

type Shrunk = (Vec<Small>, Option<Vec<u8>>);

/// By way of the whole picture in memory.
fn shrink_whole(
    bytes: &[u8],
    header: &Header,
    limits: &Limits,
    sizes: &[(usize, usize)],
) -> Result<Shrunk, Error> {
    let Picture { pixels, profile } = decode::decode(bytes, header, limits)?;
    if (pixels.width, pixels.height) != (header.width as usize, header.height as usize) {
        return Err(Error::corrupt("it is not of the size that it says"));
    }
    Ok((
        sizes
            .iter()
            .map(|size| Small::Pixels(Resample::whole(&pixels, *size)))
            .collect(),
        profile,
    ))
}

fn thumbnail(small: Small, size: u32, encoding: Encoding) -> Result<Thumbnail, Error> {
    let (width, height) = small.size();
    Ok(Thumbnail {
        size,
        width: width as u32,
        height: height as u32,
        content_type: encoding.content_type(),
        bytes: encode::encode(small, encoding)?,
    })
}

fn one(mut small: Vec<Small>) -> Result<Small, Error> {
    small
        .pop()
        .ok_or_else(|| Error::corrupt("it has no pixels"))
}
