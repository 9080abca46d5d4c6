//! Encoders. The files hold pixels and no metadata.

mod bit_writer;
mod forward_dct;
mod huffman;
mod jpeg;

use image::ExtendedColorType;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ImageEncoder, ImageResult};

use crate::Error;
use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;

/// The encoding of a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lossless, with transparency.
    Png,
    /// Of a quality from 1 to 100; transparency is composited over white.
    Jpeg(u8),
    /// Lossless, with transparency.
    WebP,
}

impl Encoding {
    /// `image/png`, `image/jpeg` or `image/webp`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg(_) => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// The largest side that a JPEG can have, in pixels.
const MAX_JPEG_SIDE: usize = 65_535;

pub(crate) fn encode(image: Raster, encoding: Encoding) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let written = match encoding {
        Encoding::Jpeg(quality) => return jpeg(image, quality),
        Encoding::Png => write(&image.into_pixels(), PngEncoder::new(&mut bytes)),
        Encoding::WebP => write(&image.into_pixels(), WebPEncoder::new_lossless(&mut bytes)),
    };
    // Writing to memory cannot fail; a side that the output format does not have is a property of the image.
    written.map_err(|error| Error::corrupt(error.to_string()))?;
    Ok(bytes)
}

fn jpeg(image: Raster, quality: u8) -> Result<Vec<u8>, Error> {
    check_jpeg_size(image.size())?;
    if let Raster::Planes(planes) = &image {
        match planes.planes.as_slice() {
            [luma] => return Ok(jpeg::encode(luma, None, quality)),
            [luma, blue, red] if planes.has_half_color() => {
                return Ok(jpeg::encode(luma, Some([blue, red]), quality));
            }
            _ => {}
        }
    }
    jpeg_of_pixels(&image.into_pixels().over_white(), quality)
}

/// Encodes gray or RGB pixels.
pub(crate) fn jpeg_of_pixels(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, Error> {
    check_jpeg_size((pixels.width, pixels.height))?;
    if pixels.model == ColorModel::Gray {
        return Ok(jpeg::encode(&jpeg::luma(pixels), None, quality));
    }
    let [luma, blue, red] = jpeg::planes(pixels);
    Ok(jpeg::encode(&luma, Some([&blue, &red]), quality))
}

fn check_jpeg_size((width, height): (usize, usize)) -> Result<(), Error> {
    if width.max(height) > MAX_JPEG_SIDE {
        return Err(Error::ImageTooLarge {
            width: width as u64,
            height: height as u64,
            limit: MAX_JPEG_SIDE as u64,
        });
    }
    Ok(())
}

fn write(pixels: &Pixels, encoder: impl ImageEncoder) -> ImageResult<()> {
    let color = match pixels.model {
        ColorModel::Gray => ExtendedColorType::L8,
        ColorModel::GrayAlpha => ExtendedColorType::La8,
        ColorModel::Rgb => ExtendedColorType::Rgb8,
        ColorModel::Rgba => ExtendedColorType::Rgba8,
        ColorModel::Cmyk => ExtendedColorType::Cmyk8,
    };
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    encoder.write_image(&pixels.data, side(pixels.width), side(pixels.height), color)
}
