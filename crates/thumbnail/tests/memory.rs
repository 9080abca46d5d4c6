//! The memory that decoding takes, whatever the file announces: each case is decoded in a separate process.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "made-up images; a test says by failing what it expected"
)]

#[path = "images/minimal_tiff.rs"]
mod minimal_tiff;

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZFlush, MZStatus};
use thumbnail::{Limits, thumbnails};

use minimal_tiff::tiff;

/// What the process of a case takes besides.
const BASE: u64 = 32 << 20;
/// What [`Limits::memory`] leaves out.
const TABLES: u64 = 64 << 20;

/// Decodes `file` to both sizes in a separate process; returns the reason code or `done`, and its peak memory in bytes.
fn decoded(name: &str, file: &[u8]) -> (String, u64) {
    let folder = tempfile(name);
    fs::write(&folder, file).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--include-ignored"])
        .env("THUMBNAIL_MEMORY_FILE", &folder)
        .output()
        .unwrap();
    fs::remove_file(&folder).unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let line = output
        .lines()
        .find_map(|line| line.split_once("peak: "))
        .unwrap_or_else(|| panic!("{output}"))
        .1;
    let (code, peak) = line.split_once(' ').unwrap();
    println!("{name}: {line}");
    (code.to_owned(), peak.parse().unwrap())
}

fn tempfile(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("thumbnail-memory-{}-{name}", std::process::id()))
}

/// Not a test: the process that decodes.
#[test]
#[ignore = "run by the other tests"]
fn child() {
    let Ok(file) = std::env::var("THUMBNAIL_MEMORY_FILE") else {
        return;
    };
    let bytes = fs::read(file).unwrap();
    let code = match thumbnails(&bytes, &[256, 1024], &Limits::default()) {
        Ok(_) => "done",
        Err(error) => error.code(),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .unwrap();
    println!(
        "peak: {code} {}",
        peak.trim().parse::<u64>().unwrap() * 1024
    );
}

#[track_caller]
fn stays_within(name: &str, file: &[u8], code: &str, most: u64) {
    let (found, peak) = decoded(name, file);
    assert_eq!(found, code, "{name}");
    let most = BASE + TABLES + file.len() as u64 + most;
    assert!(peak <= most, "{name}: {peak} of {most} bytes");
}

/// At least `len` zeros in zlib's format, made of one compressed block repeated, without ever holding them.
fn zeros(len: usize) -> Vec<u8> {
    const BLOCK: usize = 16 << 20;
    static COMPRESSED: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let flags = create_comp_flags_from_zip_params(6, -15, 0);
        let mut block = vec![0; 1 << 20];
        let made = deflate(
            &mut CompressorOxide::new(flags),
            &vec![0; BLOCK],
            &mut block,
            MZFlush::Full,
        );
        assert_eq!(made.status, Ok(MZStatus::Ok));
        block.truncate(made.bytes_written);
        block
    });
    let mut all = vec![0x78, 1];
    all.extend(COMPRESSED.repeat(len.div_ceil(BLOCK)));
    all.extend([1, 0, 0, 0xff, 0xff]);
    all
}

fn png(
    width: u32,
    height: u32,
    color_type: u8,
    interlaced: u8,
    chunks: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [&sides[..], &[8, color_type, 0, 0, interlaced]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let all = [(b"IHDR", &header[..])];
    for (kind, data) in all.iter().chain(chunks).chain(&[(b"IEND", &[][..])]) {
        let start = file.len() + 4;
        file.extend((data.len() as u32).to_be_bytes());
        file.extend_from_slice(&kind[..]);
        file.extend_from_slice(data);
        file.extend(crc32fast::hash(&file[start..]).to_be_bytes());
    }
    file
}

#[test]
fn an_icc_profile_of_a_billion_bytes_is_ignored() {
    let iccp = [b"name\0\0", &zeros(1_000_000_000)[..]].concat();
    let pixels = zeros(64 * 257);
    let file = png(64, 64, 6, 0, &[(b"iCCP", &iccp), (b"IDAT", &pixels)]);
    assert!(file.len() < 2_000_000);
    stays_within("iccp.png", &file, "done", 0);
    // Text is not even inflated.
    let text = [b"key\0\0", &zeros(1_000_000_000)[..]].concat();
    let file = png(64, 64, 6, 0, &[(b"zTXt", &text), (b"IDAT", &pixels)]);
    stays_within("ztxt.png", &file, "done", 0);
}

#[test]
fn an_interlaced_image_is_held_once() {
    let side = 10_900;
    let pixels = zeros(475_300_000);
    let file = png(side, side, 6, 1, &[(b"IDAT", &pixels)]);
    assert!(file.len() < 2_000_000);
    stays_within("interlaced.png", &file, "done", 475_240_000);
}

#[test]
fn rows_of_a_hundred_million_pixels_are_too_large() {
    let pixels = zeros(600_000_000);
    let file = png(119_000_000, 1, 6, 0, &[(b"IDAT", &pixels)]);
    stays_within("wide.png", &file, "ImageTooLarge", 0);
    let file = png(1, 119_000_000, 6, 0, &[(b"IDAT", &pixels)]);
    stays_within("high.png", &file, "done", 0);
}

#[test]
fn a_lossless_webp_with_alpha_is_held_twice() {
    let side = 5_000;
    let mut file = Vec::new();
    let pixels = vec![77; 4 * side * side];
    WebPEncoder::new_lossless(&mut file)
        .write_image(&pixels, side as u32, side as u32, ExtendedColorType::Rgba8)
        .unwrap();
    stays_within("alpha.webp", &file, "done", 2 * pixels.len() as u64);
}

#[test]
fn a_jpeg_of_a_million_profile_parts_holds_few_of_them() {
    let fixture = format!(
        "{}/tests/fixtures/sampling-420.jpg",
        env!("CARGO_MANIFEST_DIR")
    );
    let jpeg = fs::read(fixture).unwrap();
    let part = b"\xff\xe2\0\x13ICC_PROFILE\0\x01\xffabc";
    let file = [&jpeg[..2], &part.repeat(2_000_000), &jpeg[2..]].concat();
    stays_within("parts.jpg", &file, "done", 0);
    // As many parts as their numbers allow, but too long in total.
    let long = [
        b"\xff\xe2\xff\xffICC_PROFILE\0\x01\xff",
        &[7].repeat(65_519)[..],
    ]
    .concat();
    let file = [&jpeg[..2], &long.repeat(300), &jpeg[2..]].concat();
    stays_within("profile.jpg", &file, "done", 0);
}

/// 120 megapixels in one strip of compressed zeros.
fn one_strip(fields: &[(u16, u32)], len: usize) -> Vec<u8> {
    let stored = zeros(len);
    let strip = [
        (256, 10_000),
        (257, 12_000),
        (259, 8),
        (273, 8),
        (279, stored.len() as u32),
    ];
    tiff(&[fields, &strip].concat(), &stored)
}

#[test]
fn a_strip_of_a_tiff_is_held_once() {
    // RGBA of 16 bits.
    let file = one_strip(&[(258, 16), (262, 2), (277, 4), (338, 2)], 960_000_000);
    stays_within("strip.tif", &file, "done", 960_000_000);
    // RGB of 64 bits.
    let file = one_strip(&[(258, 64), (262, 2), (277, 3)], 100_000_000);
    stays_within("deep.tif", &file, "ImageTooLarge", 0);
    // YCbCr with a quarter of the chroma, and unpacked to as much of it as there is luma.
    let file = one_strip(&[(258, 8), (262, 6), (277, 3)], 180_000_000);
    stays_within("ycbcr.tif", &file, "done", 180_000_000 + 360_000_000);
}

#[test]
fn a_jpeg_in_a_tiff_is_held_once() {
    let (width, height) = (5_000, 10_000);
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg)
        .write_image(
            &vec![77; 3 * width * height],
            width as u32,
            height as u32,
            ExtendedColorType::Rgb8,
        )
        .unwrap();
    let fields = [
        (256, width as u32),
        (257, height as u32),
        (258, 8),
        (259, 7),
        (262, 6),
        (273, 8),
        (277, 3),
        (279, jpeg.len() as u32),
    ];
    stays_within("jpeg.tif", &tiff(&fields, &jpeg), "done", 150_000_000);
}

/// 120 tiles side by side, each 1,000 x 1,000 pixels of 32 bytes, which all share the same bytes, or have none.
#[test]
fn a_row_of_tiles_that_is_not_read_in_place_is_too_large() {
    const TILE: usize = 32_000_000;
    for (name, offset) in [("reversed.tif", 8), ("sparse.tif", 0_u32)] {
        let list: Vec<u8> = (0..120).flat_map(|_| offset.to_le_bytes()).collect();
        let body = [vec![0; TILE], list].concat();
        let offsets = (324, 8 + TILE as u32);
        let mut file = tiff(
            &[
                (256, 120_000),
                (257, 1_000),
                (258, 64),
                (262, 2),
                (266, 2),
                (277, 4),
                (322, 1_000),
                (323, 1_000),
                offsets,
            ],
            &body,
        );
        let count = 8 + body.len() + 2 + 8 * 12 + 4;
        file[count..count + 4].copy_from_slice(&120_u32.to_le_bytes());
        stays_within(name, &file, "ImageTooLarge", 0);
    }
}

/// Coded as one picture in 4:4:4, which takes the most memory for its pixels.
#[cfg(feature = "heic")]
#[test]
fn a_heic_that_is_no_grid_is_held_whole_or_refused() {
    for (name, side) in [("largest", 8_640_u32), ("largest-alpha", 8_336)] {
        let path = format!("{}/tests/heic/{name}.heic", env!("CARGO_MANIFEST_DIR"));
        let file = fs::read(path).unwrap();
        stays_within(name, &file, "done", 8 * u64::from(side).pow(2));
        let mut larger = file.clone();
        let sizes = (0..file.len() - 4).filter(|at| file[*at..*at + 4] == side.to_be_bytes());
        for at in sizes {
            larger[at..at + 4].copy_from_slice(&(side + 300).to_be_bytes());
        }
        assert_ne!(larger, file);
        stays_within("larger", &larger, "ImageTooLarge", 0);
    }
}
