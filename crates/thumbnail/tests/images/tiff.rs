//! TIFFs of every kind that `tests/tiff/make.py` writes: each shows what its name begins with.

use std::fs;
use std::path::Path;

use image::{Rgba, RgbaImage};
use thumbnail::{Encoding, Error, Limits, thumbnail_as, thumbnails};

use crate::minimal_tiff;
use crate::support::{near, seen};

const WIDTH: u32 = 37;
const HEIGHT: u32 = 29;

fn folder() -> String {
    format!("{}/tests/tiff", env!("CARGO_MANIFEST_DIR"))
}

fn tiff(name: &str) -> Vec<u8> {
    fs::read(format!("{}/{name}.tif", folder())).unwrap()
}

/// `levels` of a sample of so many bits, as levels from 0 to 255.
fn with_bits(level: u8, bits: u32) -> u8 {
    let max = (1 << bits) - 1;
    (u32::from(level) * max / 255 * 255 / max) as u8
}

fn drawn(kind: &str, bits: u32) -> RgbaImage {
    RgbaImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let [red, green, blue] = [
            x * 255 / (WIDTH - 1),
            y * 255 / (HEIGHT - 1),
            (x + y) * 255 / (WIDTH + HEIGHT - 2),
        ]
        .map(|level| {
            if bits < 8 {
                with_bits(level as u8, bits)
            } else {
                level as u8
            }
        });
        let alpha = 255 - (x * 255 / (WIDTH - 1)) as u8 / 2;
        Rgba(match kind {
            "rgb" | "cmyk" => [red, green, blue, 255],
            "rgba" | "cmyka" => [red, green, blue, alpha],
            "gray" => [blue, blue, blue, 255],
            "graya" => [blue, blue, blue, alpha],
            "palette" => {
                let index = (3 * x + 5 * y) / 7 % (1 << bits);
                let [red, green, blue] = [37, 91, 151].map(|factor| (index * factor % 256) as u8);
                [red, green, blue, 255]
            }
            "bw" => {
                let level = ((x * x + 3 * y * y) / 40 % 2) as u8 * 255;
                [level, level, level, 255]
            }
            other => panic!("{other}"),
        })
    })
}

/// The largest difference of a sample that may be seen, and the mean of all.
fn tolerance(name: &str) -> (u8, f64) {
    let is = |part: &str| name.contains(part);
    if is("tiles") && is("jpeg") {
        // The padding that tiffcp writes into the last tiles bleeds into them.
        (100, 5.0)
    } else if is("jpeg") || is("ycbcr") || is("lab") {
        // Subsampled chroma, and rounding to and from another color space.
        (40, 5.0)
    } else if is("assocalpha") {
        (3, 0.5)
    } else {
        (1, 0.6)
    }
}

#[test]
fn every_kind_of_tiff_is_decoded() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|_| is_tiff(&path))
        else {
            continue;
        };
        count += 1;
        let kind = name.split('-').next().unwrap();
        let bits = name
            .split('-')
            .find_map(|part| part.strip_suffix("bit"))
            .map_or(8, |bits| bits.parse().unwrap());
        let file = fs::read(&path).unwrap();
        let made = match thumbnail_as(&file, WIDTH, Encoding::Png, &Limits::default()) {
            Ok(made) => seen(&made),
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let wanted = drawn(kind, bits);
        assert_eq!(made.dimensions(), wanted.dimensions(), "{name}");
        let differences: Vec<u8> = made
            .iter()
            .zip(wanted.iter())
            .map(|(found, wanted)| found.abs_diff(*wanted))
            .collect();
        let largest = differences.iter().copied().max().unwrap();
        let mean = differences
            .iter()
            .map(|difference| f64::from(*difference))
            .sum::<f64>()
            / differences.len() as f64;
        let (max_difference, max_mean) = tolerance(name);
        if largest > max_difference || mean > max_mean {
            wrong.push(format!("{name}: up to {largest}, {mean:.2} on average"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 100, "{count}");
}

fn is_tiff(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tif")
}

/// Uncompressed samples are read in place; compressed strips and tiles must fit the limit.
#[test]
fn strips_that_are_decompressed_are_within_the_limit_of_memory() {
    // What a thumbnail of 9 x 7 pixels and the rows scaled to it take, and 700 bytes for the strips.
    const MEMORY: u64 = 9 * 7 * 16 + 37 * (20 + 48) + 700;
    let narrow = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    let made = |name| thumbnails(&tiff(name), &[9], &narrow);
    assert!(made("rgb-strips-plain-little").is_ok());
    for name in [
        "rgb-strips-lzw-little",
        "rgb-tiles-planes-deflate-big",
        "rgb-old-jpeg-whole",
    ] {
        assert_eq!(
            made(name),
            Err(Error::TooMuchMemory { limit: MEMORY }),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_supported_is_named() {
    for (field, wanted) in [
        ((259, 34887), "its compression is LERC"),
        ((259, 34712), "its compression is JPEG 2000"),
        (
            (262, 32803),
            "it is the unprocessed mosaic of a camera's sensor",
        ),
        ((277, 5000), "it has 5000 samples a pixel"),
        ((339, 6), "its samples are complex numbers"),
    ] {
        let mut fields = vec![(256, 8), (257, 8), (258, 8), (273, 8)];
        fields.push(field);
        let error = thumbnails(
            &minimal_tiff::tiff(&fields, &[0; 64]),
            &[9],
            &Limits::default(),
        )
        .unwrap_err();
        assert_eq!(error.code(), "UnsupportedFormat");
        assert_eq!(
            error.to_string(),
            format!("this kind of TIFF is not supported: {wanted}")
        );
    }
}

/// 100 megapixels of one byte each, in strips that share the same bytes or hold nothing.
#[test]
fn bombs_fail_before_they_cost_anything() {
    let side = 10_000;
    let within = Limits {
        memory: 64 << 20,
        ..Limits::default()
    };
    for compression in [1, 2, 3, 4, 5, 6, 7, 8, 32773, 32809, 34676, 50001] {
        let one_strip = [
            (256, side),
            (257, side),
            (258, 8),
            (259, compression),
            (262, 1),
            (273, 8),
            (279, 64),
        ];
        let error =
            thumbnails(&minimal_tiff::tiff(&one_strip, &[1; 64]), &[9], &within).unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooMuchMemory { .. }
                    | Error::CorruptImage(_)
                    | Error::UnsupportedVariant { .. }
            ),
            "{compression}: {error}"
        );
    }
    let many = 2_000_u32;
    let strips: Vec<u8> = (0..many).flat_map(|_| 8_u32.to_le_bytes()).collect();
    let body = [
        vec![0; 1 << 20],
        strips.clone(),
        (0..many)
            .flat_map(|_| (1_u32 << 20).to_le_bytes())
            .collect(),
    ]
    .concat();
    let mut file = minimal_tiff::tiff(
        &[
            (256, 2),
            (257, many),
            (258, 8),
            (259, 8),
            (262, 1),
            (273, 8 + (1 << 20)),
            (278, 1),
            (279, 8 + (1 << 20) + 4 * many),
        ],
        &body,
    );
    let directory = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    for entry in [5, 7] {
        file[directory + 2 + entry * 12 + 4..][..4].copy_from_slice(&many.to_le_bytes());
    }
    let error = thumbnails(&file, &[9], &Limits::default()).unwrap_err();
    assert_eq!(
        error,
        Error::CorruptImage("its strips or tiles overlap".to_owned())
    );
}

/// Files of other writers, with the colors that libvips and Pillow read at (16, 10), (w - 14, h - 9) and the middle.
#[test]
fn colors_are_those_of_libvips() {
    for (name, wanted) in [
        (
            "tiff-associated-alpha",
            [[248, 18, 18, 42], [19, 28, 239, 220], [127, 127, 125, 128]],
        ),
        (
            "tiff-cmyk-icc",
            [[217, 61, 51, 255], [63, 67, 135, 255], [126, 127, 129, 255]],
        ),
        (
            "tiff-g3",
            [[0, 0, 0, 255], [0, 0, 0, 255], [255, 255, 255, 255]],
        ),
        (
            "tiff-jpeg-ycbcr-strips",
            [[249, 20, 25, 255], [26, 26, 234, 255], [127, 130, 121, 255]],
        ),
        (
            "tiff-palette-8",
            [[250, 20, 20, 255], [20, 30, 240, 255], [131, 135, 129, 255]],
        ),
    ] {
        let file = tiff(&format!("drawn/{name}"));
        let made = seen(&thumbnail_as(&file, 256, Encoding::Png, &Limits::default()).unwrap());
        let (width, height) = made.dimensions();
        assert_eq!((width, height), (96, 64), "{name}");
        for ((x, y), wanted) in [(16, 10), (width - 14, height - 9), (width / 2, height / 2)]
            .into_iter()
            .zip(wanted)
        {
            near(made.get_pixel(x, y).0, wanted, 3);
        }
    }
}

/// A hundred million tiles of one pixel, only one of which is in the list: nothing is allocated for the others.
#[test]
fn a_list_of_tiles_is_as_long_as_the_image_needs() {
    for compression in [1, 8] {
        let fields = [
            (256, 10_000),
            (257, 10_000),
            (258, 8),
            (259, compression),
            (262, 1),
            (322, 1),
            (323, 1),
            (324, 8),
        ];
        let file = minimal_tiff::tiff(&fields, &[0; 64]);
        assert_eq!(
            thumbnails(&file, &[9], &Limits::default()),
            Err(Error::CorruptImage(
                "its list of strips or tiles is too short".to_owned()
            ))
        );
    }
}

/// Found by fuzzing: a row of no pixels was divided into rows.
#[test]
fn a_jpeg_in_it_without_pixels_is_corrupt() {
    let mut jpeg = crate::support::fixture("grey.jpg");
    let frame = jpeg.windows(2).position(|at| at == [0xff, 0xc0]).unwrap();
    jpeg[frame + 7..frame + 9].fill(0);
    let fields = [
        (256, 8),
        (257, 8),
        (258, 8),
        (259, 7),
        (262, 1),
        (273, 8),
        (279, jpeg.len() as u32),
    ];
    assert_eq!(
        thumbnails(
            &minimal_tiff::tiff(&fields, &jpeg),
            &[9],
            &Limits::default()
        ),
        Err(Error::CorruptImage("a JPEG in it has no pixels".to_owned()))
    );
}

/// Compressions for one sample per pixel, where there are three.
#[test]
fn what_cannot_be_combined_is_named() {
    for (compression, planar) in [(2, 1), (3, 1), (4, 1), (32809, 1), (6, 2)] {
        let fields = [
            (256, 8),
            (257, 8),
            (258, 8),
            (259, compression),
            (262, 2),
            (273, 8),
            (277, 3),
            (284, planar),
        ];
        let file = minimal_tiff::tiff(&fields, &[0; 64]);
        let error = thumbnails(&file, &[9], &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "UnsupportedFormat", "{compression}: {error}");
    }
}
