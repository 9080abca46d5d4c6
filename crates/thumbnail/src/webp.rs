//! WebP by libwebp: the image, or the first frame of an animation on its canvas.

mod container;

use webpx::{BitstreamFormat, Decoder, DecoderConfig};

pub(crate) use container::header;

use crate::Error;
use crate::bytes::Bytes;
use crate::decode::{RowScaler, Scaled, Target};
use crate::header::Header;
use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;
use crate::resample::Resample;
use container::{Frame, icc_profile};

/// libwebp scales down to this many times the largest size wanted, by averaging; Lanczos3 does the rest.
const OVERSAMPLING: usize = 3;

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let frame = Frame::first(Bytes(bytes))?;
    let decoder = Decoder::new(frame.data).map_err(|error| corrupt(&error))?;
    // Limits are checked here, against the sum of all allocations.
    let decoder = decoder.config(DecoderConfig::new().limits(webpx::Limits::none()));
    let info = decoder.info();
    let size = (info.width as usize, info.height as usize);
    let canvas = (header.width as usize, header.height as usize);
    if frame.left + size.0 > canvas.0 || frame.top + size.1 > canvas.1 {
        return Err(Error::corrupt("its frame is larger than its canvas"));
    }
    let covers_canvas = size == canvas;
    if !covers_canvas && !frame.is_animation {
        return Err(Error::corrupt("its size is not the one in its header"));
    }
    let icc_profile = icc_profile(Bytes(bytes));
    if covers_canvas && !info.has_alpha {
        return opaque(decoder, size, target, icc_profile);
    }
    let memory = decoder_memory(&decoder) + 4 * pixels(size);
    target.limits.check_memory(memory)?;
    let stride = 4 * size.0;
    let mut data = vec![0; stride * size.1];
    decoder
        .decode_rgba_into(&mut data, stride as u32)
        .map_err(|error| corrupt(&error))?;
    let mut scaler = RowScaler::new(ColorModel::Rgba, canvas, target);
    let mut row = vec![0; 4 * canvas.0];
    for y in 0..canvas.1 {
        let stored = y
            .checked_sub(frame.top)
            .and_then(|y| data.get(y * stride..(y + 1) * stride));
        match stored {
            Some(stored) => row[4 * frame.left..][..stride].copy_from_slice(stored),
            None => row.fill(0),
        }
        scaler.row(&row);
    }
    Ok(scaler.finish(icc_profile))
}

/// Scaled down by libwebp where that leaves enough for Lanczos3; libwebp holds a few rows of a lossy image.
fn opaque(
    decoder: Decoder<'_>,
    size: (usize, usize),
    target: &Target<'_>,
    icc_profile: Option<Vec<u8>>,
) -> Result<Scaled, Error> {
    let largest = |side: fn(&(usize, usize)) -> usize| {
        target.sizes.iter().map(side).max().unwrap_or(1) * OVERSAMPLING
    };
    let scaled = (largest(|size| size.0), largest(|size| size.1));
    let internal = decoder_memory(&decoder);
    let (data, (width, height)) = if scaled.0 < size.0 && scaled.1 < size.1 {
        // Decoded into a buffer of libwebp, then copied.
        target
            .limits
            .check_memory(internal + 2 * 3 * pixels(scaled))?;
        let decoder = decoder.scale(scaled.0 as u32, scaled.1 as u32);
        let (data, ..) = decoder.decode_rgb_raw().map_err(|error| corrupt(&error))?;
        (data, scaled)
    } else {
        target.limits.check_memory(internal + 3 * pixels(size))?;
        let stride = 3 * size.0;
        let mut data = vec![0; stride * size.1];
        decoder
            .decode_rgb_into(&mut data, stride as u32)
            .map_err(|error| corrupt(&error))?;
        (data, size)
    };
    let averaged = Pixels {
        width,
        height,
        model: ColorModel::Rgb,
        data,
    };
    let mean_of = size.0 / width;
    let resample =
        |size: &(usize, usize)| Raster::Pixels(Resample::of_means(&averaged, mean_of, *size));
    Ok(Scaled {
        images: target.sizes.iter().map(resample).collect(),
        icc_profile,
    })
}

fn pixels((width, height): (usize, usize)) -> u64 {
    (width as u64) * (height as u64)
}

/// What libwebp allocates in addition to its output: a lossless image or alpha plane is decoded whole, 4 bytes a pixel,
/// and an alpha plane is stored as well.
fn decoder_memory(decoder: &Decoder<'_>) -> u64 {
    let info = decoder.info();
    let bytes_per_pixel = match (info.format, info.has_alpha) {
        (BitstreamFormat::Lossy, false) => 0,
        (BitstreamFormat::Lossy, true) => 5,
        _ => 4,
    };
    bytes_per_pixel * pixels((info.width as usize, info.height as usize))
}

fn corrupt(error: &webpx::At<webpx::Error>) -> Error {
    Error::corrupt(error.to_string())
}
