//! The PNG test images of Willem van Schaik: `tests/pngsuite/README.md` says where they come from.

use std::fs;
use std::path::PathBuf;

use image::GenericImageView;
use thumbnail::{Encoding, Limits, thumbnail_as};

use crate::hostile::code;
use crate::support::seen;

const ACROSS: u32 = 16;
const TILE: u32 = 40;

/// Name and bytes of the files of a folder, by name.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(suite(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            (name.to_owned(), fs::read(path).unwrap())
        })
        .collect()
}

fn suite(path: &str) -> String {
    format!("{}/tests/pngsuite/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_valid_file_looks_as_other_decoders_show_it() {
    let golden = image::open(suite("golden.png")).unwrap().into_rgba8();
    let files = files("valid");
    assert_eq!(files.len(), 160);
    for (index, (name, bytes)) in files.iter().enumerate() {
        let found =
            seen(&thumbnail_as(bytes, TILE, Encoding::Png, &Limits::default()).expect(name));
        let (column, row) = (index as u32 % ACROSS, index as u32 / ACROSS);
        let wanted = golden.view(column * TILE, row * TILE, found.width(), found.height());
        for (x, y, found) in found.enumerate_pixels() {
            let wanted = wanted.get_pixel(x, y);
            // Transparent pixels have no colour.
            let light = |[r, g, b, a]: [u8; 4]| {
                [r, g, b, 255].map(|sample| (u32::from(sample) * u32::from(a) + 127) / 255)
            };
            assert!(
                light(found.0)
                    .iter()
                    .zip(light(wanted.0))
                    .all(|(found, wanted)| found.abs_diff(wanted) <= 1),
                "{name} at {x}, {y}: {:?} and not {:?}",
                found.0,
                wanted.0
            );
        }
    }
}

#[test]
fn every_corrupt_file_is_refused() {
    let files = files("corrupt");
    assert_eq!(files.len(), 14);
    for (name, bytes) in files {
        // In some the signature is wrong: they are not PNGs at all.
        let wanted = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            "CorruptImage"
        } else {
            "UnsupportedFormat"
        };
        assert_eq!(code(&bytes), wanted, "{name}");
    }
}

/// The checksum of the last pixels comes after them; rows of an interlaced image are read in another way.
#[test]
fn a_wrong_checksum_is_noticed() {
    for (name, bytes) in files("valid") {
        let mut wrong = bytes.clone();
        let end = wrong.len() - 12;
        if wrong[end + 4..end + 8] == *b"IEND" && name.starts_with("bas") {
            wrong[end - 1] ^= 1;
            assert_eq!(code(&wrong), "CorruptImage", "{name}");
        }
    }
}
