//! Images to upload.

use std::io::{Cursor, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// Red, green, blue and yellow.
pub const COLOURS: [[u8; 3]; 4] = [[220, 20, 20], [20, 160, 20], [20, 20, 220], [230, 220, 20]];

/// The bytes of a photograph in `photos/`.
#[must_use]
pub fn photo(name: &str) -> Vec<u8> {
    // Included in the executable, which runs against a deployed stack without a checkout.
    let bytes: &[u8] = match name {
        "astronaut.png" => include_bytes!("../../photos/astronaut.png"),
        "china.jpg" => include_bytes!("../../photos/china.jpg"),
        "coffee.png" => include_bytes!("../../photos/coffee.png"),
        "flower.jpg" => include_bytes!("../../photos/flower.jpg"),
        _ => panic!("photos/{name} is not in the executable"),
    };
    bytes.to_vec()
}

/// A file of `tests/fixtures/`.
#[must_use]
pub fn fixture(name: &str) -> Vec<u8> {
    let bytes: &[u8] = match name {
        "cmyk.jpg" => include_bytes!("../fixtures/cmyk.jpg"),
        "coffee.heic" => include_bytes!("../fixtures/coffee.heic"),
        "grid.heic" => include_bytes!("../fixtures/grid.heic"),
        "jpeg.tif" => include_bytes!("../fixtures/jpeg.tif"),
        "palette.tif" => include_bytes!("../fixtures/palette.tif"),
        _ => panic!("fixtures/{name} is not in the executable"),
    };
    bytes.to_vec()
}

/// A small photograph of a cup of coffee, which is handled quickly and recognised.
#[must_use]
pub fn coffee() -> Vec<u8> {
    let photo = image::load_from_memory(&photo("coffee.png")).expect("a photograph");
    encoded(&photo.thumbnail(320, 320), ImageFormat::Jpeg)
}

/// An image of one colour.
#[must_use]
pub fn plain(width: u32, height: u32, colour: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb(colour)).into()
}

/// An image whose upper left quarter is red, upper right green, lower left blue and lower right yellow.
#[must_use]
pub fn quarters(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb(quarter(x, y, width, height))).into()
}

fn quarter(x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let right = usize::from(x >= width / 2);
    let below = usize::from(y >= height / 2);
    COLOURS[2 * below + right]
}

/// The same quarters in a transparent frame, an eighth of the image wide.
#[must_use]
pub fn framed_quarters(width: u32, height: u32) -> DynamicImage {
    let inside = |at: u32, length: u32| (length / 8..length - length / 8).contains(&at);
    RgbaImage::from_fn(width, height, |x, y| {
        let [red, green, blue] = quarter(x, y, width, height);
        let alpha = if inside(x, width) && inside(y, height) {
            255
        } else {
            0
        };
        Rgba([red, green, blue, alpha])
    })
    .into()
}

/// Checks that the colours in the middle of an image's quarters are those of [`quarters`].
pub fn assert_quarters(what: &str, image: &RgbaImage) {
    let (width, height) = image.dimensions();
    for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
        let (x, y) = (width * x / 4, height * y / 4);
        assert_colour(
            &format!("{what} at {x}, {y}"),
            image.get_pixel(x, y),
            quarter(x, y, width, height),
        );
    }
}

/// Checks that a pixel is opaque and has about this colour.
pub fn assert_colour(what: &str, Rgba([red, green, blue, alpha]): &Rgba<u8>, colour: [u8; 3]) {
    let seen = [*red, *green, *blue];
    let close = seen
        .iter()
        .zip(colour)
        .all(|(seen, wanted)| seen.abs_diff(wanted) <= 24);
    assert!(
        close && *alpha == 255,
        "{what}: {seen:?} with alpha {alpha}, not {colour:?}"
    );
}

/// The image in a format.
#[must_use]
pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, format)
        .expect("an image that can be written");
    bytes.into_inner()
}

/// A JPEG of [`quarters`] with one of the eight Exif orientations, which say which sides of the upright image the first
/// row and the first column are (Exif 2.32, tag 0x0112). `width` and `height` are those of the upright image.
#[must_use]
pub fn turned(orientation: u8, width: u32, height: u32) -> Vec<u8> {
    let sideways = orientation >= 5;
    let (stored_width, stored_height) = if sideways {
        (height, width)
    } else {
        (width, height)
    };
    let stored = RgbImage::from_fn(stored_width, stored_height, |column, row| {
        let (x, y) = if sideways {
            (row, column)
        } else {
            (column, row)
        };
        let from_right = matches!(orientation, 2 | 3 | 6 | 7);
        let from_below = matches!(orientation, 3 | 4 | 7 | 8);
        let x = if from_right { width - 1 - x } else { x };
        let y = if from_below { height - 1 - y } else { y };
        Rgb(quarter(x, y, width, height))
    });
    with_exif(&stored.into(), ImageFormat::Jpeg, orientation)
}

/// The private data in [`with_exif`]: a name, and a place in degrees, minutes and hundredths of seconds.
pub const SECRETS: [&[u8]; 2] = [b"Erika Mustermann", &[0x39, 0x30, 0, 0, 100, 0, 0, 0]];

/// The image as JPEG or PNG with Exif data: an orientation, an author and a place.
#[must_use]
pub fn with_exif(image: &DynamicImage, format: ImageFormat, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Jpeg => write_with_exif(
            image,
            JpegEncoder::new_with_quality(&mut bytes, 95),
            orientation,
        ),
        ImageFormat::Png => write_with_exif(image, PngEncoder::new(&mut bytes), orientation),
        other => panic!("Exif in {other:?}"),
    }
    bytes
}

fn write_with_exif(image: &DynamicImage, mut encoder: impl ImageEncoder, orientation: u8) {
    encoder
        .set_exif_metadata(exif(orientation))
        .expect("a format that has Exif data");
    image
        .write_with_encoder(encoder)
        .expect("an image that can be written");
}

/// A little-endian TIFF of one directory and, for the place, a second one.
fn exif(orientation: u8) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const ASCII: u16 = 2;
    const RATIONAL: u16 = 5;
    let [artist, seconds] = SECRETS;
    let entry = |tag: u16, kind: u16, count: usize, value: u32| {
        let count = u32::try_from(count).expect("a short value");
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &count.to_le_bytes(),
            &value.to_le_bytes(),
        ]
        .concat()
    };
    // Header 8, then two directories of a count, entries of 12 and a link.
    let places = 8 + (2 + 3 * 12 + 4);
    let name = places + (2 + 2 * 12 + 4);
    let latitude = name + u32::try_from(artist.len()).expect("a short name") + 1;
    [
        b"II\x2a\0\x08\0\0\0".to_vec(),
        vec![3, 0],
        entry(0x0112, SHORT, 1, orientation.into()),
        entry(0x013b, ASCII, artist.len() + 1, name),
        entry(0x8825, LONG, 1, places),
        vec![0; 4],
        vec![2, 0],
        entry(1, ASCII, 2, u32::from(b'N')),
        entry(2, RATIONAL, 3, latitude),
        vec![0; 4],
        [artist, &[0]].concat(),
        [
            &[52, 0, 0, 0, 1, 0, 0, 0][..],
            &[31, 0, 0, 0, 1, 0, 0, 0],
            seconds,
        ]
        .concat(),
    ]
    .concat()
}

/// A GIF of two frames: [`quarters`], then black.
#[must_use]
pub fn animation(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for frame in [quarters(width, height), plain(width, height, [0; 3])] {
        encoder
            .encode_frame(Frame::new(frame.to_rgba8()))
            .expect("a frame");
    }
    drop(encoder);
    bytes
}

/// A PNG of 16 bits a channel of [`quarters`].
#[must_use]
pub fn sixteen_bits(width: u32, height: u32) -> Vec<u8> {
    encoded(&quarters(width, height).to_rgb16().into(), ImageFormat::Png)
}

/// A whole and valid black-and-white PNG: 312 MB of pixels in a few hundred kilobytes.
#[must_use]
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        let length = u32::try_from(data.len()).expect("a chunk's length");
        [
            &length.to_be_bytes()[..],
            kind,
            data,
            &crc.sum().to_be_bytes(),
        ]
        .concat()
    };
    // One bit per pixel, greyscale; deflate, filter method 0, not interlaced.
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[1, 0, 0, 0, 0],
    ]
    .concat();
    let row = vec![0; 1 + width.div_ceil(8) as usize];
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..height {
        pixels.write_all(&row).expect("room in memory");
    }
    let pixels = pixels.finish().expect("room in memory");
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [
        signature,
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &pixels),
        chunk(b"IEND", b""),
    ]
    .concat()
}
