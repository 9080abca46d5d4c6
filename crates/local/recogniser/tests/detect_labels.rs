//! `DetectLabels` on real photographs: what is recognised, what is refused, and in which words.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use image::{DynamicImage, ImageFormat, RgbImage};
use recogniser::Recogniser;
use recogniser::detect_labels::{
    DetectLabelsError, MAX_OBJECT_BYTES, Request, Source, detect_labels,
};
use serde_json::{Value, json};

fn recogniser() -> &'static Recogniser {
    static RECOGNISER: OnceLock<Recogniser> = OnceLock::new();
    RECOGNISER.get_or_init(|| Recogniser::load().unwrap())
}

fn photo(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../photos")
            .join(name),
    )
    .unwrap()
}

/// Asks about a file as if it lay in S3, with the other members of the request.
#[expect(clippy::needless_pass_by_value, reason = "it is always a literal")]
fn ask(image: &[u8], with: Value) -> Result<Value, DetectLabelsError> {
    let mut body = json!({ "Image": { "S3Object": { "Bucket": "raw", "Name": "photo.jpg" } } });
    body.as_object_mut()
        .unwrap()
        .extend(with.as_object().unwrap().clone());
    let request = Request::parse(body.to_string().as_bytes()).unwrap();
    detect_labels(recogniser(), &request, image)
}

fn labels(answer: &Value) -> Vec<(&str, f64)> {
    let one = |label: &'_ Value| label["Confidence"].as_f64().unwrap();
    answer["Labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| (label["Name"].as_str().unwrap(), one(label)))
        .collect()
}

fn names(answer: &Value) -> Vec<&str> {
    labels(answer).into_iter().map(|(name, _)| name).collect()
}

fn label<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["Labels"]
        .as_array()
        .unwrap()
        .iter()
        .find(|label| label["Name"] == name)
        .unwrap()
}

/// Left, top, right and bottom of the best instance.
fn place(answer: &Value, name: &str) -> [f64; 4] {
    let place = &label(answer, name)["Instances"][0]["BoundingBox"];
    let [left, top, width, height] =
        ["Left", "Top", "Width", "Height"].map(|edge| place[edge].as_f64().unwrap());
    [left, top, left + width, top + height]
}

#[track_caller]
fn assert_near(actual: [f64; 4], expected: [f64; 4], tolerance: f64) {
    let near = actual
        .iter()
        .zip(&expected)
        .all(|(one, other)| (one - other).abs() <= tolerance);
    assert!(near, "{actual:?} is not within {tolerance} of {expected:?}");
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn plain(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    encode(
        &DynamicImage::ImageRgb8(RgbImage::from_pixel(
            width,
            height,
            image::Rgb([90, 120, 150]),
        )),
        format,
    )
}

/// A PNG that claims a size and has no pixels.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut png = plain(1, 1, ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    png
}

#[test]
fn the_photographs_show_what_they_show() {
    for (name, expected) in [
        ("astronaut.png", &["Person"][..]),
        (
            "coffee.png",
            &["Cup", "Coffee", "Espresso", "Beverage", "Food"],
        ),
        ("china.jpg", &["Architecture", "Building"]),
        ("flower.jpg", &[]),
    ] {
        let answer = ask(&photo(name), json!({})).unwrap();
        for label in expected {
            assert!(
                names(&answer).contains(label),
                "{name}: no {label} in {:?}",
                labels(&answer)
            );
        }
        // The pavilion is a boat to the detector, and nothing in any of the four moves.
        for label in ["Animal", "Vehicle", "Sports Equipment"] {
            assert!(
                !names(&answer).contains(&label),
                "{name}: a {label} in {:?}",
                labels(&answer)
            );
        }
    }
}

#[test]
fn an_answer_has_the_documented_shape() {
    let answer = ask(&photo("coffee.png"), json!({})).unwrap();
    assert_eq!(answer["LabelModelVersion"], "3.0");
    assert_eq!(answer.as_object().unwrap().len(), 2);
    let mut espresso = label(&answer, "Espresso").clone();
    assert!(espresso["Confidence"].take().is_f64());
    assert_eq!(
        espresso,
        json!({
            "Name": "Espresso", "Confidence": null, "Instances": [], "Aliases": [],
            "Parents": [{ "Name": "Coffee" }, { "Name": "Beverage" }, { "Name": "Food" }],
            "Categories": [{ "Name": "Food and Beverage" }],
        })
    );
    let confidences: Vec<f64> = labels(&answer)
        .into_iter()
        .map(|(_, confidence)| confidence)
        .collect();
    assert!(
        confidences.is_sorted_by(|a, b| a >= b)
            && confidences.iter().all(|one| (55.0..=100.0).contains(one))
    );
    // A kind is at least as sure as what it holds, and every parent of a label is a label.
    for label in answer["Labels"].as_array().unwrap() {
        for parent in label["Parents"].as_array().unwrap() {
            let parent = self::label(&answer, parent["Name"].as_str().unwrap());
            assert!(
                parent["Confidence"].as_f64() >= label["Confidence"].as_f64(),
                "{parent} below {label}"
            );
        }
        for instance in label["Instances"].as_array().unwrap() {
            let place = &instance["BoundingBox"];
            let [left, top, width, height] =
                ["Left", "Top", "Width", "Height"].map(|edge| place[edge].as_f64().unwrap());
            assert!(
                left >= 0.0 && top >= 0.0 && width > 0.0 && height > 0.0,
                "{place}"
            );
            assert!(
                left + width <= 1.000_001 && top + height <= 1.000_001,
                "{place}"
            );
        }
    }
}

#[test]
fn boxes_lie_on_the_upright_picture() {
    let upright = image::load_from_memory(&photo("coffee.png")).unwrap();
    let cup = place(&ask(&photo("coffee.png"), json!({})).unwrap(), "Cup");
    assert_near(cup, [0.30, 0.05, 0.70, 0.63], 0.05);
    // Stored lying on its side, with EXIF saying: turn by 90 degrees clockwise to see it.
    let lying = encode(
        &DynamicImage::ImageRgb8(upright.rotate270().into_rgb8()),
        ImageFormat::Jpeg,
    );
    assert_near(
        place(
            &ask(&with_orientation(&lying, 6), json!({})).unwrap(),
            "Cup",
        ),
        cup,
        0.03,
    );
}

/// Puts an EXIF segment with nothing but an orientation behind a JPEG's first marker.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b'M',
        b'M',
        0,
        42,
        0,
        0,
        0,
        8,
        0,
        1,
        1,
        0x12,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let mut segment = vec![0xFF, 0xE1, 0, 34];
    segment.extend(*b"Exif\0\0");
    segment.extend(tiff);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

#[test]
fn the_request_chooses_how_many_how_sure_and_which() {
    let coffee = photo("coffee.png");
    let china = photo("china.jpg");
    let all = ask(&china, json!({ "MinConfidence": 0 })).unwrap();
    let sure = ask(&china, json!({})).unwrap();
    assert!(labels(&all).len() > labels(&sure).len());
    assert!(labels(&all).starts_with(&labels(&sure)));

    let usual = ask(&coffee, json!({})).unwrap();
    let two = ask(&coffee, json!({ "MaxLabels": 2 })).unwrap();
    assert_eq!(labels(&two), labels(&usual)[..2]);
    assert!(labels(&ask(&coffee, json!({ "MaxLabels": 0 })).unwrap()).is_empty());
    let sure = ask(&coffee, json!({ "MinConfidence": 95.0 })).unwrap();
    assert_eq!(names(&sure), ["Cup"]);

    let with = |filters: Value| {
        ask(
            &coffee,
            json!({ "Features": ["GENERAL_LABELS"], "Settings": { "GeneralLabels": filters } }),
        )
        .unwrap()
    };
    assert_eq!(
        names(&with(
            json!({ "LabelInclusionFilters": ["Espresso", "Cat"] })
        )),
        ["Espresso"]
    );
    let drinks = with(
        json!({ "LabelCategoryInclusionFilters": ["Food and Beverage"], "LabelExclusionFilters": ["Espresso"] }),
    );
    assert_eq!(names(&drinks), ["Beverage", "Coffee", "Food"]);
    let rest = with(
        json!({ "LabelCategoryExclusionFilters": ["Food and Beverage", "Furniture and Furnishings"] }),
    );
    assert_eq!(names(&rest), ["Cup"]);
}

#[test]
fn pictures_out_of_bounds_are_refused_by_name() {
    let bomb = claims(50_000, 50_000);
    let mut heavy = photo("china.jpg");
    heavy.resize(MAX_OBJECT_BYTES + 1, 0);
    let coffee = photo("coffee.png");
    let jpeg = plain(200, 200, ImageFormat::Jpeg);
    for (what, image, code, message) in [
        (
            "a side of 79",
            plain(79, 500, ImageFormat::Jpeg),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            "one pixel",
            plain(1, 1, ImageFormat::Png),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            "a side of 10,001",
            claims(10_001, 100),
            "ImageTooLargeException",
            "Input image dimensions 10001 x 100 exceed maximum dimension size of 10000 pixels",
        ),
        (
            "a bomb",
            bomb,
            "ImageTooLargeException",
            "Input image dimensions 50000 x 50000 exceed maximum dimension size of 10000 pixels",
        ),
        (
            "15 MB and a byte",
            heavy,
            "ImageTooLargeException",
            "The input image size exceeds the allowed limit.",
        ),
        (
            "a GIF",
            plain(200, 200, ImageFormat::Gif),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "a WebP",
            plain(200, 200, ImageFormat::WebP),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "a BMP",
            plain(200, 200, ImageFormat::Bmp),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "text",
            b"hello, I am photo.jpg".to_vec(),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "nothing",
            Vec::new(),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "no pixels",
            claims(200, 200),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "half a PNG",
            coffee[..coffee.len() / 2].to_vec(),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
        (
            "a JPEG's head",
            jpeg[..300].to_vec(),
            "InvalidImageFormatException",
            "Request has invalid image format",
        ),
    ] {
        let failure = ask(&image, json!({})).expect_err(what);
        assert_eq!(
            (failure.code, failure.message.as_str(), failure.status),
            (code, message, 400),
            "{what}"
        );
        assert_eq!(
            failure.to_json(),
            json!({ "__type": code, "Code": code, "Message": message })
        );
    }
    ask(&plain(80, 80, ImageFormat::Jpeg), json!({})).unwrap();
}

#[test]
fn a_picture_cut_anywhere_is_an_answer_or_a_refusal() {
    let jpeg = encode(
        &DynamicImage::ImageRgb8(
            image::load_from_memory(&photo("flower.jpg"))
                .unwrap()
                .thumbnail(120, 90)
                .into_rgb8(),
        ),
        ImageFormat::Jpeg,
    );
    for length in (0..jpeg.len()).step_by(997) {
        if let Err(failure) = ask(&jpeg[..length], json!({})) {
            assert_eq!(failure.code, "InvalidImageFormatException", "at {length}");
        }
    }
}

#[test]
fn what_is_not_the_requests_json_is_refused() {
    for body in [
        "",
        "[]x",
        r#"{"Image": {"Bytes": "§"}}"#,
        r#"{"Image": {"Bytes": 7}}"#,
        r#"{"Image": {"S3Object": {"Bucket": "raw", "Name": "a"}}, "MaxLabels": "ten"}"#,
        r#"{"Image": {"S3Object": {"Bucket": "raw", "Name": "a"}}, "MaxLabels": 99999999999}"#,
    ] {
        assert_eq!(
            Request::parse(body.as_bytes()).expect_err(body).code,
            "SerializationException"
        );
    }
}

#[test]
fn requests_that_cannot_be_are_refused_in_the_services_words() {
    let object = r#""Image": {"S3Object": {"Bucket": "raw", "Name": "a"}}"#;
    let mut many = String::from(r#""A""#);
    (0..100).for_each(|_| many.write_str(r#", "A""#).unwrap());
    let table = [
        (
            "{}".to_owned(),
            "ValidationException",
            "1 validation error detected: Value null at 'image' failed to satisfy constraint: Member must not be null",
        ),
        (
            format!(r#"{{{object}, "MaxLabels": -1}}"#),
            "ValidationException",
            "1 validation error detected: Value '-1' at 'maxLabels' failed to satisfy constraint: Member must have value greater than or equal to 0",
        ),
        (
            format!(r#"{{{object}, "MinConfidence": 100.5}}"#),
            "ValidationException",
            "1 validation error detected: Value '100.5' at 'minConfidence' failed to satisfy constraint: Member must have value less than or equal to 100",
        ),
        (
            format!(r#"{{{object}, "Features": ["FACES"]}}"#),
            "ValidationException",
            "1 validation error detected: Value '[FACES]' at 'features' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [GENERAL_LABELS, IMAGE_PROPERTIES]]",
        ),
        (
            r#"{"Image": {"S3Object": {"Bucket": "ab", "Name": "a"}}}"#.to_owned(),
            "ValidationException",
            "1 validation error detected: Value 'ab' at 'image.s3Object.bucket' failed to satisfy constraint: Member must have length greater than or equal to 3",
        ),
        (
            format!(
                r#"{{{object}, "Settings": {{"GeneralLabels": {{"LabelInclusionFilters": [{many}]}}}}}}"#
            ),
            "ValidationException",
            "",
        ),
        (
            r#"{"Image": {}}"#.to_owned(),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            r#"{"Image": {"S3Object": {"Bucket": "raw"}}}"#.to_owned(),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            r#"{"Image": {"Bytes": "QUJD", "S3Object": {"Bucket": "raw", "Name": "a"}}}"#
                .to_owned(),
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
        (
            format!(r#"{{{object}, "Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}}"#),
            "InvalidParameterException",
            "Request has invalid parameters: the feature IMAGE_PROPERTIES is not supported here",
        ),
        (
            r#"{"Image": {"Bytes": ""}}"#.to_owned(),
            "ValidationException",
            "",
        ),
        (
            format!(
                r#"{{"Image": {{"Bytes": "{}"}}}}"#,
                "AAAA".repeat(1_747_627)
            ),
            "ImageTooLargeException",
            "The input image size exceeds the allowed limit.",
        ),
    ];
    for (body, code, message) in table {
        let failure = Request::parse(body.as_bytes()).expect_err(&body);
        assert_eq!(
            failure.code,
            code,
            "{failure} for {}",
            &body[..body.len().min(200)]
        );
        assert!(
            message.is_empty() || failure.message == message,
            "{failure}"
        );
    }
}

#[test]
fn the_largest_request_of_bytes_is_read_as_it_is() {
    // 5,242,880 bytes are 6,990,508 characters.
    let body = format!(
        r#"{{"Image": {{"Bytes": "{}AAA="}}, "New": 1}}"#,
        "AAAA".repeat(1_747_626)
    );
    let request = Request::parse(body.as_bytes()).unwrap();
    assert!(matches!(request.image(), Source::Bytes(bytes) if bytes.len() == 5 * 1024 * 1024));
    let versioned =
        r#"{"Image": {"S3Object": {"Bucket": "raw", "Name": "日本/写真.jpg", "Version": "v1"}}}"#;
    assert_eq!(
        Request::parse(versioned.as_bytes()).unwrap().image(),
        &Source::S3Object {
            bucket: "raw".into(),
            name: "日本/写真.jpg".into(),
            version: Some("v1".into())
        }
    );
}
