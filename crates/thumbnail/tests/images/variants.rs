//! Variants of formats that decoders get wrong: `tests/variants/README.md` says what they are.

use std::fs;

use thumbnail::{Encoding, Limits, pixels, thumbnail_as};

use crate::hostile::code;
use crate::support::{fixture, near, seen};

fn variant(path: &str) -> Vec<u8> {
    fs::read(format!(
        "{}/tests/variants/{path}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn numbers(list: &str) -> Vec<u8> {
    list.split(',')
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
fn every_variant_has_its_colors() {
    let expected = String::from_utf8(variant("expected.txt")).unwrap();
    let mut wrong = Vec::new();
    for line in expected.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [width, height] = [fields[1], fields[2]].map(|side| side.parse::<u32>().unwrap());
        let tolerance: u8 = fields[3].parse().unwrap();
        let made = thumbnail_as(&variant(fields[0]), 256, Encoding::Png, &Limits::default());
        let Ok(made) = made else {
            wrong.push(format!("{}: {:?}", fields[0], made.err()));
            continue;
        };
        if (made.width, made.height) != (width, height) {
            wrong.push(format!("{}: {} x {}", fields[0], made.width, made.height));
            continue;
        }
        let image = seen(&made);
        let places = [(16, 10), (width - 14, height - 9), (width / 2, height / 2)];
        for ((x, y), color) in places.into_iter().zip(&fields[4..]) {
            let (found, color) = (image.get_pixel(x, y).0, numbers(color));
            if found
                .iter()
                .zip(&color)
                .any(|(a, b)| a.abs_diff(*b) > tolerance)
            {
                wrong.push(format!(
                    "{} at {x}, {y}: {found:?}, not {color:?}",
                    fields[0]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// libjpeg does not read it, so it is compared with another file that has the same scan.
#[test]
fn a_number_of_lines_behind_the_scan_is_read() {
    let later = pixels(&fixture("lines-later.jpg"), 50, &Limits::default()).unwrap();
    let usual = pixels(&fixture("sampling-420.jpg"), 50, &Limits::default()).unwrap();
    assert_eq!(later, usual);
}

#[test]
fn a_lost_restart_marker_is_corrupt() {
    assert_eq!(code(&fixture("lost-marker.jpg")), "CorruptImage");
}

#[test]
fn an_orientation_of_a_signed_type_is_read() {
    let mut jpeg = fixture("../variants/jpeg-two-exif-6-then-1.jpg");
    // Tag 274 of type SHORT, which becomes SSHORT.
    for (short, signed) in [
        ([1, 18, 0, 3], [1, 18, 0, 8]),
        ([18, 1, 3, 0], [18, 1, 8, 0]),
    ] {
        if let Some(at) = jpeg.windows(4).position(|window| window == short) {
            jpeg[at..at + 4].copy_from_slice(&signed);
        }
    }
    assert_ne!(jpeg, fixture("../variants/jpeg-two-exif-6-then-1.jpg"));
    let header = thumbnail::header(&jpeg, &Limits::default())
        .unwrap()
        .unwrap();
    assert_eq!(header.orientation, 6);
}

#[test]
fn cmyk_without_adobes_marker_is_inverted() {
    let [with, without] = ["cmyk-adobe.jpg", "cmyk-plain.jpg"]
        .map(|name| pixels(&fixture(name), 48, &Limits::default()).unwrap());
    assert_eq!(with, without);
    near(
        [without.data[0], without.data[1], without.data[2], 0],
        [200, 100, 50, 0],
        6,
    );
}
