//! Predictors: each stored sample is the difference to the sample on the left (TIFF 6.0, section 14; Adobe's technical
//! note 3 for floating point).

use super::layout::Layout;

/// Sums up the differences of each row, in place.
pub(super) fn horizontal(rows: &mut [u8], layout: &Layout<'_>) {
    let samples = layout.chunk_samples();
    let size = layout.bits / 8;
    let little = layout.directory.little_endian;
    for row in rows.chunks_exact_mut(layout.row_bytes()) {
        match (size, samples) {
            (1, 1) => bytes::<1>(row),
            (1, 2) => bytes::<2>(row),
            (1, 3) => bytes::<3>(row),
            (1, 4) => bytes::<4>(row),
            _ => {
                for at in (samples * size..row.len()).step_by(size) {
                    let (before, here) = row.split_at_mut(at);
                    add(
                        &before[at - samples * size..][..size],
                        &mut here[..size],
                        little,
                    );
                }
            }
        }
    }
}

/// The same for pixels of `N` bytes, which stay in registers.
fn bytes<const N: usize>(row: &mut [u8]) {
    let mut left = [0_u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (sum, byte) in left.iter_mut().zip(&*pixel) {
            *sum = sum.wrapping_add(*byte);
        }
        *pixel = left;
    }
}

/// Adds a number to another of the same bytes and byte order.
fn add(left: &[u8], here: &mut [u8], little: bool) {
    let mut carry = 0;
    for digit in 0..here.len() {
        let at = if little {
            digit
        } else {
            here.len() - 1 - digit
        };
        let sum = u16::from(left[at]) + u16::from(here[at]) + carry;
        here[at] = sum as u8;
        carry = sum >> 8;
    }
}

/// Sums up the differences of a row's bytes, which are then all samples' highest bytes, all their next, and so on.
pub(super) fn float(rows: &mut [u8], layout: &Layout<'_>) {
    let samples = layout.chunk_samples();
    let size = layout.bits / 8;
    let little = layout.directory.little_endian;
    let mut bytes = Vec::new();
    for row in rows.chunks_exact_mut(layout.row_bytes()) {
        for at in samples..row.len() {
            row[at] = row[at].wrapping_add(row[at - samples]);
        }
        bytes.clear();
        bytes.extend_from_slice(row);
        let count = row.len() / size;
        for (index, sample) in row.chunks_exact_mut(size).enumerate() {
            for (at, byte) in sample.iter_mut().enumerate() {
                let significance = if little { size - 1 - at } else { at };
                *byte = bytes[significance * count + index];
            }
        }
    }
}
