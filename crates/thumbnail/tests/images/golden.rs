//! Compares with full decodes by a reference decoder: `tests/golden/README.md` says how they were made.

use std::fs;

use image::GenericImageView;
use thumbnail::{Encoding, Limits, thumbnail_as};

use crate::support::{fixture, seen};

const ACROSS: u32 = 16;
const TILE: u32 = 32;

fn golden(path: &str) -> String {
    format!("{}/tests/golden/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_fixture_looks_as_other_decoders_show_it() {
    let sheet = image::open(golden("golden.png")).unwrap().into_rgba8();
    let lines = fs::read_to_string(golden("images.txt")).unwrap();
    let mut wrong = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        let [name, size, least] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let size = size.parse().unwrap();
        let made =
            thumbnail_as(&fixture(name), size, Encoding::Png, &Limits::default()).expect(name);
        let made = seen(&made);
        let (width, height) = (made.width().min(TILE), made.height().min(TILE));
        let corner = made.view(made.width() - width, made.height() - height, width, height);
        let (column, row) = (index as u32 % ACROSS, index as u32 / ACROSS);
        let wanted = sheet.view(column * TILE, row * TILE, width, height);
        let psnr = psnr(&corner.to_image(), &wanted.to_image());
        if psnr < least.parse().unwrap() {
            wrong.push(format!("{line}: {psnr:.1}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Weighted by alpha, so that transparent pixels have no colour.
fn psnr(found: &image::RgbaImage, wanted: &image::RgbaImage) -> f64 {
    let squares: f64 = found
        .pixels()
        .zip(wanted.pixels())
        .flat_map(|(found, wanted)| {
            let light = |pixel: &image::Rgba<u8>| {
                let [r, g, b, a] = pixel.0.map(f64::from);
                [r * a / 255.0, g * a / 255.0, b * a / 255.0, a]
            };
            let (found, wanted) = (light(found), light(wanted));
            (0..4).map(move |channel| (found[channel] - wanted[channel]).powi(2))
        })
        .sum();
    let samples = f64::from(found.width() * found.height() * 4);
    10.0 * (255.0 * 255.0 * samples / squares.max(1e-6)).log10()
}
