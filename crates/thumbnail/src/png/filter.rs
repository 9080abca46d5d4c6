//! Undoing the filter of a row (PNG, third edition, section 9).

#![allow(
    clippy::inline_always,
    reason = "inner loops, whose state must stay in registers"
)]

use crate::Error;

/// Writes the row that was filtered to `filtered`, which begins with the filter's type, to `current`. All rows have the
/// same length; `previous` is the row above, or zeros.
pub(super) fn unfilter(
    filtered: &[u8],
    bytes_per_pixel: usize,
    previous: &[u8],
    current: &mut [u8],
) -> Result<(), Error> {
    let Some((kind, filtered)) = filtered.split_first() else {
        return Ok(());
    };
    match (kind, bytes_per_pixel) {
        (0, _) => current.copy_from_slice(filtered),
        (2, _) => {
            for ((out, byte), above) in current.iter_mut().zip(filtered).zip(previous) {
                *out = byte.wrapping_add(*above);
            }
        }
        (1 | 3 | 4, 1) => by_pixel::<1>(*kind, filtered, previous, current),
        (1 | 3 | 4, 2) => by_pixel::<2>(*kind, filtered, previous, current),
        (1 | 3 | 4, 3) => by_pixel::<3>(*kind, filtered, previous, current),
        (1 | 3 | 4, 4) => by_pixel::<4>(*kind, filtered, previous, current),
        (1 | 3 | 4, 6) => by_pixel::<6>(*kind, filtered, previous, current),
        (1 | 3 | 4, _) => by_pixel::<8>(*kind, filtered, previous, current),
        _ => return Err(Error::corrupt("a row has an unknown filter")),
    }
    Ok(())
}

/// The filters that depend on the pixel to the left, which is kept in registers.
fn by_pixel<const N: usize>(kind: u8, filtered: &[u8], previous: &[u8], current: &mut [u8]) {
    match kind {
        1 => each_pixel::<N>(filtered, previous, current, |left, _, _| left),
        3 => each_pixel::<N>(filtered, previous, current, |left, above, _| {
            left.midpoint(above)
        }),
        _ => each_pixel::<N>(filtered, previous, current, paeth),
    }
}

#[inline(always)]
fn each_pixel<const N: usize>(
    filtered: &[u8],
    previous: &[u8],
    current: &mut [u8],
    predict: impl Fn(u8, u8, u8) -> u8,
) {
    let (mut left, mut corner) = ([0; N], [0; N]);
    let pixels = current.as_chunks_mut::<N>().0.iter_mut();
    let filtered = filtered.as_chunks::<N>().0;
    for ((out, bytes), above) in pixels.zip(filtered).zip(previous.as_chunks::<N>().0) {
        for channel in 0..N {
            let predicted = predict(left[channel], above[channel], corner[channel]);
            left[channel] = bytes[channel].wrapping_add(predicted);
        }
        *out = left;
        corner = *above;
    }
}

/// Section 9.4: of left, above and corner the one that is nearest to left + above - corner, left before above before
/// corner. Which one that is depends only on whether 3 * corner - left - above is beyond the other two, so that it needs
/// no distances and no branches.
#[inline(always)]
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (low, high) = (left.min(above), left.max(above));
    let beyond = 3 * i16::from(corner) - i16::from(left) - i16::from(above);
    let nearest = if i16::from(high) <= beyond {
        low
    } else {
        corner
    };
    if beyond <= i16::from(low) {
        high
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::paeth;

    /// As the standard defines it.
    fn by_distances(left: u8, above: u8, corner: u8) -> u8 {
        let estimate = i32::from(left) + i32::from(above) - i32::from(corner);
        let distance = |sample: &u8| (estimate - i32::from(*sample)).abs();
        // The first of those that are equally near.
        [left, above, corner]
            .into_iter()
            .min_by_key(distance)
            .unwrap_or_default()
    }

    #[test]
    fn paeth_is_that_of_the_standard() {
        for left in 0..=255 {
            for above in (0..=255).step_by(3) {
                for corner in 0..=255 {
                    assert_eq!(
                        paeth(left, above, corner),
                        by_distances(left, above, corner),
                        "{left} {above} {corner}"
                    );
                }
            }
        }
    }
}
