//! Every public function that takes bytes, on arbitrary input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail::{Limits, header, jpeg_within, pixels, thumbnails};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        pixels: 250_000,
        memory: 16 << 20,
        ..Limits::default()
    };
    let _ = header(bytes, &limits);
    if let Ok(made) = thumbnails(bytes, &[64, 7], &limits) {
        assert!(made.items.iter().all(
            |item| item.width.max(item.height) <= item.size && item.width.min(item.height) > 0
        ));
    }
    let _ = pixels(bytes, 16, &limits);
    let _ = jpeg_within(bytes, 16, 2_000, &limits);
});
