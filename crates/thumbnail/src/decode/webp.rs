//! WebP by libwebp, which averages down to a few times the size wanted as it decodes, and keeps a few rows.

use webpx::{Decoder, DecoderConfig};

use crate::header::Bytes;
use crate::pixels::{Model, Pixels};
use crate::resample::Resample;
use crate::{Error, Limits};

/// How many times larger than wanted the averaged picture is, for Lanczos3 to do the rest.
const LARGER: u32 = 3;

/// The picture at each of `sizes`, and its ICC profile; nothing for one that moves or lets something shine through.
pub(crate) fn shrink(
    bytes: &[u8],
    sizes: &[(usize, usize)],
    limits: &Limits,
) -> Result<super::Rows, Error> {
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
    // What a picture costs was checked against our own limits.
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
        model: Model::Rgb,
        data,
    };
    let mean_of = (width / across.max(1)) as usize;
    let small = sizes
        .iter()
        .map(|size| Resample::of_means(&larger, mean_of, *size))
        .collect();
    Ok(Some((small, profile(Bytes(bytes)))))
}

/// The `ICCP` chunk, which comes before the pixels (RFC 9649, section 2.7.1.4).
fn profile(bytes: Bytes<'_>) -> Option<Vec<u8>> {
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
