//! PNG row by row, so that it is never in memory whole.

mod header;
mod inflate;
mod stored;

use std::io::{Cursor, ErrorKind};

use image::codecs::png::PngDecoder;
use png::{ColorType, Decoder, DecodingError, Transformations};

pub(crate) use header::header;

use crate::decode::{Scaled, Target};
use crate::header::Header;
use crate::pixels::ColorModel;
use crate::raster::Raster;
use crate::resample::Resample;
use crate::{Error, Limits, image_decoder};
use stored::Stored;

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    if let Some(scaled) = rows(bytes, target)? {
        return Ok(scaled);
    }
    let decoder = PngDecoder::new(Cursor::new(bytes));
    Ok(image_decoder::decode(decoder, header, target.limits)?.scale(target))
}

/// The image at each of `sizes`; nothing for an interlaced one, whose rows do not come in order.
fn rows(bytes: &[u8], target: &Target<'_>) -> Result<Option<Scaled>, Error> {
    let limits = target.limits;
    let wrong = |error| explain(error, limits);
    let memory = png::Limits {
        bytes: usize::try_from(limits.memory).unwrap_or(usize::MAX),
    };
    let mut decoder = Decoder::new_with_limits(Stored::new(bytes), memory);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.ignore_checksums(true);
    let mut reader = decoder.read_info().map_err(wrong)?;
    let info = reader.info();
    // png 0.18.1 panics on such a palette (image-png issue 694, fixed since).
    if let Some(palette) = &info.palette
        && !palette.len().is_multiple_of(3)
    {
        return Err(Error::corrupt("its palette ends within a color"));
    }
    if info.interlaced {
        return Ok(None);
    }
    let size = (info.width as usize, info.height as usize);
    limits.check_size(info.width.into(), info.height.into())?;
    let icc_profile = info.icc_profile.as_deref().map(<[u8]>::to_vec);
    let model = match reader.output_color_type().0 {
        ColorType::Grayscale => ColorModel::Gray,
        ColorType::GrayscaleAlpha => ColorModel::GrayAlpha,
        ColorType::Rgb | ColorType::Indexed => ColorModel::Rgb,
        ColorType::Rgba => ColorModel::Rgba,
    };
    let row_len = size.0 * model.channels();
    let mut resamples: Vec<Resample> = target
        .sizes
        .iter()
        .map(|small| Resample::new(model, size, *small))
        .collect();
    for _ in 0..size.1 {
        let row = reader.next_row().map_err(wrong)?;
        let row = row
            .as_ref()
            .and_then(|row| row.data().get(..row_len))
            .ok_or_else(|| Error::corrupt("it has too few rows"))?;
        for resample in &mut resamples {
            resample.row(row);
        }
    }
    // What the last pixels' checksum says is only seen when what follows is read; that it ends there is no harm.
    match reader.finish() {
        Ok(()) => {}
        Err(DecodingError::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(wrong(error)),
    }
    let finished = resamples.into_iter().map(Resample::finish);
    Ok(Some(Scaled {
        images: finished.map(Raster::Pixels).collect(),
        icc_profile,
    }))
}

fn explain(error: DecodingError, limits: &Limits) -> Error {
    match error {
        DecodingError::LimitsExceeded => Error::TooMuchMemory {
            limit: limits.memory,
        },
        other => Error::corrupt(other.to_string()),
    }
}
