//! Pixels to a file that carries nothing but pixels.

mod bit_writer;
mod forward_dct;
mod huffman;
mod jpeg;

use image::ExtendedColorType;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ImageEncoder, ImageResult};

use crate::Error;
use crate::pixels::{Model, Pixels};
use crate::small::Small;

/// How a small picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lossless, with transparency.
    Png,
    /// Of a quality from 1 to 100; what is transparent is laid over white.
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

/// The most pixels a side that JPEG can say.
const MOST_JPEG: usize = 65_535;

pub(crate) fn encode(small: Small, encoding: Encoding) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let written = match encoding {
        Encoding::Jpeg(quality) => return jpeg(small, quality),
        Encoding::Png => write(&small.into_pixels(), PngEncoder::new(&mut bytes)),
        Encoding::WebP => write(&small.into_pixels(), WebPEncoder::new_lossless(&mut bytes)),
    };
    // Writing to memory cannot fail; a side that the output format does not have is the picture's doing.
    written.map_err(|error| Error::corrupt(error.to_string()))?;
    Ok(bytes)
}

fn jpeg(small: Small, quality: u8) -> Result<Vec<u8>, Error> {
    let (width, height) = small.size();
    if width.max(height) > MOST_JPEG {
        return Err(Error::ImageTooLarge {
            width: width as u64,
            height: height as u64,
            limit: MOST_JPEG as u64,
        });
    }
    if let Small::Planes(planes) = &small {
        match planes.planes.as_slice() {
            [luma] => return Ok(jpeg::encode(luma, None, quality)),
            [luma, blue, red] if planes.has_half_colour() => {
                return Ok(jpeg::encode(luma, Some([blue, red]), quality));
            }
            _ => {}
        }
    }
    let pixels = small.into_pixels().over_white();
    if pixels.model == Model::Grey {
        return Ok(jpeg::encode(&jpeg::luma(&pixels), None, quality));
    }
    let [luma, blue, red] = jpeg::planes(&pixels);
    Ok(jpeg::encode(&luma, Some([&blue, &red]), quality))
}

fn write(pixels: &Pixels, encoder: impl ImageEncoder) -> ImageResult<()> {
    let colour = match pixels.model {
        Model::Grey => ExtendedColorType::L8,
        Model::GreyAlpha => ExtendedColorType::La8,
        Model::Rgb => ExtendedColorType::Rgb8,
        Model::Rgba => ExtendedColorType::Rgba8,
        Model::Cmyk => ExtendedColorType::Cmyk8,
    };
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    encoder.write_image(
        &pixels.data,
        side(pixels.width),
        side(pixels.height),
        colour,
    )
}
