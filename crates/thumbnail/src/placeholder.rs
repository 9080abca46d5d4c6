//! What is shown until a thumbnail has been loaded.

use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;
use crate::resample::{Resample, fit};

/// A hash holds at most 7 cosines a side, which so many pixels are enough for.
const MAX_SIDE: usize = 32;

/// A `ThumbHash` (evanw.github.io/thumbhash), of 5 to 25 bytes, of an upright sRGB image.
pub(crate) fn thumb_hash(image: &Raster) -> Vec<u8> {
    let pixels = image.clone().into_pixels();
    let size = fit(pixels.width, pixels.height, MAX_SIDE);
    let Pixels {
        width,
        height,
        model,
        data,
    } = if size == (pixels.width, pixels.height) {
        pixels
    } else {
        Resample::whole(&pixels, size)
    };
    let rgba: Vec<u8> = data
        .chunks_exact(model.channels())
        .flat_map(|pixel| match (model, pixel) {
            (ColorModel::Gray, [gray]) => [*gray, *gray, *gray, 255],
            (ColorModel::GrayAlpha, [gray, alpha]) => [*gray, *gray, *gray, *alpha],
            (ColorModel::Rgba, [red, green, blue, alpha]) => [*red, *green, *blue, *alpha],
            (_, [red, green, blue, ..]) => [*red, *green, *blue, 255],
            _ => [0; 4],
        })
        .collect();
    thumbhash::rgba_to_thumb_hash(width, height, &rgba)
}
