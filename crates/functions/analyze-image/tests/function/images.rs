//! How the labels of which image are detected.

use analyze_image::{Detection, Refusal};
use image::ImageFormat;
use thumbnail::{Format, Limits};

use crate::world::{KEY, Stack, detected, image};

const DETECT: &str = "detect in raw/pets/cat.jpg";

/// Handles an image: the calls, the labels or the code, the stack.
async fn handled(bytes: Vec<u8>) -> (Vec<String>, Vec<String>, Stack) {
    let stack = Stack::start().await;
    let event = stack.world.upload(1, bytes);
    stack.handle(&event).await.expect("no service fails");
    (stack.world.calls(), stack.analysis().await, stack)
}

fn sent(stack: &Stack) -> (Format, u32, u32) {
    let header = thumbnail::header(&stack.world.state().sent, &Limits::default());
    let header = header.expect("an image").expect("a whole header");
    (header.format, header.width, header.height)
}

#[tokio::test]
async fn rekognition_reads_jpeg_and_png_from_s3() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let (calls, labels, stack) = handled(image(100, 80, format)).await;
        assert_eq!(calls, ["get all", DETECT, "head"]);
        assert_eq!(labels, ["Cat"]);
        assert_eq!(stack.index().await["Cat"], format!("098.7100#{KEY}"));
        let record = stack.record().await.unwrap();
        assert_eq!(
            record.image().unwrap().bytes,
            image(100, 80, format).len() as u64
        );
        assert!(record.image().unwrap().thumbnails.is_pending());
    }
}

#[tokio::test]
async fn only_the_beginning_of_a_large_file_is_read() {
    let mut large = image(100, 80, ImageFormat::Jpeg);
    large.resize(100_000, 0);
    assert_eq!(handled(large).await.0, ["get 65536", DETECT, "head"]);

    // A JPEG with 100,000 bytes of comments before its size.
    let whole = image(100, 80, ImageFormat::Jpeg);
    let mut behind = whole[..2].to_vec();
    for _ in 0..2 {
        behind.extend([0xFF, 0xFE, 0xC3, 0x50]);
        behind.resize(behind.len() + 0xC350 - 2, b' ');
    }
    behind.extend(&whole[2..]);
    behind.resize(2_000_000, 0);
    assert_eq!(
        handled(behind).await.0,
        ["get 65536", "get 1048576", DETECT, "head"]
    );
}

#[tokio::test]
async fn other_formats_are_sent_as_jpeg() {
    for format in [
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ] {
        let (calls, labels, stack) = handled(image(100, 80, format)).await;
        assert_eq!(calls, ["get all", "detect in bytes"], "{format:?}");
        assert_eq!(labels, ["Cat"]);
        assert_eq!(sent(&stack), (Format::Jpeg, 100, 80));
    }
}

#[tokio::test]
async fn a_heic_is_sent_as_an_upright_jpeg() {
    let heic = include_bytes!("../../../../thumbnail/tests/heic/grid-turned-1.heic");
    let (calls, labels, stack) = handled(heic.to_vec()).await;
    assert_eq!(calls, ["get all", "detect in bytes"]);
    assert_eq!(labels, ["Cat"]);
    assert_eq!(sent(&stack), (Format::Jpeg, 100, 150));
}

#[tokio::test]
async fn more_than_15_mb_are_sent_as_less_than_5() {
    let mut large = image(100, 80, ImageFormat::Jpeg);
    large.resize(15 * 1024 * 1024 + 1, 0);
    let (calls, _, stack) = handled(large).await;
    assert_eq!(calls, ["get 65536", "get all", "detect in bytes"]);
    assert!(stack.world.state().sent.len() < 5_000_000);
}

#[tokio::test]
async fn more_than_10000_pixels_a_side_are_sent_as_fewer() {
    let (calls, _, stack) = handled(image(10_001, 800, ImageFormat::Png)).await;
    assert_eq!(calls.last().unwrap(), "detect in bytes");
    assert_eq!(sent(&stack), (Format::Jpeg, 4096, 328));
    // A strip that would become too narrow at that size is sent larger.
    let (_, labels, stack) = handled(image(10_200, 85, ImageFormat::Png)).await;
    assert_eq!(sent(&stack), (Format::Jpeg, 10_000, 83));
    assert_eq!(labels, ["Cat"]);
}

#[tokio::test]
async fn too_few_pixels_a_side_are_an_outcome() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let (calls, labels, _) = handled(image(79, 500, format)).await;
        assert_eq!(calls, ["get all"]);
        assert_eq!(labels, ["ImageTooSmall"]);
    }
    // Also if they are too few only after scaling the longer side.
    let (calls, labels, _) = handled(image(12_800, 81, ImageFormat::Png)).await;
    assert!(
        !calls.iter().any(|call| call.starts_with("detect")),
        "{calls:?}"
    );
    assert_eq!(labels, ["ImageTooSmall"]);
}

#[tokio::test]
async fn an_upload_that_is_not_an_image_is_an_outcome() {
    let half = image(100, 80, ImageFormat::Bmp);
    for (bytes, expected) in [
        (b"not an image".to_vec(), "UnsupportedFormat"),
        (vec![], "UnsupportedFormat"),
        (half[..half.len() / 2].to_vec(), "CorruptImage"),
        (vec![0; 17 * 1024 * 1024 + 1], "ImageTooLarge"),
    ] {
        let (calls, labels, stack) = handled(bytes).await;
        assert_eq!(labels, [expected]);
        assert!(
            calls.iter().all(|call| call.starts_with("get")),
            "{calls:?}"
        );
        assert!(stack.index().await.is_empty());
    }
}

#[tokio::test]
async fn a_header_that_never_ends_is_an_outcome() {
    // A JPEG that is all comments.
    let mut bytes = vec![0xFF, 0xD8];
    while bytes.len() < 2_000_000 {
        bytes.extend([0xFF, 0xFE, 0xC3, 0x50]);
        bytes.resize(bytes.len() + 0xC350 - 2, b' ');
    }
    let (calls, labels, _) = handled(bytes).await;
    assert_eq!(calls, ["get 65536", "get 1048576", "get all"]);
    assert_eq!(labels, ["CorruptImage"]);
}

#[tokio::test]
async fn a_refused_object_is_sent_as_jpeg() {
    for refusal in [Refusal::Format, Refusal::TooLarge, Refusal::Parameter] {
        let stack = Stack::start().await;
        stack.world.state().detections = [
            Ok(Detection::Refused(refusal)),
            Ok(detected(&[("Dog", 77.0)])),
        ]
        .into();
        let event = stack.world.upload(1, image(100, 80, ImageFormat::Png));
        stack.handle(&event).await.unwrap();
        assert_eq!(
            stack.world.calls(),
            ["get all", DETECT, "head", "detect in bytes"]
        );
        assert_eq!(stack.analysis().await, ["Dog"]);
        assert_eq!(sent(&stack), (Format::Jpeg, 100, 80));
    }
}

#[tokio::test]
async fn a_refused_jpeg_is_an_outcome() {
    for (refusal, expected) in [
        (Refusal::Format, "UnsupportedFormat"),
        (Refusal::TooLarge, "ImageTooLarge"),
    ] {
        let stack = Stack::start().await;
        stack.world.state().detections = [
            Ok(Detection::Refused(Refusal::Format)),
            Ok(Detection::Refused(refusal)),
        ]
        .into();
        let event = stack.world.upload(1, image(100, 80, ImageFormat::Png));
        stack.handle(&event).await.unwrap();
        assert_eq!(stack.analysis().await, [expected]);
    }
}

#[tokio::test]
async fn a_corrupt_image_that_is_refused_is_an_outcome() {
    let stack = Stack::start().await;
    stack.world.state().detections = [Ok(Detection::Refused(Refusal::Format))].into();
    let whole = image(100, 80, ImageFormat::Png);
    let event = stack.world.upload(1, whole[..whole.len() / 2].to_vec());
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["CorruptImage"]);
    assert_eq!(stack.world.calls(), ["get all", DETECT, "head"]);
}
