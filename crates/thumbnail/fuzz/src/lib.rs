//! What the targets of single formats have in common.

use thumbnail::{Encoding, Limits, pixels, thumbnail_as};

/// Decodes `bytes`, whose first are replaced by `magic`, so that mutation need not find out how a file begins; to
/// sizes that need 1, 2, 4 and 8 samples of a block of a picture of 30 or so pixels, in planes and in RGB.
pub fn every_scale(magic: &[u8], bytes: &[u8]) {
    let mut file = bytes.to_vec();
    let Some(start) = file.get_mut(..magic.len()) else {
        return;
    };
    start.copy_from_slice(magic);
    let limits = Limits {
        pixels: 250_000,
        memory: 16 << 20,
        ..Limits::default()
    };
    for size in [3, 6, 14, 33] {
        let _ = thumbnail_as(&file, size, Encoding::Jpeg(80), &limits);
        let _ = pixels(&file, size, &limits);
    }
}
