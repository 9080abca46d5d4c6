//! Whatever the samples mean, to sRGB.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::pixels::{Model, Pixels};
use crate::small::Small;

/// The picture in sRGB: grey, RGB or RGBA. A profile that is broken, or is for other samples than these, is left aside.
pub(crate) fn to_srgb(small: Small, profile: Option<&[u8]>) -> Small {
    match (small, profile) {
        // Planes of a JPEG without a profile are sRGB.
        (small @ Small::Planes(_), None) => small,
        (small, profile) => Small::Pixels(pixels_to_srgb(small.into_pixels(), profile)),
    }
}

fn pixels_to_srgb(pixels: Pixels, profile: Option<&[u8]>) -> Pixels {
    if let Some(converted) = profile.and_then(|profile| by_profile(&pixels, profile)) {
        return converted;
    }
    if pixels.model == Model::Cmyk {
        naive(&pixels)
    } else {
        pixels
    }
}

fn by_profile(pixels: &Pixels, profile: &[u8]) -> Option<Pixels> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (space, from, to, model) = match pixels.model {
        Model::Grey => (DataColorSpace::Gray, Layout::Gray, Layout::Rgb, Model::Rgb),
        Model::GreyAlpha => (
            DataColorSpace::Gray,
            Layout::GrayAlpha,
            Layout::Rgba,
            Model::Rgba,
        ),
        Model::Rgb => (DataColorSpace::Rgb, Layout::Rgb, Layout::Rgb, Model::Rgb),
        Model::Rgba => (DataColorSpace::Rgb, Layout::Rgba, Layout::Rgba, Model::Rgba),
        Model::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba, Layout::Rgb, Model::Rgb),
    };
    if profile.color_space != space {
        return None;
    }
    let transform = profile
        .create_transform_8bit(
            from,
            &ColorProfile::new_srgb(),
            to,
            TransformOptions::default(),
        )
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

/// Inks without a profile: each takes away its share of the light.
fn naive(pixels: &Pixels) -> Pixels {
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
        model: Model::Rgb,
        data,
    }
}
