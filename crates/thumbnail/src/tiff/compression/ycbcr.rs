//! Subsampled `YCbCr` as data units: a block of luma, then one sample of each chroma (TIFF 6.0, section 21).

fn units((width, rows): (usize, usize), (across, down): (usize, usize)) -> (usize, usize, usize) {
    (
        width.div_ceil(across),
        rows.div_ceil(down),
        across * down + 2,
    )
}

pub(super) fn packed_len(size: (usize, usize), sampling: (usize, usize)) -> usize {
    let (columns, rows, unit) = units(size, sampling);
    columns * rows * unit
}

/// To luma and both chromas for each pixel.
pub(super) fn unpack(
    packed: &[u8],
    (width, rows): (usize, usize),
    (across, down): (usize, usize),
) -> Vec<u8> {
    let (columns, _, unit) = units((width, rows), (across, down));
    let mut out = Vec::with_capacity(width * rows * 3);
    for y in 0..rows {
        let units = &packed[y / down * columns * unit..][..columns * unit];
        for x in 0..width {
            let unit = &units[x / across * unit..][..unit];
            out.extend([
                unit[y % down * across + x % across],
                unit[across * down],
                unit[across * down + 1],
            ]);
        }
    }
    out
}
