//! Headers, read from a file's first bytes.

use image::ImageFormat;
use thumbnail::{Error, Format, Limits, header};

use crate::support::{file, fixture, scene};

const FORMATS: [(ImageFormat, Format); 6] = [
    (ImageFormat::Jpeg, Format::Jpeg),
    (ImageFormat::Png, Format::Png),
    (ImageFormat::Gif, Format::Gif),
    (ImageFormat::WebP, Format::WebP),
    (ImageFormat::Bmp, Format::Bmp),
    (ImageFormat::Tiff, Format::Tiff),
];

#[test]
fn the_format_is_recognised_by_the_bytes() {
    for (written, format) in FORMATS {
        let bytes = file(&scene(31, 17), written);
        let header = header(&bytes, &Limits::default()).unwrap().unwrap();
        assert_eq!(
            (
                header.format,
                header.width,
                header.height,
                header.orientation
            ),
            (format, 31, 17, 1)
        );
    }
    assert_eq!(
        FORMATS.map(|(_, format)| format.name()),
        ["jpeg", "png", "gif", "webp", "bmp", "tiff"]
    );
}

#[test]
fn nothing_and_text_are_no_images() {
    for bytes in [
        &b""[..],
        b"Dear sir, this is no image.",
        b"BM is how some letters begin, of 40 words",
        b"<svg/>",
        b"\xff\xd8",
    ] {
        let error = header(bytes, &Limits::default()).unwrap_err();
        assert_eq!(
            (&error, error.code()),
            (&Error::UnsupportedFormat, "UnsupportedFormat")
        );
    }
}

#[test]
fn too_few_bytes_ask_for_more_and_are_no_error() {
    for bytes in FORMATS
        .map(|(format, _)| file(&scene(31, 17), format))
        .into_iter()
        .chain([fixture("display-p3.jpg"), fixture("lossy.webp")])
    {
        let whole = header(&bytes, &Limits::default()).unwrap().unwrap();
        let enough = (20..=bytes.len())
            .find(|len| {
                header(&bytes[..*len], &Limits::default())
                    .unwrap()
                    .is_some()
            })
            .unwrap();
        assert!(
            (enough..bytes.len())
                .all(|len| header(&bytes[..len], &Limits::default()) == Ok(Some(whole)))
        );
    }
}
