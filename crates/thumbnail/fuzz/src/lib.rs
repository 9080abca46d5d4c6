//! What the targets of single formats have in common.

use thumbnail::{Encoding, Limits, pixels, thumbnail_as};

/// Decodes `bytes` with their beginning replaced by `magic`, so that mutation need not discover it. The bytes that were
/// replaced choose the size.
pub fn some_scale(magic: &[u8], bytes: &[u8]) {
    let mut file = bytes.to_vec();
    let Some(start) = file.get_mut(..magic.len()) else {
        return;
    };
    let choice = start[0];
    start.copy_from_slice(magic);
    at_scale(&file, choice);
}

/// Decodes a file to a size and in a way that `choice` selects, so that an image of 30 or so pixels needs 1, 2, 4 or 8
/// samples of a block, and planes or RGB.
pub fn at_scale(file: &[u8], choice: u8) {
    let limits = Limits {
        pixels: 250_000,
        memory: 16 << 20,
        ..Limits::default()
    };
    let size = [3, 6, 14, 33][usize::from(choice / 2 % 4)];
    if choice % 2 == 0 {
        let _ = thumbnail_as(file, size, Encoding::Jpeg(80), &limits);
    } else {
        let _ = pixels(file, size, &limits);
    }
}
