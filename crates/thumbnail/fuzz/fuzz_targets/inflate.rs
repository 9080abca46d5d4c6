//! The compressed pixels of a PNG. The `image` crate must decode the same image, or also report it as damaged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail::{Limits, pixels};

fuzz_target!(|bytes: &[u8]| {
    let [width, height, compressed @ ..] = bytes else {
        return;
    };
    // The longer side has up to 4,096 pixels, so that there are pixels enough for any way of decoding.
    let (width, height) = (u32::from(*width) % 64 * 64 + 1, u32::from(*height) % 64 + 1);
    let header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [&header[..], &[8, 0, 0, 0, 0]].concat();
    let pixel_data = [&[0x78, 0x01], compressed].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", pixel_data), (b"IEND", Vec::new())] {
        let begin = file.len() + 4;
        file.extend_from_slice(&(data.len() as u32).to_be_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(&data);
        let sum = crc32fast::hash(&file[begin..]);
        file.extend_from_slice(&sum.to_be_bytes());
    }
    let ours = pixels(&file, u32::MAX, &Limits::default());
    let theirs = image::load_from_memory_with_format(&file, image::ImageFormat::Png);
    // Where the two differ, zlib in Rust decides: `fdeflate` 0.3.7 accepts unused codes, and reads what follows the last
    // pixel.
    let mut all = vec![0; ((width + 1) * height) as usize];
    let mut enough = || {
        let mut by_zlib = zlib_rs::Inflate::new(false, 15);
        let _ = by_zlib.decompress(compressed, &mut all, zlib_rs::InflateFlush::NoFlush);
        by_zlib.total_out() == all.len() as u64
    };
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert!(ours.data == theirs.to_rgb8().into_raw()),
        (Err(ours), Ok(_)) => assert!(!enough(), "{ours}"),
        (Ok(_), Err(theirs)) => assert!(enough(), "{theirs}"),
        (Err(_), Err(_)) => {}
    }
});
