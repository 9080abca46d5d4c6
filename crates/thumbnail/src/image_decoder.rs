//! Decoding at full size by a decoder of the `image` crate.

use image::error::ImageError;
use image::{ColorType, DynamicImage, ImageDecoder};

use crate::decode::Decoded;
use crate::header::Header;
use crate::pixels::{ColorModel, Pixels};
use crate::{Error, Format, Limits};

/// Decodes the whole image to 8 bits a sample; for an animation, its first frame on its canvas.
pub(crate) fn decode<D: ImageDecoder>(
    decoder: Result<D, ImageError>,
    header: &Header,
    limits: &Limits,
) -> Result<Decoded, Error> {
    let explain = |error| explain(error, header.format, limits);
    let mut decoder = decoder.map_err(explain)?;
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.memory);
    decoder.set_limits(allowed).map_err(explain)?;
    let (width, height) = decoder.dimensions();
    if (width, height) != (header.width, header.height) {
        return Err(Error::corrupt("its size is not the one in its header"));
    }
    // The decoder's own buffer, and the same again while samples of 16 bits are converted to 8.
    let wide = decoder.color_type().bytes_per_pixel() > decoder.color_type().channel_count();
    limits.check_memory(
        decoder
            .total_bytes()
            .saturating_mul(if wide { 2 } else { 1 }),
    )?;
    let icc_profile = decoder.icc_profile().map_err(explain)?;
    let image = DynamicImage::from_decoder(decoder).map_err(explain)?;
    let (model, data) = match image.color() {
        ColorType::L8 | ColorType::L16 => (ColorModel::Gray, image.into_luma8().into_raw()),
        ColorType::La8 | ColorType::La16 => {
            (ColorModel::GrayAlpha, image.into_luma_alpha8().into_raw())
        }
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => {
            (ColorModel::Rgba, image.into_rgba8().into_raw())
        }
        _ => (ColorModel::Rgb, image.into_rgb8().into_raw()),
    };
    Ok(Decoded {
        pixels: Pixels {
            width: width as usize,
            height: height as usize,
            model,
            data,
        },
        icc_profile,
    })
}

fn explain(error: ImageError, format: Format, limits: &Limits) -> Error {
    match error {
        ImageError::Unsupported(unsupported) => Error::UnsupportedVariant {
            format,
            detail: unsupported.to_string(),
        },
        ImageError::Limits(_) => Error::TooMuchMemory {
            limit: limits.memory,
        },
        other => Error::corrupt(other.to_string()),
    }
}
