//! WebP by libwebp, which averages down to a few times the size wanted as it decodes, and keeps a few rows.

mod header;

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use webpx::{Decoder, DecoderConfig};

pub(crate) use header::header;

use crate::bytes::Bytes;
use crate::decode::{Scaled, Target};
use crate::header::Header;
use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;
use crate::resample::Resample;
use crate::{Error, image_decoder};

/// How many times larger than wanted the averaged image is, for Lanczos3 to do the rest.
const LARGER: u32 = 3;

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    if let Some(scaled) = scaled(bytes, target)? {
        return Ok(scaled);
    }
    let decoder = WebPDecoder::new(Cursor::new(bytes));
    Ok(image_decoder::decode(decoder, header, target.limits)?.scale(target))
}

/// By libwebp's own scaling; none for animations and transparency.
fn scaled(bytes: &[u8], target: &Target<'_>) -> Result<Option<Scaled>, Error> {
    let (sizes, limits) = (target.sizes, target.limits);
    let wrong = |error: webpx::At<webpx::Error>| Error::corrupt(error.to_string());
    let decoder = Decoder::new(bytes).map_err(wrong)?;
    let info = decoder.info();
    if info.has_animation || info.has_alpha {
        return Ok(None);
    }
    let (width, height) = (info.width, info.height);
    limits.check_size(width.into(), height.into())?;
    let most = |side: fn(&(usize, usize)) -> usize| {
        sizes.iter().map(side).max().unwrap_or(1) as u32 * LARGER
    };
    let scaled = (most(|size| size.0), most(|size| size.1));
    // What an image costs was checked against our own limits.
    let mut decoder = decoder.config(DecoderConfig::new().limits(webpx::Limits::none()));
    if scaled.0 < width && scaled.1 < height {
        limits.check_memory(u64::from(scaled.0) * u64::from(scaled.1) * 3)?;
        decoder = decoder.scale(scaled.0, scaled.1);
    } else {
        limits.check_memory(u64::from(width) * u64::from(height) * 3)?;
    }
    let (data, across, down) = decoder.decode_rgb_raw().map_err(wrong)?;
    let larger = Pixels {
        width: across as usize,
        height: down as usize,
        model: ColorModel::Rgb,
        data,
    };
    let mean_of = (width / across.max(1)) as usize;
    let images = sizes
        .iter()
        .map(|size| Raster::Pixels(Resample::of_means(&larger, mean_of, *size)))
        .collect();
    Ok(Some(Scaled {
        images,
        icc_profile: icc_profile(Bytes(bytes)),
    }))
}

/// The `ICCP` chunk, which comes before the pixels (RFC 9649, section 2.7.1.4).
fn icc_profile(bytes: Bytes<'_>) -> Option<Vec<u8>> {
    let mut at = 12;
    loop {
        let len = bytes.le32(at + 4).ok()?;
        match &bytes.array(at).ok()? {
            b"ICCP" => return bytes.slice(at + 8, len).ok().map(<[u8]>::to_vec),
            b"VP8X" => at += 8 + len + len % 2,
            _ => return None,
        }
    }
}
