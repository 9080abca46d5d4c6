//! Images to decode, and comparisons of the results.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbaImage};
use thumbnail::{Limits, Thumbnail, thumbnails};

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/fixtures/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

pub fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A smooth image without symmetry.
pub fn scene(width: u32, height: u32) -> DynamicImage {
    DynamicImage::from(image::RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x * 255 / width, y * 255 / height);
        image::Rgb([x as u8, y as u8, u32::midpoint(x, y) as u8])
    }))
}

pub fn small(bytes: &[u8], size: u32) -> Thumbnail {
    thumbnails(bytes, &[size], &Limits::default())
        .unwrap()
        .items
        .pop()
        .unwrap()
}

pub fn seen(thumbnail: &Thumbnail) -> RgbaImage {
    image::load_from_memory(&thumbnail.bytes)
        .unwrap()
        .into_rgba8()
}

#[track_caller]
pub fn near(found: [u8; 4], wanted: [u8; 4], tolerance: u8) {
    assert!(
        found
            .iter()
            .zip(wanted)
            .all(|(found, wanted)| found.abs_diff(wanted) <= tolerance),
        "found {found:?}, wanted {wanted:?}"
    );
}
