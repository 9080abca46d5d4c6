//! The eight orientations of EXIF, in every format that can hold one.

use image::ImageFormat;
use image::metadata::Orientation;
use thumbnail::{Limits, header};

use crate::support::{file, near, scene, seen, small};

/// EXIF with nothing but an orientation.
fn exif(orientation: u16, little: bool) -> Vec<u8> {
    let short = |value: u16| {
        if little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let long = |value: u32| {
        if little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let mut tiff = if little {
        b"II*\0".to_vec()
    } else {
        b"MM\0*".to_vec()
    };
    tiff.extend(long(8));
    tiff.extend(short(1));
    tiff.extend([short(274), short(3)].concat());
    tiff.extend(long(1));
    tiff.extend([short(orientation), short(0)].concat());
    tiff.extend(long(0));
    tiff
}

fn jpeg_with(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let len = u16::try_from(exif.len() + 8).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &len, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

fn png_with(png: &[u8], exif: &[u8]) -> Vec<u8> {
    let body = [b"eXIf", exif].concat();
    let len = u32::try_from(exif.len()).unwrap().to_be_bytes();
    let behind_ihdr = 8 + 25;
    [
        &png[..behind_ihdr],
        &len,
        &body,
        &crc32(&body).to_be_bytes(),
        &png[behind_ihdr..],
    ]
    .concat()
}

pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

/// The simple file wrapped in the extended container: RFC 9649, section 2.7.
fn webp_with(webp: &[u8], width: u32, height: u32, exif: &[u8]) -> Vec<u8> {
    let chunk = |name: &[u8], body: &[u8]| {
        let pad = vec![0; body.len() % 2];
        [
            name,
            &u32::try_from(body.len()).unwrap().to_le_bytes(),
            body,
            &pad,
        ]
        .concat()
    };
    let extended = [
        &[1 << 3, 0, 0, 0],
        &(width - 1).to_le_bytes()[..3],
        &(height - 1).to_le_bytes()[..3],
    ]
    .concat();
    let chunks = [
        chunk(b"VP8X", &extended),
        webp[12..].to_vec(),
        chunk(b"EXIF", exif),
    ]
    .concat();
    chunk(b"RIFF", &[b"WEBP", &chunks[..]].concat())
}

/// Sets the orientation entry that the directory of the TIFF has room for.
fn tiff_with(tiff: &[u8], orientation: u16) -> Vec<u8> {
    let directory = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let count = u16::from_le_bytes(tiff[directory..][..2].try_into().unwrap());
    let entries = &tiff[directory + 2..][..usize::from(count) * 12];
    let entry = [
        &274_u16.to_le_bytes()[..],
        &3_u16.to_le_bytes(),
        &1_u32.to_le_bytes(),
        &u32::from(orientation).to_le_bytes(),
    ]
    .concat();
    let at = u32::try_from(tiff.len()).unwrap().to_le_bytes();
    let mut entries: Vec<_> = entries
        .chunks(12)
        .map(<[u8]>::to_vec)
        .chain([entry])
        .collect();
    entries.sort_by_key(|entry| u16::from_le_bytes([entry[0], entry[1]]));
    [
        &tiff[..4],
        &at,
        &tiff[8..],
        &(count + 1).to_le_bytes(),
        &entries.concat(),
        &[0; 4],
    ]
    .concat()
}

fn oriented(format: ImageFormat, orientation: u16) -> Vec<u8> {
    let plain = file(&scene(120, 80), format);
    match format {
        ImageFormat::Jpeg => jpeg_with(&plain, &exif(orientation, true)),
        ImageFormat::Png => png_with(&plain, &exif(orientation, false)),
        ImageFormat::WebP => webp_with(&plain, 120, 80, &exif(orientation, true)),
        _ => tiff_with(&plain, orientation),
    }
}

#[test]
fn every_orientation_becomes_upright() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        for orientation in 1..=8_u8 {
            let bytes = oriented(format, orientation.into());
            let header = header(&bytes, &Limits::default()).unwrap().unwrap();
            assert_eq!(
                (header.width, header.height, header.orientation),
                (120, 80, orientation),
                "{format:?}"
            );

            let mut upright = scene(120, 80);
            upright.apply_orientation(Orientation::from_exif(orientation).unwrap());
            assert_eq!(header.upright_size(), (upright.width(), upright.height()));
            let wanted = upright.thumbnail(30, 30).into_rgba8();
            let thumbnail = small(&bytes, 30);
            let found = seen(&thumbnail);
            assert_eq!(
                (thumbnail.width, thumbnail.height),
                wanted.dimensions(),
                "{format:?} {orientation}"
            );
            for (x, y, pixel) in found.enumerate_pixels() {
                near(pixel.0, wanted.get_pixel(x, y).0, 16);
            }
        }
    }
}

#[test]
fn an_invalid_orientation_is_ignored() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        for orientation in [0, 9, 300] {
            assert_eq!(
                header(&oriented(format, orientation), &Limits::default())
                    .unwrap()
                    .unwrap()
                    .orientation,
                1
            );
        }
    }
}

#[test]
fn broken_exif_is_ignored() {
    let whole = exif(6, true);
    for end in 0..whole.len() {
        let bytes = jpeg_with(&file(&scene(12, 8), ImageFormat::Jpeg), &whole[..end]);
        let orientation = header(&bytes, &Limits::default())
            .unwrap()
            .unwrap()
            .orientation;
        assert!(
            orientation == 1 || orientation == 6 && end >= 20,
            "{orientation} from {end} bytes"
        );
        assert_eq!(small(&bytes, 12).content_type, "image/jpeg");
    }
}

/// Cameras put a small JPEG into EXIF, after a second directory.
#[test]
fn the_thumbnail_inside_exif_is_not_the_image() {
    let image = file(&scene(90, 60), ImageFormat::Jpeg);
    let inner = file(&scene(16, 12).rotate180(), ImageFormat::Jpeg);
    let mut exif = exif(1, false);
    let second = exif.len() as u32;
    let behind = second + 2 + 3 * 12 + 4;
    exif.truncate(exif.len() - 4);
    exif.extend(second.to_be_bytes());
    exif.extend([0, 3]);
    // Compression 6 (JPEG), where the JPEG is, and how long (EXIF 2.32, section 4.6.5).
    for (tag, value) in [
        (0x0103_u16, 6),
        (0x0201, behind),
        (0x0202, inner.len() as u32),
    ] {
        exif.extend(tag.to_be_bytes());
        exif.extend([0, 4, 0, 0, 0, 1]);
        exif.extend(value.to_be_bytes());
    }
    exif.extend([0; 4]);
    assert_eq!(exif.len() as u32, behind);
    exif.extend(&inner);
    assert_eq!(small(&jpeg_with(&image, &exif), 40), small(&image, 40));
}

#[test]
fn thumbnails_have_no_metadata() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        let out = small(&oriented(format, 6), 30).bytes;
        for word in [
            &b"Exif"[..],
            b"eXIf",
            b"EXIF",
            b"II*\0",
            b"MM\0*",
            b"ICC_PROFILE",
            b"iCCP",
            b"http://ns.adobe.com",
            b"8BIM",
            b"GPS",
        ] {
            assert!(
                !out.windows(word.len()).any(|window| window == word),
                "{format:?} left {word:?}"
            );
        }
    }
}
