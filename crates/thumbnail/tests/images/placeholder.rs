//! `ThumbHash`es of images.

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use thumbnail::{Limits, thumbnails};

use crate::support::{file, fixture, scene};

fn hash(bytes: &[u8], sizes: &[u32]) -> Vec<u8> {
    thumbnails(bytes, sizes, &Limits::default())
        .unwrap()
        .placeholder
}

/// The image that a hash decodes to has the colors and the shape of the original.
#[test]
fn a_placeholder_looks_like_the_image() {
    // The first is computed from pixels, the second from planes.
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let hash = hash(&file(&scene(400, 300), format), &[256, 64]);
        assert!((5..=25).contains(&hash.len()), "{}", hash.len());
        let (width, height, rgba) = thumbhash::thumb_hash_to_rgba(&hash).unwrap();
        assert_eq!((width, height), (32, 23));
        let wanted = scene(width as u32, height as u32).into_rgba8();
        let sum: u32 = rgba
            .iter()
            .zip(wanted.iter())
            .map(|(found, wanted)| u32::from(found.abs_diff(*wanted)))
            .sum();
        assert!(
            sum as usize / rgba.len() < 16,
            "{}",
            sum as usize / rgba.len()
        );
    }
}

#[test]
fn a_placeholder_is_upright_and_does_not_depend_on_the_order_of_sizes() {
    let bytes = fixture("sampling-420.jpg");
    assert_eq!(hash(&bytes, &[256, 64]), hash(&bytes, &[64, 256]));
    let tall = hash(&file(&scene(100, 300), ImageFormat::Png), &[256]);
    let (width, height, _) = thumbhash::thumb_hash_to_rgba(&tall).unwrap();
    assert!(width < height);
}

#[test]
fn transparent_and_extremely_long_images_have_a_placeholder() {
    let glass = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([255, 0, 0, 0])));
    let clear = hash(&file(&glass, ImageFormat::Png), &[256]);
    let (_, _, rgba) = thumbhash::thumb_hash_to_rgba(&clear).unwrap();
    assert!(rgba.chunks(4).all(|pixel| pixel[3] < 10));
    for (width, height) in [(1, 1), (1, 3000), (3000, 1)] {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            assert!(!hash(&file(&scene(width, height), format), &[256]).is_empty());
        }
    }
    assert!(hash(&file(&scene(9, 9), ImageFormat::Png), &[]).is_empty());
}
