//! The same colour, stored in every way, decodes to the same colour.

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba, RgbaImage};

use thumbnail::{Encoding, Limits, pixels, thumbnail_as};

use crate::support::{file, fixture, near, seen, small};

/// The patches of `tests/fixtures/make.py`, 3 across and 2 down.
const PATCHES: [[u8; 4]; 6] = [
    [200, 100, 50, 255],
    [40, 160, 80, 255],
    [60, 80, 200, 255],
    [230, 220, 90, 255],
    [20, 20, 20, 255],
    [240, 240, 240, 255],
];

/// The middle of each patch.
fn patches(bytes: &[u8], size: u32) -> [[u8; 4]; 6] {
    let image = image::load_from_memory(
        &thumbnail_as(bytes, size, Encoding::Png, &Limits::default())
            .unwrap()
            .bytes,
    )
    .unwrap()
    .into_rgba8();
    let (width, height) = image.dimensions();
    std::array::from_fn(|index| {
        let (column, row) = (index as u32 % 3, index as u32 / 3);
        image
            .get_pixel(width * (2 * column + 1) / 6, height * (2 * row + 1) / 4)
            .0
    })
}

#[track_caller]
fn shows_the_patches(name: &str, tolerance: u8) {
    for size in [48, 24] {
        for (found, wanted) in patches(&fixture(name), size).into_iter().zip(PATCHES) {
            near(found, wanted, tolerance);
        }
    }
}

#[test]
fn a_wide_gamut_profile_is_converted() {
    for name in [
        "display-p3.png",
        "display-p3.webp",
        "display-p3.tiff",
        "adobe-rgb.png",
    ] {
        shows_the_patches(name, 3);
    }
    shows_the_patches("display-p3.jpg", 5);
    shows_the_patches("adobe-rgb.jpg", 5);
}

#[test]
fn a_grey_profile_is_converted() {
    for patch in patches(&fixture("linear-grey.png"), 24) {
        near(patch, [188, 188, 188, 255], 1);
    }
}

#[test]
fn cmyk_becomes_rgb() {
    for name in ["cmyk-adobe.jpg", "cmyk-plain.jpg", "ycck.jpg"] {
        shows_the_patches(name, 6);
    }
}

#[test]
fn other_ways_to_store_the_patches() {
    for (name, tolerance) in [
        ("animated.gif", 0),
        ("animated.png", 0),
        ("animated.webp", 0),
        ("palette.png", 0),
        ("progressive.jpg", 5),
        ("baseline-420.jpg", 8),
        ("lossy.webp", 8),
    ] {
        shows_the_patches(name, tolerance);
    }
}

#[test]
fn one_bit_grey_and_transparent() {
    let one_bit = patches(&fixture("one-bit.png"), 24);
    assert_eq!(one_bit.map(|patch| patch[0]), [0, 255, 0, 255, 0, 255]);

    let grey_alpha = patches(&fixture("grey-alpha.png"), 24);
    assert_eq!(grey_alpha[1], [255, 255, 255, 128]);
    assert_eq!(grey_alpha[2], [100, 100, 100, 255]);
    assert_eq!(grey_alpha.map(|patch| patch[3]), [0, 128, 255, 255, 255, 9]);

    let palette = patches(&fixture("palette-transparent.png"), 24);
    assert_eq!(palette[0][3], 0);
    assert_eq!(palette[1..], PATCHES[1..]);

    let canvas = patches(&fixture("offset.gif"), 48);
    assert_eq!(
        canvas[0][3], 0,
        "the canvas is transparent beside the first frame"
    );
    assert_eq!(
        seen(&small(&fixture("offset.gif"), 48)).get_pixel(24, 16).0,
        PATCHES[0]
    );
}

/// Every sample type that a file can have, from the same image.
#[test]
fn sixteen_bits_become_eight() {
    let deep = |value: u8| u16::from(value) * 257;
    let [r, g, b, _] = PATCHES[0];
    for (image, wanted) in [
        (
            DynamicImage::from(ImageBuffer::from_pixel(
                9,
                9,
                Rgb([deep(r), deep(g), deep(b)]),
            )),
            [r, g, b, 255],
        ),
        (
            DynamicImage::from(ImageBuffer::from_pixel(
                9,
                9,
                Rgba([deep(r), deep(g), deep(b), deep(77)]),
            )),
            [r, g, b, 77],
        ),
        (
            DynamicImage::from(ImageBuffer::from_pixel(9, 9, Luma([deep(99)]))),
            [99, 99, 99, 255],
        ),
        (
            DynamicImage::from(ImageBuffer::from_pixel(9, 9, LumaA([deep(99), deep(77)]))),
            [99, 99, 99, 77],
        ),
    ] {
        for found in patches(&file(&image, ImageFormat::Png), 4) {
            near(found, wanted, 1);
        }
    }
}

#[test]
fn what_is_transparent_is_png_and_what_is_not_is_jpeg() {
    let opaque = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([10, 20, 30, 255])));
    let glass = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([10, 20, 30, 40])));
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Gif,
        ImageFormat::Bmp,
    ] {
        assert_eq!(
            small(&file(&opaque, format), 20).content_type,
            "image/jpeg",
            "{format:?}"
        );
    }
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let thumbnail = small(&file(&glass, format), 20);
        assert_eq!(thumbnail.content_type, "image/png", "{format:?}");
        near(seen(&thumbnail).get_pixel(9, 9).0, [10, 20, 30, 40], 3);
    }
}

/// Red beside transparent pixels, which are stored as green: no green and no black may bleed in.
#[test]
fn transparent_pixels_do_not_colour_visible_ones() {
    let edge = RgbaImage::from_fn(101, 101, |x, _| {
        if x < 53 {
            Rgba([255, 0, 0, 255])
        } else {
            Rgba([0, 255, 0, 0])
        }
    });
    for size in [64, 33, 10] {
        let thumbnail = small(&file(&edge.clone().into(), ImageFormat::Png), size);
        for pixel in seen(&thumbnail).pixels().filter(|pixel| pixel[3] > 0) {
            near(pixel.0, [255, 0, 0, pixel[3]], 1);
        }
    }
}

#[test]
fn a_recogniser_sees_white_where_there_is_nothing() {
    let glass = DynamicImage::from(RgbaImage::from_pixel(300, 200, Rgba([0, 0, 0, 128])));
    let seen = pixels(&file(&glass, ImageFormat::Png), 100, &Limits::default()).unwrap();
    assert_eq!((seen.width, seen.height), (150, 100));
    assert!(
        seen.data.iter().all(|sample| *sample == 127),
        "{:?}",
        &seen.data[..3]
    );
    let grey = DynamicImage::from(ImageBuffer::from_pixel(30, 20, Luma([7_u8])));
    assert_eq!(
        pixels(&file(&grey, ImageFormat::Png), 100, &Limits::default())
            .unwrap()
            .data,
        vec![7; 30 * 20 * 3]
    );
}

/// Of the profile's tables, the perceptual one is used, as by Pillow and sharp (see `make_press_profile.py` beside it).
#[test]
fn a_press_profile_is_rendered_perceptually() {
    let wanted = [
        [255, 255, 255],
        [17, 192, 224],
        [214, 133, 133],
        [248, 207, 130],
        [176, 176, 176],
        [84, 84, 84],
    ];
    for (found, [r, g, b]) in patches(&fixture("press-profile.jpg"), 48)
        .into_iter()
        .zip(wanted)
    {
        near(found, [r, g, b, 255], 3);
    }
}
