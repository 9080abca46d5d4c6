//! HEICs that `tests/heic/make.py` writes.

use std::fs;

use image::{Rgba, RgbaImage};
use thumbnail::{Encoding, Error, Format, Limits, header, jpeg_within, thumbnail_as, thumbnails};

use crate::support::seen;

fn heic(name: &str) -> Vec<u8> {
    fs::read(format!(
        "{}/tests/heic/{name}.heic",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn scene(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let [red, green, blue] = [
            x * 255 / (width - 1),
            y * 255 / (height - 1),
            (x + y) * 255 / (width + height - 2),
        ];
        Rgba([red as u8, green as u8, blue as u8, 255])
    })
}

fn error(name: &str) -> Error {
    thumbnails(&heic(name), &[64], &Limits::default()).unwrap_err()
}

/// The result has the size of `wanted`, and differs from it by at most `tolerance` levels on average.
#[track_caller]
fn shows(name: &str, wanted: &RgbaImage, tolerance: f64) {
    let file = heic(name);
    let size = wanted.width().max(wanted.height());
    let made = seen(&thumbnail_as(&file, size, Encoding::Png, &Limits::default()).unwrap());
    assert_eq!(made.dimensions(), wanted.dimensions(), "{name}");
    let sum: f64 = made
        .iter()
        .zip(wanted.iter())
        .map(|(found, wanted)| f64::from(found.abs_diff(*wanted)))
        .sum();
    let mean = sum / f64::from(wanted.width() * wanted.height() * 4);
    assert!(mean <= tolerance, "{name}: {mean:.2}");
    let header = header(&file, &Limits::default()).unwrap().unwrap();
    assert_eq!(header.format, Format::Heic);
    assert_eq!(header.upright_size(), wanted.dimensions(), "{name}");
}

#[test]
fn every_sampling_and_depth() {
    let wanted = scene(97, 61);
    for name in ["420", "422", "444", "10bit", "12bit"] {
        shows(name, &wanted, 2.0);
    }
    let gray = RgbaImage::from_fn(97, 61, |x, y| {
        let level = wanted.get_pixel(x, y).0[2];
        Rgba([level, level, level, 255])
    });
    shows("gray", &gray, 2.0);
}

#[test]
fn alpha_premultiplied_and_not() {
    let wanted = RgbaImage::from_fn(97, 61, |x, y| {
        let [red, green, blue, _] = scene(97, 61).get_pixel(x, y).0;
        Rgba([red, green, blue, 255 - red / 2])
    });
    shows("alpha", &wanted, 2.0);
    shows("alpha-premultiplied", &wanted, 3.0);
    let made = thumbnails(&heic("alpha"), &[48], &Limits::default()).unwrap();
    assert_eq!(made.items[0].content_type, "image/png");
}

/// Which pixel of the coded image is seen at (x, y) of an image of `size`.
fn moved(size: (u32, u32), from: impl Fn(u32, u32) -> (u32, u32)) -> RgbaImage {
    let coded = scene(96, 64);
    RgbaImage::from_fn(size.0, size.1, |x, y| {
        let (column, row) = from(x, y);
        *coded.get_pixel(column, row)
    })
}

#[test]
fn properties_rotate_and_mirror_and_exif_does_not() {
    shows("exif-6", &scene(96, 64), 2.0);
    shows("turned-1", &moved((64, 96), |x, y| (95 - y, x)), 2.0);
    shows("turned-2", &moved((96, 64), |x, y| (95 - x, 63 - y)), 2.0);
    shows("turned-3", &moved((64, 96), |x, y| (y, 63 - x)), 2.0);
    shows("mirrored-0", &moved((96, 64), |x, y| (x, 63 - y)), 2.0);
    shows("mirrored-1", &moved((96, 64), |x, y| (95 - x, y)), 2.0);
    // Turned counterclockwise, then top and bottom exchanged.
    shows("turned-1-mirrored-0", &moved((64, 96), |x, y| (y, x)), 2.0);
    shows("turned-3-mirrored-1", &moved((64, 96), |x, y| (y, x)), 2.0);
    shows("mirrored-1-turned-1", &moved((64, 96), |x, y| (y, x)), 2.0);
}

#[test]
fn cropping_comes_before_rotation() {
    // 40 x 30, whose center is 3 to the left of the image's and 4 below it.
    shows("cropped", &moved((40, 30), |x, y| (x + 25, y + 21)), 4.0);
    // 41 x 31, whose center is 3.5 to the left and 4.5 below.
    shows(
        "cropped-turned-1",
        &moved((31, 41), |x, y| (40 - y + 24, x + 21)),
        4.0,
    );
}

#[test]
fn a_grid_is_one_image() {
    let wanted = scene(150, 100);
    shows("grid", &wanted, 2.0);
    let turned = RgbaImage::from_fn(100, 150, |x, y| *wanted.get_pixel(149 - y, x));
    shows("grid-turned-1", &turned, 2.0);
    let cropped = RgbaImage::from_fn(70, 60, |x, y| *wanted.get_pixel(x + 43, y + 18));
    shows("grid-cropped", &cropped, 4.0);
    // Rows of two tiles go into one sample here.
    let small = thumbnails(&heic("grid"), &[10], &Limits::default()).unwrap();
    assert_eq!((small.items[0].width, small.items[0].height), (10, 7));
}

#[test]
fn colors_of_other_primaries_and_transfers_become_srgb() {
    let wanted = scene(150, 100);
    shows("nclx-p3", &wanted, 3.0);
    // Half the light of `scene`.
    let half = RgbaImage::from_fn(150, 100, |x, y| {
        Rgba(wanted.get_pixel(x, y).0.map(|level| {
            if level == 255 {
                return 188;
            }
            let level = f64::from(level) / 255.0;
            let light = if level <= 0.040_45 {
                level / 12.92
            } else {
                ((level + 0.055) / 1.055).powf(2.4)
            } / 2.0;
            let encoded = if light <= 0.003_130_8 {
                12.92 * light
            } else {
                1.055 * light.powf(1.0 / 2.4) - 0.055
            };
            (encoded * 255.0).round() as u8
        }))
    });
    let half = RgbaImage::from_fn(150, 100, |x, y| {
        let [red, green, blue, _] = half.get_pixel(x, y).0;
        Rgba([red, green, blue, 255])
    });
    shows("nclx-pq", &half, 4.0);
    shows("nclx-hlg", &half, 4.0);
}

#[test]
fn hostile_files_are_refused() {
    for (name, code, message) in [
        (
            "hostile-repeated-tiles",
            "UnsupportedFormat",
            "repeats tiles",
        ),
        (
            "hostile-huge-grid",
            "CorruptImage",
            "larger than its tiles together",
        ),
        ("hostile-shared-bytes", "CorruptImage", "overlap"),
        ("hostile-overlay", "UnsupportedFormat", "overlay"),
        (
            "hostile-larger-than-declared",
            "CorruptImage",
            "not of its size",
        ),
        ("hostile-av01", "UnsupportedFormat", "AVIF"),
    ] {
        let error = error(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(message), "{name}: {error}");
    }
    let narrow = Limits {
        memory: 50_000,
        ..Limits::default()
    };
    assert_eq!(
        thumbnails(&heic("grid"), &[64], &narrow),
        Err(Error::TooMuchMemory { limit: 50_000 })
    );
}

/// What is cropped away has to be decoded.
#[test]
fn limits_are_those_of_the_image_before_it_is_cropped() {
    let few = Limits {
        pixels: 14_000,
        ..Limits::default()
    };
    assert_eq!(
        thumbnails(&heic("grid-cropped"), &[64], &few),
        Err(Error::ImageTooLarge {
            width: 150,
            height: 100,
            limit: 14_000
        })
    );
}

/// The decoder decodes the same blocks again, as often as slices say.
#[test]
fn slices_that_decode_the_same_blocks_are_counted() {
    let file = heic("largest");
    let start = file.windows(4).position(|kind| kind == b"mdat").unwrap() + 4;
    let slice = &file[start..];
    let len = slice.len() as u32;
    let mut repeated = file.clone();
    let place = file
        .windows(4)
        .position(|number| number == len.to_be_bytes())
        .unwrap();
    repeated[place..place + 4].copy_from_slice(&(8 * len).to_be_bytes());
    repeated.extend(slice.repeat(7));
    let error = thumbnails(&repeated, &[64], &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("too many slices"), "{error}");
}

#[test]
fn an_unsupported_image_is_replaced_by_its_preview() {
    shows("preview-of-overlay", &scene(96, 64), 2.0);
}

#[test]
fn a_jpeg_is_made_of_it() {
    let jpeg = jpeg_within(&heic("grid-turned-1"), 4096, 1 << 20, &Limits::default()).unwrap();
    let header = header(&jpeg, &Limits::default()).unwrap().unwrap();
    assert_eq!(
        (header.format, header.width, header.height),
        (Format::Jpeg, 100, 150)
    );
}

#[test]
fn brands_tell_heic_from_avif() {
    let file = |main: &[u8; 4], compatible: &[&[u8; 4]]| {
        let mut bytes = (16 + 4 * compatible.len() as u32).to_be_bytes().to_vec();
        bytes.extend(b"ftyp");
        bytes.extend(main);
        bytes.extend([0; 4]);
        bytes.extend(compatible.iter().copied().flatten());
        bytes
    };
    assert_eq!(Format::sniff(&file(b"heic", &[])), Some(Format::Heic));
    assert_eq!(
        Format::sniff(&file(b"mif1", &[b"mif1", b"heix"])),
        Some(Format::Heic)
    );
    for avif in [
        file(b"avif", &[b"mif1", b"miaf"]),
        file(b"mif1", &[b"avif"]),
    ] {
        assert_eq!(Format::sniff(&avif), None);
        assert_eq!(header(&avif, &Limits::default()), Err(Error::Avif));
        assert_eq!(Error::Avif.code(), "UnsupportedFormat");
    }
    assert_eq!(Format::sniff(&file(b"isom", &[b"mp42"])), None);
}

#[test]
fn a_header_needs_the_meta_box_alone() {
    let file = heic("grid");
    let mdat = file
        .windows(4)
        .position(|window| window == b"mdat")
        .unwrap();
    let whole = header(&file, &Limits::default()).unwrap();
    assert_eq!(header(&file[..mdat], &Limits::default()).unwrap(), whole);
    for len in (30..mdat - 40).step_by(7) {
        assert_eq!(header(&file[..len], &Limits::default()), Ok(None), "{len}");
    }
    for len in (mdat + 10..file.len() - 1).step_by(501) {
        let error = thumbnails(&file[..len], &[9], &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "CorruptImage", "{len}");
    }
}
