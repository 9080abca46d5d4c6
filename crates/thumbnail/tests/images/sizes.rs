//! The size and the quality of thumbnails.

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use thumbnail::{Encoding, Error, Limits, jpeg_within, pixels, thumbnail_as, thumbnails};

use crate::support::{file, near, scene, seen, small};

#[test]
fn a_thumbnail_fits_and_is_never_enlarged_and_never_empty() {
    for (width, height, size, wanted) in [
        (400, 300, 256, (256, 192)),
        (300, 400, 256, (192, 256)),
        (1, 1, 256, (1, 1)),
        (1, 10_000, 256, (1, 256)),
        (10_000, 1, 256, (256, 1)),
        (100, 80, 256, (100, 80)),
        (256, 256, 256, (256, 256)),
        (257, 257, 256, (256, 256)),
        (3, 1000, 100, (1, 100)),
        (50, 50, 1, (1, 1)),
    ] {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let thumbnail = small(&file(&scene(width, height), format), size);
            assert_eq!(
                (thumbnail.width, thumbnail.height),
                wanted,
                "{width}x{height} to {size}"
            );
            assert_eq!(seen(&thumbnail).dimensions(), wanted);
        }
    }
}

#[test]
fn thumbnails_are_in_the_order_of_the_sizes() {
    let bytes = file(&scene(500, 250), ImageFormat::Jpeg);
    let made = thumbnails(&bytes, &[64, 300, 10], &Limits::default()).unwrap();
    assert_eq!(
        made.items
            .iter()
            .map(|item| (item.size, item.width, item.height))
            .collect::<Vec<_>>(),
        [(64, 64, 32), (300, 300, 150), (10, 10, 5)]
    );
    for item in &made.items {
        let alone = seen(&small(&bytes, item.size));
        assert_eq!(seen(item).dimensions(), alone.dimensions());
        for (together, alone) in seen(item).pixels().zip(alone.pixels()) {
            near(together.0, alone.0, 16);
        }
    }
}

#[test]
fn an_image_of_the_right_size_is_not_changed() {
    let image = scene(90, 70);
    let same = thumbnail_as(
        &file(&image, ImageFormat::Png),
        90,
        Encoding::Png,
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(seen(&same), image.into_rgba8());
}

/// Compares with another implementation of the same filter, in one step at full size.
#[test]
fn scaling_is_as_good_as_lanczos_in_one_step() {
    let texture = image::RgbImage::from_fn(900, 700, |x, y| {
        let wave = |phase: f32| {
            ((x as f32 / 17.0 + phase).sin() * (y as f32 / 23.0 - phase).cos() * 90.0 + 128.0) as u8
        };
        image::Rgb([wave(0.0), wave(1.0), wave(2.0)])
    });
    for size in [400, 200, 100] {
        let thumbnail = thumbnail_as(
            &file(&texture.clone().into(), ImageFormat::Png),
            size,
            Encoding::Png,
            &Limits::default(),
        )
        .unwrap();
        let wanted = DynamicImage::from(texture.clone())
            .resize(size, size, FilterType::Lanczos3)
            .into_rgba8();
        let found = seen(&thumbnail);
        let squares: f64 = found
            .as_raw()
            .iter()
            .zip(wanted.as_raw())
            .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
            .sum();
        let psnr = 10.0 * (255.0 * 255.0 / (squares / found.as_raw().len() as f64)).log10();
        assert!(psnr > 45.0, "{size}: {psnr:.1} dB");
    }
}

#[test]
fn a_recogniser_gets_enough_and_not_much_more() {
    for (width, height) in [(640, 480), (480, 640), (1000, 225), (224, 224), (50, 400)] {
        let seen = pixels(
            &file(&scene(width, height), ImageFormat::Jpeg),
            224,
            &Limits::default(),
        )
        .unwrap();
        let shorter = width.min(height).min(224);
        assert_eq!(seen.width.min(seen.height), shorter);
        assert_eq!(seen.data.len(), (seen.width * seen.height * 3) as usize);
        assert!(
            (i64::from(seen.width * height) - i64::from(seen.height * width)).abs()
                <= i64::from(width.max(height)),
            "its shape is kept"
        );
    }
}

#[test]
fn a_jpeg_for_a_service_keeps_both_limits() {
    let bytes = file(&scene(800, 600), ImageFormat::Png);
    for (max_side, max_bytes) in [
        (10_000, 5_000_000),
        (300, 5_000_000),
        (10_000, 9_000),
        (10_000, 1_200),
    ] {
        let jpeg = jpeg_within(&bytes, max_side, max_bytes, &Limits::default()).unwrap();
        let image = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap();
        assert!(jpeg.len() <= max_bytes && image.width() <= max_side && image.height() <= max_side);
    }
    assert!(matches!(
        jpeg_within(&bytes, 300, 10, &Limits::default()),
        Err(Error::TooManyBytes { limit: 10, .. })
    ));
}
