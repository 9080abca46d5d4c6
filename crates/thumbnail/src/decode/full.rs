//! PNG, GIF, WebP, BMP and TIFF by the `image` crate. An animation is its first frame, laid on its canvas.

use std::io::Cursor;

use image::error::ImageError;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::Picture;
use crate::header::tiff;
use crate::pixels::{Model, Pixels};
use crate::{Error, Format, Limits};

pub(super) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Picture, Error> {
    let wrong = |error| explain(error, format, limits);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format(format));
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.memory);
    reader.limits(allowed);
    let mut decoder = reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width.into(), height.into())?;
    // The decoder's own buffer, and the same again while samples of 16 bits are brought to 8.
    let wide = decoder.color_type().bytes_per_pixel() > decoder.color_type().channel_count();
    limits.check_memory(
        decoder
            .total_bytes()
            .saturating_mul(if wide { 2 } else { 1 }),
    )?;
    let profile = match format {
        Format::Tiff => tiff::profile(bytes).map(<[u8]>::to_vec),
        _ => decoder.icc_profile().map_err(wrong)?,
    };
    let picture = DynamicImage::from_decoder(decoder).map_err(wrong)?;
    let (model, data) = match picture.color() {
        ColorType::L8 | ColorType::L16 => (Model::Grey, picture.into_luma8().into_raw()),
        ColorType::La8 | ColorType::La16 => {
            (Model::GreyAlpha, picture.into_luma_alpha8().into_raw())
        }
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => {
            (Model::Rgba, picture.into_rgba8().into_raw())
        }
        _ => (Model::Rgb, picture.into_rgb8().into_raw()),
    };
    Ok(Picture {
        pixels: Pixels {
            width: width as usize,
            height: height as usize,
            model,
            data,
        },
        profile,
    })
}

fn image_format(format: Format) -> ImageFormat {
    match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Gif => ImageFormat::Gif,
        Format::WebP => ImageFormat::WebP,
        Format::Bmp => ImageFormat::Bmp,
        Format::Tiff => ImageFormat::Tiff,
    }
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
