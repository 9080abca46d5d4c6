//! SGI's logarithmic luminance and chroma (libtiff's `tif_luv.c`, Greg Ward's encoding) to gray or RGB of 8 bits.

use super::super::encoding::Photometric;
use super::super::layout::Layout;
use super::super::unsupported;
use crate::Error;
use crate::resample::byte;

pub(super) fn decode(
    layout: &Layout<'_>,
    stored: &[u8],
    (width, rows): (usize, usize),
) -> Result<Vec<u8>, Error> {
    let gray = layout.photometric == Photometric::LogL;
    if layout.samples != if gray { 1 } else { 3 } || layout.planar {
        return Err(unsupported("it is LogLuv with more samples than colors"));
    }
    let mut out = Vec::with_capacity(width * rows * layout.samples);
    let mut rest = stored;
    let mut words = vec![0_u32; width];
    for _ in 0..rows {
        rest = run_lengths(rest, &mut words, if gray { 2 } else { 4 })
            .ok_or_else(|| Error::corrupt("it ends within its pixels"))?;
        for word in &words {
            if gray {
                out.push(level(luminance(*word as u16)));
            } else {
                out.extend(color(*word));
            }
        }
    }
    Ok(out)
}

/// A row: the highest bytes of all pixels, then their next, each in runs and literals.
fn run_lengths<'a>(mut stored: &'a [u8], words: &mut [u32], bytes: u32) -> Option<&'a [u8]> {
    words.fill(0);
    for shift in (0..bytes).rev().map(|byte| byte * 8) {
        let mut at = 0;
        while at < words.len() {
            let (&head, tail) = stored.split_first()?;
            let count = usize::from(if head >= 128 { head - 126 } else { head });
            let end = (at + count).min(words.len());
            if head >= 128 {
                let (&byte, tail) = tail.split_first()?;
                stored = tail;
                for word in &mut words[at..end] {
                    *word |= u32::from(byte) << shift;
                }
            } else {
                for (word, byte) in words[at..end].iter_mut().zip(tail.get(..count)?) {
                    *word |= u32::from(*byte) << shift;
                }
                stored = &tail[count..];
            }
            at = end;
        }
    }
    Some(stored)
}

/// The logarithm to base 2 in steps of 1/256, from 2^-64; the highest bit is the sign.
fn luminance(stored: u16) -> f32 {
    let magnitude = stored & 0x7fff;
    if magnitude == 0 || stored > magnitude {
        return 0.0;
    }
    ((f32::from(magnitude) + 0.5) / 256.0 - 64.0).exp2()
}

/// Luminance, then u' and v' in 410ths (CIE 1976).
fn color(word: u32) -> [u8; 3] {
    let luminance = luminance((word >> 16) as u16);
    let chroma = |stored: u32| ((stored & 0xff) as f32 + 0.5) / 410.0;
    let [u_prime, v_prime] = [chroma(word >> 8), chroma(word)];
    let [x, y, z] = [
        9.0 * u_prime / (4.0 * v_prime) * luminance,
        luminance,
        (12.0 - 3.0 * u_prime - 20.0 * v_prime) / (4.0 * v_prime) * luminance,
    ];
    // Linear light of the primaries that libtiff converts to.
    [
        2.690 * x - 1.276 * y - 0.414 * z,
        -1.022 * x + 1.978 * y + 0.044 * z,
        0.061 * x - 0.224 * y + 1.163 * z,
    ]
    .map(level)
}

/// Light to a level by the square root, as libtiff does.
fn level(light: f32) -> u8 {
    byte(256.0 * light.max(0.0).sqrt() - 0.5)
}
