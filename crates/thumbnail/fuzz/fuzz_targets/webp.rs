//! WebPs, scaled as they are decoded and whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail::{Encoding, Limits, thumbnail_as};

fuzz_target!(|bytes: &[u8]| {
    // Every input is of this format: mutation need not find out how one begins.
    let magic = b"RIFF";
    let mut file = bytes.to_vec();
    if file.len() < magic.len() {
        return;
    }
    file[..magic.len()].copy_from_slice(magic);
    let limits = Limits {
        pixels: 1_000_000,
        memory: 64 << 20,
        ..Limits::default()
    };
    for (size, encoding) in [
        (3, Encoding::Jpeg(80)),
        (31, Encoding::Png),
        (90, Encoding::Jpeg(80)),
        (400, Encoding::Png),
    ] {
        let _ = thumbnail_as(&file, size, encoding, &limits);
    }
});
