//! JPEGs that are reduced as they are decoded, against a full decode and Lanczos3 in one step.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use thumbnail::{Encoding, Limits, thumbnail_as};

use crate::support::{fixture, seen};

/// Waves of many lengths, so that every coefficient of a block matters somewhere.
fn waves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let wave = |phase: f32| {
            ((x * x / 4000.0 + phase).sin() + (y * y / 3000.0 - x / 40.0 - phase).cos()) * 55.0
                + 128.0
        };
        image::Rgb([wave(0.0) as u8, wave(0.6) as u8, wave(1.2) as u8])
    })
    .into()
}

fn psnr(found: &[u8], wanted: &[u8]) -> f64 {
    let squares: f64 = found
        .iter()
        .zip(wanted)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
        .sum();
    10.0 * (255.0 * 255.0 * found.len() as f64 / squares).log10()
}

#[track_caller]
fn as_good_as_in_full(jpeg: &[u8], size: u32, least: f64) {
    let found = seen(&thumbnail_as(jpeg, size, Encoding::Png, &Limits::default()).unwrap());
    let full = image::load_from_memory(jpeg).unwrap();
    let wanted = full
        .resize_exact(found.width(), found.height(), FilterType::Lanczos3)
        .into_rgba8();
    let psnr = psnr(found.as_raw(), wanted.as_raw());
    assert!(psnr > least, "to {size}: {psnr:.1} dB");
}

#[test]
fn every_scale_and_every_edge() {
    for (width, height) in [(1001, 699), (512, 1024), (643, 641)] {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 92)
            .encode_image(&waves(width, height))
            .unwrap();
        for size in [20, 61, 100, 160, 250, 310] {
            as_good_as_in_full(&jpeg, size, 30.0);
        }
    }
}

#[test]
fn grey_and_every_sampling() {
    for name in [
        "sampling-444.jpg",
        "sampling-422.jpg",
        "sampling-440.jpg",
        "sampling-420.jpg",
        "sampling-411.jpg",
        "grey-large.jpg",
        "restarts.jpg",
    ] {
        for size in [25, 50, 120] {
            as_good_as_in_full(&fixture(name), size, 33.0);
        }
    }
}

#[test]
fn a_progressive_image_is_the_same_image() {
    for name in [
        "progressive-420.jpg",
        "progressive-444.jpg",
        "progressive-grey.jpg",
        "progressive-restarts.jpg",
    ] {
        for size in [25, 50, 120] {
            as_good_as_in_full(&fixture(name), size, 33.0);
        }
    }
}
