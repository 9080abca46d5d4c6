//! Files that are broken, or made to do harm.

use image::ImageFormat;
use proptest::prelude::*;
use thumbnail::{Error, Limits, header, jpeg_within, pixels, thumbnails};

use crate::orientation::crc32;
use crate::support::{file, fixture, scene};

pub fn code(bytes: &[u8]) -> &'static str {
    thumbnails(bytes, &[64], &Limits::default())
        .unwrap_err()
        .code()
}

/// 50,000 by 50,000 pixels in a few bytes of each format.
fn bombs() -> Vec<Vec<u8>> {
    let side = 50_000_u32;
    let mut png = file(&scene(9, 9), ImageFormat::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let mut gif = file(&scene(9, 9), ImageFormat::Gif);
    gif[6..8].copy_from_slice(&(side as u16).to_le_bytes());
    gif[8..10].copy_from_slice(&(side as u16).to_le_bytes());
    let mut webp = fixture("animated.webp");
    webp[24..27].copy_from_slice(&(side - 1).to_le_bytes()[..3]);
    webp[27..30].copy_from_slice(&(side - 1).to_le_bytes()[..3]);
    let mut bitmap = file(&scene(9, 9), ImageFormat::Bmp);
    bitmap[18..22].copy_from_slice(&side.to_le_bytes());
    bitmap[22..26].copy_from_slice(&(-50_000_i32).to_le_bytes());
    let tiff = [
        &b"II*\0\x08\0\0\0\x02\0\0\x01\x04\0\x01\0\0\0"[..],
        &side.to_le_bytes(),
        b"\x01\x01\x04\0\x01\0\0\0",
        &side.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    let mut jpeg = file(&scene(9, 9), ImageFormat::Jpeg);
    let frame = jpeg
        .windows(2)
        .position(|window| window == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&(side as u16).to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&(side as u16).to_be_bytes());
    vec![png, gif, webp, bitmap, tiff, jpeg]
}

#[test]
fn a_bomb_is_too_large() {
    for bomb in bombs() {
        let too_large = Error::ImageTooLarge {
            width: 50_000,
            height: 50_000,
            limit: 120_000_000,
        };
        assert_eq!(header(&bomb, &Limits::default()), Err(too_large.clone()));
        assert_eq!(
            thumbnails(&bomb, &[64], &Limits::default()),
            Err(too_large.clone())
        );
        assert_eq!(too_large.code(), "ImageTooLarge");
    }
}

#[test]
fn limits_of_bytes_and_memory_are_kept() {
    let bytes = file(&scene(300, 300), ImageFormat::Png);
    let few = Limits {
        bytes: bytes.len() as u64 - 1,
        ..Limits::default()
    };
    assert!(matches!(
        thumbnails(&bytes, &[9], &few),
        Err(Error::TooManyBytes { .. })
    ));
    let narrow = Limits {
        memory: 100_000,
        ..Limits::default()
    };
    let webp = file(&scene(300, 300), ImageFormat::WebP);
    assert!(matches!(
        thumbnails(&webp, &[9], &narrow),
        Err(Error::TooMuchMemory { .. })
    ));
}

#[test]
fn an_image_that_ends_too_early_is_corrupt() {
    let image = scene(200, 150);
    let formats = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ];
    for bytes in formats
        .map(|format| file(&image, format))
        .into_iter()
        .chain([fixture("progressive.jpg"), fixture("lossy.webp")])
    {
        for tenth in 1..10 {
            let part = &bytes[..bytes.len() * tenth / 10];
            if part.len() > 18 {
                assert_eq!(
                    code(part),
                    "CorruptImage",
                    "{tenth} tenths of {:?}",
                    &bytes[..4]
                );
            }
        }
    }
}

#[test]
fn garbage_after_the_end_is_ignored() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif] {
        let clean = file(&scene(40, 30), format);
        let trailed = [&clean[..], b"\0\xff\xd8\xffsomething else \xff"].concat();
        assert_eq!(
            thumbnails(&trailed, &[20], &Limits::default())
                .unwrap()
                .items,
            thumbnails(&clean, &[20], &Limits::default()).unwrap().items
        );
    }
}

/// As in sharp 0.35, except for the last case, whose pixels are complete, and which sharp refuses.
#[test]
fn a_file_that_ends_after_the_last_pixel_is_decoded() {
    let animated = fixture("animated.gif");
    assert!(
        thumbnails(&animated[..animated.len() - 30], &[9], &Limits::default()).is_ok(),
        "the first frame is whole"
    );
    let unended = file(&scene(200, 150), ImageFormat::Png);
    assert!(
        thumbnails(&unended[..unended.len() - 12], &[9], &Limits::default()).is_ok(),
        "only IEND is missing"
    );
    let jpeg = fixture("sampling-420.jpg");
    assert!(
        thumbnails(&jpeg[..jpeg.len() - 2], &[50], &Limits::default()).is_ok(),
        "only EOI is missing"
    );
    let progressive = fixture("progressive-420.jpg");
    assert_eq!(code(&progressive[..progressive.len() - 2]), "CorruptImage");
}

/// A scan of a few bytes costs a walk over all blocks: thousands of them are refused.
#[test]
fn a_progressive_image_of_thousands_of_scans_is_refused() {
    let jpeg = fixture("progressive-grey.jpg");
    let scans: Vec<usize> = (0..jpeg.len() - 1)
        .filter(|at| jpeg[*at..*at + 2] == [0xff, 0xda])
        .collect();
    let (last, end) = (scans[scans.len() - 1], jpeg.len() - 2);
    let deep = [&jpeg[..end], &jpeg[last..end].repeat(5_000), &jpeg[end..]].concat();
    assert_eq!(code(&deep), "CorruptImage");
}

/// Found by fuzzing: png 0.18.1 takes it for granted that colours are of 3 bytes (image-png issue 694).
#[test]
fn a_palette_that_ends_within_a_colour_is_corrupt() {
    for name in ["basn3p04", "basi3p04", "tp1n3p08"] {
        let mut bytes = fixture(&format!("../pngsuite/valid/{name}.png"));
        let at = bytes.windows(4).position(|name| name == b"PLTE").unwrap();
        let len = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) - 1;
        bytes[at - 4..at].copy_from_slice(&len.to_be_bytes());
        let end = at + 4 + len as usize;
        let crc = crc32(&bytes[at..end]).to_be_bytes();
        bytes.splice(end..end + 5, crc);
        assert_eq!(
            thumbnails(&bytes, &[64], &Limits::default()),
            Err(Error::CorruptImage(
                "its palette ends within a color".into()
            )),
            "{name}"
        );
    }
}

/// Arithmetic coding: docs/formats.md has the reason.
#[test]
fn arithmetic_coding_is_unsupported() {
    let error = thumbnails(&fixture("arithmetic.jpg"), &[64], &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "UnsupportedFormat");
    assert_eq!(
        error.to_string(),
        "this kind of JPEG is not supported: it uses arithmetic coding"
    );
}

/// Runs everything that takes bytes. The result does not matter, only that there is one.
fn survive(bytes: &[u8]) {
    let limits = Limits {
        pixels: 1_000_000,
        memory: 16_000_000,
        ..Limits::default()
    };
    let _ = header(bytes, &limits);
    if let Ok(made) = thumbnails(bytes, &[16, 5], &limits) {
        assert!(
            made.items
                .iter()
                .all(|item| item.width >= 1 && item.height >= 1 && !item.bytes.is_empty())
        );
    }
    let _ = thumbnails(bytes, &[100], &limits);
    let _ = pixels(bytes, 8, &limits);
    let _ = jpeg_within(bytes, 8, 2_000, &limits);
}

/// Fixtures of every kind; small ones, so that many are tried.
const SEEDS: [&str; 22] = [
    "animated.gif",
    "animated.png",
    "animated.webp",
    "baseline-420.jpg",
    "cmyk-adobe.jpg",
    "display-p3.jpg",
    "display-p3.png",
    "display-p3.tiff",
    "grey-alpha.png",
    "grey.jpg",
    "lossy.webp",
    "offset.gif",
    "one-bit.png",
    "palette-transparent.png",
    "progressive.jpg",
    "ycck.jpg",
    "progressive-420.jpg",
    "progressive-restarts.jpg",
    "restarts.jpg",
    "sampling-411.jpg",
    "sampling-420.jpg",
    "sampling-440.jpg",
];

proptest! {
    #[test]
    fn random_bytes_never_panic(magic in 0..7_usize, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let magics = [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"RIFF\xff\0\0\0WEBPVP8 ", b"BM", b"II*\0\x08\0\0\0", b""];
        survive(&[magics[magic], &noise].concat());
    }

    #[test]
    fn mutated_files_never_panic(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fixture(SEEDS[seed]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        survive(&bytes);
    }
}
