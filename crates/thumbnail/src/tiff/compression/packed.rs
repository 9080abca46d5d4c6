//! Deflate, `PackBits`, `ThunderScan` and WebP.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::{Error, Limits};

pub(super) fn deflate(stored: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; len];
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER
        | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
        | TINFL_FLAG_IGNORE_ADLER32;
    let (status, _, given) = decompress(&mut DecompressorOxide::new(), stored, &mut out, 0, flags);
    // What follows the last row is ignored.
    match status {
        TINFLStatus::Done | TINFLStatus::HasMoreOutput => whole(out, given),
        _ if given == len => Ok(out),
        _ => Err(Error::corrupt("its deflate data is invalid")),
    }
}

/// TIFF 6.0, section 9.
pub(super) fn pack_bits(stored: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(len.min(stored.len().saturating_mul(64)));
    let mut rest = stored;
    while out.len() < len {
        let Some((&head, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        match head {
            128 => {}
            0..128 => {
                let count = (usize::from(head) + 1).min(rest.len());
                out.extend_from_slice(&rest[..count]);
                rest = &rest[count..];
            }
            _ => {
                let Some((&byte, tail)) = rest.split_first() else {
                    break;
                };
                out.extend(std::iter::repeat_n(byte, 257 - usize::from(head)));
                rest = tail;
            }
        }
    }
    out.truncate(len);
    let given = out.len();
    whole(out, given).and_then(|out| {
        if given == len {
            Ok(out)
        } else {
            Err(Error::corrupt("it ends within its pixels"))
        }
    })
}

/// Differences of gray levels of 4 bits; each byte is two bits of code and six of data (libtiff's `tif_thunder.c`).
pub(super) fn thunder_scan(stored: &[u8], (width, rows): (usize, usize)) -> Result<Vec<u8>, Error> {
    let row_bytes = width.div_ceil(2);
    let mut out = vec![0; row_bytes * rows];
    let mut codes = stored.iter();
    for row in out.chunks_exact_mut(row_bytes) {
        let (mut level, mut x) = (0_u8, 0);
        let mut put = |level: u8| {
            if x < width {
                row[x / 2] |= if x % 2 == 0 { level << 4 } else { level };
            }
            x += 1;
            x < width
        };
        let mut more = true;
        while more {
            let code = codes
                .next()
                .ok_or_else(|| Error::corrupt("it ends within its pixels"))?;
            let data = code & 0x3f;
            match code >> 6 {
                // A run.
                0 => {
                    for _ in 0..data {
                        more = put(level);
                    }
                }
                // Three differences of two bits; 2 skips.
                1 => {
                    for shift in [4, 2, 0] {
                        let difference = [0, 1, 0, 255_u8][usize::from(data >> shift & 3)];
                        if data >> shift & 3 != 2 {
                            level = level.wrapping_add(difference) & 15;
                            more = put(level);
                        }
                    }
                }
                // Two differences of three bits; 4 skips.
                2 => {
                    for shift in [3, 0] {
                        let difference =
                            [0, 1, 2, 3, 0, 253, 254, 255_u8][usize::from(data >> shift & 7)];
                        if data >> shift & 7 != 4 {
                            level = level.wrapping_add(difference) & 15;
                            more = put(level);
                        }
                    }
                }
                _ => {
                    level = data & 15;
                    more = put(level);
                }
            }
        }
    }
    Ok(out)
}

pub(super) fn webp(
    stored: &[u8],
    samples: usize,
    (width, rows): (usize, usize),
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    /// What libwebp holds for a lossless image.
    const BYTES_OF_PIXEL: u64 = 4;
    let wrong = |error: webpx::At<webpx::Error>| Error::corrupt(error.to_string());
    let decoder = webpx::Decoder::new(stored).map_err(wrong)?;
    let (across, down) = (
        decoder.info().width as usize,
        decoder.info().height as usize,
    );
    if across != width || down < rows || down > rows.saturating_mul(2).max(64) {
        return Err(Error::corrupt("a strip or tile is not of its size"));
    }
    // It may have more rows than are used.
    let pixels = (across * down) as u64;
    limits.check_memory(
        pixels * BYTES_OF_PIXEL + (pixels - (width * rows) as u64) * samples as u64,
    )?;
    let decoder = decoder.config(webpx::DecoderConfig::new().limits(webpx::Limits::none()));
    let (mut data, _, _) = match samples {
        3 => decoder.decode_rgb_raw().map_err(wrong)?,
        4 => decoder.decode_rgba_raw().map_err(wrong)?,
        _ => {
            return Err(super::super::unsupported(
                "it is WebP of neither three nor four samples",
            ));
        }
    };
    data.truncate(width * rows * samples);
    Ok(data)
}

fn whole(out: Vec<u8>, given: usize) -> Result<Vec<u8>, Error> {
    if given == out.len() {
        Ok(out)
    } else {
        Err(Error::corrupt("it ends within its pixels"))
    }
}
