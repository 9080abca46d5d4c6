//! Pixels to a file that carries nothing but pixels.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ImageEncoder, ImageResult};

use crate::Error;
use crate::pixels::{Model, Pixels};

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

pub(crate) fn encode(pixels: Pixels, encoding: Encoding) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let written = match encoding {
        Encoding::Jpeg(quality) => write(
            &pixels.over_white(),
            JpegEncoder::new_with_quality(&mut bytes, quality),
        ),
        Encoding::Png => write(&pixels, PngEncoder::new(&mut bytes)),
        Encoding::WebP => write(&pixels, WebPEncoder::new_lossless(&mut bytes)),
    };
    // Writing to memory cannot fail; a side that the output format does not have is the picture's doing.
    written.map_err(|error| Error::corrupt(error.to_string()))?;
    Ok(bytes)
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
