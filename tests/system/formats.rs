//! Every supported format, and files that are not images.

use image::ImageFormat;
use serde_json::Value;
use system_tests::{System, UploadedImage, samples};

#[test]
fn images_are_upright_however_the_camera_was_held() {
    let system = System::shared();
    let folder = system.folder();
    let turned =
        (1..=8).map(|way| folder.upload(&format!("{way}.jpg"), samples::turned(way, 400, 240)));
    for image in turned.collect::<Vec<_>>() {
        let record = image.done();
        assert_is(&record, "jpeg", (400, 240));
        for (size, dimensions) in [(256, (256, 154)), (1024, (400, 240))] {
            let pixels = image.pixels(size);
            assert_eq!(pixels.dimensions(), dimensions, "{}", image.key());
            samples::assert_quarters(image.key(), &pixels);
        }
    }
}

#[test]
fn every_format_is_recognized_by_its_bytes_and_made_small() {
    let system = System::shared();
    let folder = system.folder();
    let quarters = samples::quarters(300, 200);
    let images = [
        ("jpeg", samples::encoded(&quarters, ImageFormat::Jpeg)),
        ("png", samples::encoded(&quarters, ImageFormat::Png)),
        ("png", samples::sixteen_bits(300, 200)),
        ("gif", samples::animation(300, 200)),
        ("webp", samples::encoded(&quarters, ImageFormat::WebP)),
        ("bmp", samples::encoded(&quarters, ImageFormat::Bmp)),
        ("tiff", samples::encoded(&quarters, ImageFormat::Tiff)),
        ("tiff", samples::fixture("palette.tif")),
        ("tiff", samples::fixture("jpeg.tif")),
        ("heic", samples::fixture("grid.heic")),
        ("jpeg", samples::fixture("cmyk.jpg")),
    ];
    let uploads = images
        .into_iter()
        .enumerate()
        .map(|(number, (format, bytes))| {
            // The name has the wrong extension, which must not matter.
            let name = if format == "jpeg" { "png" } else { "jpg" };
            (format, folder.upload(&format!("{number}.{name}"), bytes))
        });
    for (format, image) in uploads.collect::<Vec<_>>() {
        let record = image.done();
        assert_is(&record, format, (300, 200));
        assert_eq!(
            record["thumbnails"]["items"][0]["contentType"], "image/jpeg",
            "{format}"
        );
        let pixels = image.pixels(256);
        assert_eq!(pixels.dimensions(), (256, 171), "{format}");
        samples::assert_quarters(format, &pixels);
    }
}

/// Rekognition does not read HEIC: it gets a JPEG that the function makes.
#[test]
fn a_heic_is_recognised() {
    let system = System::shared();
    let folder = system.folder();
    let heic = folder.upload("coffee.heic", samples::fixture("coffee.heic"));
    let png = folder.upload("coffee.png", samples::photo("coffee.png"));
    assert_eq!(heic.done()["thumbnails"]["format"], "heic");
    let labels = heic.labels();
    assert!(!labels.is_empty());
    assert_eq!(labels[0], png.labels()[0]);
}

#[test]
fn what_is_transparent_stays_transparent() {
    let system = System::shared();
    let framed = samples::framed_quarters(400, 240);
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let image = system.upload("framed", samples::encoded(&framed, format));
        let record = image.done();
        for (item, size) in record["thumbnails"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .zip([256, 1024])
        {
            assert_eq!(item["contentType"], "image/png");
            assert_eq!(image.thumbnail(size).header("content-type"), "image/png");
            let pixels = image.pixels(size);
            samples::assert_quarters("the inside", &pixels);
            let (right, below) = (pixels.width() - 1, pixels.height() - 1);
            for (x, y) in [(0, 0), (right, 0), (0, below), (right, below)] {
                assert_eq!(pixels.get_pixel(x, y).0[3], 0, "alpha at {x}, {y}");
            }
        }
    }
}

#[test]
fn nothing_is_enlarged_and_nothing_vanishes() {
    let system = System::shared();
    let folder = system.folder();
    for (width, height, small, large) in [
        (1, 1, (1, 1), (1, 1)),
        (5000, 2, (256, 1), (1024, 1)),
        (3, 2000, (1, 256), (2, 1024)),
        (257, 256, (256, 255), (257, 256)),
    ] {
        let name = format!("{width}x{height}.png");
        let image = samples::plain(width, height, samples::COLOURS[1]);
        let image = folder.upload(&name, samples::encoded(&image, ImageFormat::Png));
        let record = image.settled();
        assert_is(&record, "png", (width, height));
        for (size, dimensions) in [(256, small), (1024, large)] {
            let pixels = image.pixels(size);
            assert_eq!(pixels.dimensions(), dimensions, "{name} in {size}");
            samples::assert_colour(&name, pixels.get_pixel(0, 0), samples::COLOURS[1]);
        }
        if width.min(height) < 80 {
            assert_failed(&record, "analysis", "ImageTooSmall");
        } else {
            assert_eq!(record["analysis"]["status"], "done");
        }
    }
}

#[test]
fn thumbnails_carry_neither_author_nor_location() {
    let system = System::shared();
    let folder = system.folder();
    for (name, image, format) in [
        ("opaque.jpg", samples::quarters(400, 240), ImageFormat::Jpeg),
        ("opaque.png", samples::quarters(400, 240), ImageFormat::Png),
        (
            "transparent.png",
            samples::framed_quarters(400, 240),
            ImageFormat::Png,
        ),
    ] {
        let bytes = samples::with_exif(&image, format, 1);
        for secret in samples::SECRETS {
            assert!(
                contains(&bytes, secret),
                "the sample {name} has no private data"
            );
        }
        let image = folder.upload(name, bytes);
        let _ = image.done();
        for size in [256, 1024] {
            let thumbnail = image.thumbnail(size).expect(200).body;
            for secret in samples::SECRETS
                .into_iter()
                .chain([&b"Exif"[..], b"eXIf", b"GPS"])
            {
                assert!(
                    !contains(&thumbnail, secret),
                    "{name} in {size} contains {:?}",
                    String::from_utf8_lossy(secret)
                );
            }
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_cannot_be_an_image_is_recorded_as_such() {
    let system = System::shared();
    let folder = system.folder();
    let photo = samples::photo("china.jpg");
    let scan = samples::photo("coffee.png");
    for (name, bytes, code) in [
        (
            "truncated.jpg",
            photo[..photo.len() / 2].to_vec(),
            "CorruptImage",
        ),
        (
            "truncated.png",
            scan[..scan.len() / 2].to_vec(),
            "CorruptImage",
        ),
        ("headless.jpg", photo[..2].to_vec(), "UnsupportedFormat"),
        (
            "text.jpg",
            b"This is a text, whatever its name says.\n".to_vec(),
            "UnsupportedFormat",
        ),
        (
            "page.html",
            b"<!doctype html><script>alert(1)</script>".to_vec(),
            "UnsupportedFormat",
        ),
        ("empty.jpg", Vec::new(), "UnsupportedFormat"),
        ("bomb.png", samples::bomb(50_000, 50_000), "ImageTooLarge"),
    ] {
        let image = folder.upload(name, bytes);
        let record = image.settled();
        assert_failed(&record, "thumbnails", code);
        assert_failed(&record, "analysis", code);
        assert_without_thumbnails(&image);
        assert!(
            image.original().expect(200).body == image.bytes(),
            "the original of {name}"
        );
    }
}

/// Exactly a status and a reason, with a code and a message.
fn assert_failed(record: &Value, part: &str, code: &str) {
    let part = &record[part];
    assert_eq!(part["status"], "failed", "{record:#}");
    assert_eq!(part["reason"]["code"], code, "{record:#}");
    assert_ne!(
        part["reason"]["message"].as_str().unwrap_or_default(),
        "",
        "{record:#}"
    );
    assert_eq!(
        part.as_object().map(serde_json::Map::len),
        Some(2),
        "{record:#}"
    );
    assert_eq!(
        part["reason"].as_object().map(serde_json::Map::len),
        Some(2),
        "{record:#}"
    );
}

fn assert_is(record: &Value, format: &str, (width, height): (u32, u32)) {
    let thumbnails = &record["thumbnails"];
    assert_eq!(thumbnails["status"], "done", "{record:#}");
    assert_eq!(thumbnails["format"], format, "{record:#}");
    assert_eq!(
        [&thumbnails["width"], &thumbnails["height"]],
        [width, height],
        "{record:#}"
    );
}

fn assert_without_thumbnails(image: &UploadedImage<'_>) {
    for size in [256, 1024] {
        image.thumbnail(size).refused(404);
    }
}
