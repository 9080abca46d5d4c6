//! Conversion to sRGB.

mod press;

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};

use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;

/// The maximum size of an ICC profile in bytes; those of presses, the largest, have 1 to 3 MB.
pub(crate) const MAX_ICC_PROFILE: usize = 4 * 1024 * 1024;

/// Converts to sRGB: gray, RGB or RGBA. An ICC profile that is broken or of another color model is ignored.
pub(crate) fn convert(image: Raster, icc_profile: Option<&[u8]>) -> Raster {
    match (image, icc_profile) {
        // Planes of a JPEG without a profile are sRGB.
        (planes @ Raster::Planes(_), None) => planes,
        (image, profile) => Raster::Pixels(pixels_to_srgb(image.into_pixels(), profile)),
    }
}

fn pixels_to_srgb(pixels: Pixels, profile: Option<&[u8]>) -> Pixels {
    if let Some(converted) = profile.and_then(|profile| by_profile(&pixels, profile)) {
        return converted;
    }
    if pixels.model == ColorModel::Cmyk {
        cmyk_to_rgb(&pixels)
    } else {
        pixels
    }
}

fn by_profile(pixels: &Pixels, profile: &[u8]) -> Option<Pixels> {
    if profile.len() > MAX_ICC_PROFILE {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (space, from, to, model) = match pixels.model {
        ColorModel::Gray => (
            DataColorSpace::Gray,
            Layout::Gray,
            Layout::Rgb,
            ColorModel::Rgb,
        ),
        ColorModel::GrayAlpha => (
            DataColorSpace::Gray,
            Layout::GrayAlpha,
            Layout::Rgba,
            ColorModel::Rgba,
        ),
        ColorModel::Rgb => (
            DataColorSpace::Rgb,
            Layout::Rgb,
            Layout::Rgb,
            ColorModel::Rgb,
        ),
        ColorModel::Rgba => (
            DataColorSpace::Rgb,
            Layout::Rgba,
            Layout::Rgba,
            ColorModel::Rgba,
        ),
        ColorModel::Cmyk => (
            DataColorSpace::Cmyk,
            Layout::Rgba,
            Layout::Rgb,
            ColorModel::Rgb,
        ),
    };
    if profile.color_space != space {
        return None;
    }
    if pixels.model == ColorModel::Cmyk
        && let Some(data) = press::convert(&pixels.data, &profile)
    {
        return Some(Pixels {
            width: pixels.width,
            height: pixels.height,
            model,
            data,
        });
    }
    // As in libvips and Pillow; the profile of a press may have a table for each intent.
    let options = TransformOptions {
        rendering_intent: RenderingIntent::Perceptual,
        ..TransformOptions::default()
    };
    let transform = profile
        .create_transform_8bit(from, &ColorProfile::new_srgb(), to, options)
        .ok()?;
    let mut data = vec![0; pixels.width * pixels.height * model.channels()];
    transform.transform(&pixels.data, &mut data).ok()?;
    Some(Pixels {
        width: pixels.width,
        height: pixels.height,
        model,
        data,
    })
}

/// CMYK without a profile: each ink absorbs its share of the light.
fn cmyk_to_rgb(pixels: &Pixels) -> Pixels {
    let light = |ink: u8, black: u8| {
        let light = u32::from(255 - ink) * u32::from(255 - black);
        // A product of two bytes over 255 is a byte.
        ((light + 127) / 255) as u8
    };
    let data = pixels
        .data
        .as_chunks()
        .0
        .iter()
        .flat_map(|[c, m, y, k]| [light(*c, *k), light(*m, *k), light(*y, *k)])
        .collect();
    Pixels {
        width: pixels.width,
        height: pixels.height,
        model: ColorModel::Rgb,
        data,
    }
}

/// Linear light, where 1 is white, to a level of sRGB (IEC 61966-2-1); NaN becomes black.
pub(crate) fn encode_linear(light: f32) -> u8 {
    let encoded = if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.min(1.0).powf(1.0 / 2.4) - 0.055
    };
    crate::resample::byte(encoded * 255.0)
}

/// L*a*b* (CIE 15) to XYZ, each of which is 1 for the white point.
pub(crate) fn light_of_lab([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (lightness + 16.0) / 116.0;
    [y + a / 500.0, y, y - b / 200.0].map(|root| {
        // The cube, and a straight line near black.
        if root > 6.0 / 29.0 {
            root * root * root
        } else {
            (root - 4.0 / 29.0) * 108.0 / 841.0
        }
    })
}

/// XYZ, each of which is 1 for D50, to sRGB.
pub(crate) fn light_to_srgb([x, y, z]: [f32; 3]) -> [u8; 3] {
    let (x, z) = (x * 0.9642, z * 0.8249);
    // To D65 by Bradford, and to the primaries of sRGB.
    [
        3.133_856 * x - 1.616_867 * y - 0.490_615 * z,
        -0.978_768 * x + 1.916_142 * y + 0.033_454 * z,
        0.071_945 * x - 0.228_991 * y + 1.405_243 * z,
    ]
    .map(encode_linear)
}
