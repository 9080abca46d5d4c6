//! The placeholder shown until a thumbnail has loaded.

use crate::pixels::{ColorModel, Pixels};
use crate::planes::{Plane, Planes};
use crate::raster::Raster;
use crate::resample::{Resample, fit};

/// Pixels a side that the hash is computed from. It holds at most 7 cosines a side, for which these suffice.
const MAX_SIDE: usize = 24;

/// A `ThumbHash` (evanw.github.io/thumbhash), of 5 to 25 bytes, of an upright sRGB image.
pub(crate) fn thumb_hash(image: &Raster) -> Vec<u8> {
    let (width, height) = image.size();
    let size = fit(width, height, MAX_SIDE);
    let Pixels {
        width,
        height,
        model,
        data,
    } = match image {
        // Shrunk before they are converted to pixels, since both cost time for each sample.
        Raster::Planes(Planes { planes }) => Planes {
            planes: planes.iter().map(|plane| means(plane, size)).collect(),
        }
        .into_pixels(),
        Raster::Pixels(pixels) => Resample::whole(pixels, size),
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

/// A plane of another size: each sample is the mean of the samples that it covers, at least one.
fn means(plane: &Plane, (width, height): (usize, usize)) -> Plane {
    let source = |at: usize, small: usize, full: usize| {
        let start = at * full / small;
        start..((at + 1) * full / small).max(start + 1)
    };
    let mut data = Vec::with_capacity(width * height);
    for y in 0..height {
        let rows = source(y, height, plane.height);
        for x in 0..width {
            let columns = source(x, width, plane.width);
            let row = |row: usize| {
                let samples = &plane.data[row * plane.width..][columns.clone()];
                samples.iter().map(|sample| i32::from(*sample)).sum::<i32>() as f32
            };
            let count = (rows.len() * columns.len()) as f32;
            data.push((rows.clone().map(row).sum::<f32>() / count) as i16);
        }
    }
    Plane {
        width,
        height,
        data,
    }
}
