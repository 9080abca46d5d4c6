//! PNG: which chunks are accepted, and that pixels are those of another decoder.

use image::{DynamicImage, ImageFormat};
use thumbnail::{Limits, pixels, thumbnails};

use crate::hostile::code;
use crate::orientation::crc32;
use crate::support::{file, scene};

type Chunk = ([u8; 4], Vec<u8>);

fn chunks(png: &[u8]) -> Vec<Chunk> {
    let (mut at, mut chunks) = (8, Vec::new());
    while at < png.len() {
        let len = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let kind = png[at + 4..at + 8].try_into().unwrap();
        chunks.push((kind, png[at + 8..at + 8 + len].to_vec()));
        at += 12 + len;
    }
    chunks
}

/// A file of these chunks, those at `wrong` with another checksum than theirs.
fn of_chunks(chunks: &[Chunk], wrong: &[usize]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (nth, (kind, data)) in chunks.iter().enumerate() {
        let body = [&kind[..], data].concat();
        let sum = crc32(&body) ^ u32::from(wrong.contains(&nth));
        png.extend((data.len() as u32).to_be_bytes());
        png.extend(body);
        png.extend(sum.to_be_bytes());
    }
    png
}

/// Splits the chunk at `nth` into pieces of `len` bytes.
fn in_pieces(mut chunks: Vec<Chunk>, nth: usize, len: usize) -> Vec<Chunk> {
    let (kind, data) = chunks[nth].clone();
    let pieces = data.chunks(len).map(|piece| (kind, piece.to_vec()));
    chunks.splice(nth..=nth, pieces);
    chunks
}

fn same_pixels(png: &[u8], image: &DynamicImage) {
    let found = pixels(png, u32::MAX, &Limits::default()).unwrap();
    assert!(found.data == image.to_rgb8().into_raw());
}

/// Large enough for many blocks, and hardly compressible, so that they are read at two places at once.
fn noise() -> DynamicImage {
    let mut x = 2_463_534_242_u32;
    DynamicImage::from(image::RgbImage::from_fn(700, 500, |_, _| {
        image::Rgb([(); 3].map(|()| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            (x >> 8 & 63) as u8 + (x >> 16 & 63) as u8
        }))
    }))
}

#[test]
fn pixels_are_those_of_another_decoder() {
    for image in [noise(), scene(900, 600)] {
        let png = file(&image, ImageFormat::Png);
        same_pixels(&png, &image);
        let chunks = chunks(&png);
        let first = chunks.iter().position(|(kind, _)| kind == b"IDAT").unwrap();
        for len in [1, 3000] {
            same_pixels(
                &of_chunks(&in_pieces(chunks.clone(), first, len), &[]),
                &image,
            );
        }
    }
}

#[test]
fn a_wrong_checksum_matters_where_the_chunk_does() {
    let image = scene(60, 40);
    let plain = chunks(&file(&image, ImageFormat::Png));
    assert_eq!(
        plain.iter().map(|(kind, _)| kind).collect::<Vec<_>>(),
        [b"IHDR", b"IDAT", b"IEND"]
    );
    for wrong in 0..plain.len() {
        assert_eq!(
            code(&of_chunks(&plain, &[wrong])),
            "CorruptImage",
            "{wrong}"
        );
    }
    let mut more = plain.clone();
    more.insert(1, (*b"gAMA", vec![0, 0, 0, 1]));
    more.insert(3, (*b"tIME", vec![0; 7]));
    same_pixels(&of_chunks(&more, &[1, 3]), &image);
    // Each checksum is verified.
    let pieces = in_pieces(plain.clone(), 1, 20);
    for wrong in 1..pieces.len() - 1 {
        assert_eq!(
            code(&of_chunks(&pieces, &[wrong])),
            "CorruptImage",
            "{wrong}"
        );
    }
}

#[test]
fn data_after_the_last_pixel_is_ignored() {
    let image = scene(60, 40);
    let whole = chunks(&file(&image, ImageFormat::Png));
    // More rows than the image has.
    let mut lower = whole.clone();
    lower[0].1[4..8].copy_from_slice(&30_u32.to_be_bytes());
    same_pixels(&of_chunks(&lower, &[]), &image.crop_imm(0, 0, 60, 30));
    // No checksum of the pixels, or something else after it.
    let mut shorter = whole.clone();
    let len = shorter[1].1.len();
    shorter[1].1.truncate(len - 4);
    same_pixels(&of_chunks(&shorter, &[]), &image);
    let mut longer = whole.clone();
    longer[1].1.extend([1, 2, 3]);
    same_pixels(&of_chunks(&longer, &[]), &image);
    // Fewer rows than the image has.
    let mut higher = whole;
    higher[0].1[4..8].copy_from_slice(&50_u32.to_be_bytes());
    assert_eq!(code(&of_chunks(&higher, &[])), "CorruptImage");
}

#[test]
fn data_after_the_last_pixel_is_not_inflated() {
    let mut chunks = chunks(&file(&scene(60, 1), ImageFormat::Png));
    // A stored block of a row, and one of no known kind.
    chunks[1].1 = [&[0x78, 1, 0, 181, 0, 74, 255][..], &[0; 181], &[0b110]].concat();
    let png = of_chunks(&chunks, &[]);
    assert!(thumbnails(&png, &[9], &Limits::default()).is_ok());
    chunks[1].1[3] = 180;
    chunks[1].1[5] = 75;
    chunks[1].1.remove(10);
    assert_eq!(code(&of_chunks(&chunks, &[])), "CorruptImage");
}

#[test]
fn pixels_that_are_damaged_after_some_rows_are_corrupt() {
    let mut chunks = chunks(&file(&scene(60, 3), ImageFormat::Png));
    let row = [&[0, 181, 0, 74, 255][..], &[0; 181]].concat();
    // Two rows of three, and then the end, or a block of no known kind.
    for (end, message) in [(&[][..], "end early"), (&[0b110], "of no known kind")] {
        chunks[1].1 = [&[0x78, 1][..], &row, &row, end].concat();
        let error = thumbnails(&of_chunks(&chunks, &[]), &[9], &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "CorruptImage");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let message = |png: &[u8]| {
        let error = thumbnails(png, &[9], &Limits::default()).unwrap_err();
        error.to_string()
    };
    let whole = chunks(&file(&scene(60, 40), ImageFormat::Png));
    assert!(message(&of_chunks(&whole, &[1])).contains("checksum of its IDAT chunk"));
    let mut damaged = whole.clone();
    damaged[1].1[2] |= 6;
    assert!(message(&of_chunks(&damaged, &[])).contains("of no known kind"));
    let mut short = whole;
    short[1].1.truncate(9);
    assert!(
        message(&of_chunks(&short, &[])).contains("end early"),
        "{}",
        message(&of_chunks(&short, &[]))
    );
}
