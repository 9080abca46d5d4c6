//! Many uploads at once.

use std::thread;

use image::ImageFormat;
use serde_json::Value;
use system_tests::{System, UploadedImage, eventually, samples};

#[test]
fn of_200_images_at_once_each_gets_its_own_record_and_thumbnails() {
    let system = System::shared();
    let folder = system.folder();
    let upload = |number: u8| {
        let sample = samples::plain(100 + u32::from(number), 90, colour(number));
        folder.upload(
            &format!("{number}.png"),
            samples::encoded(&sample, ImageFormat::Png),
        )
    };
    let images: Vec<UploadedImage<'_>> = thread::scope(|scope| {
        let uploads: Vec<_> = (0..200)
            .map(|number| scope.spawn(move || upload(number)))
            .collect();
        uploads
            .into_iter()
            .map(|upload| upload.join().expect("an upload"))
            .collect()
    });
    for (number, image) in (0u8..).zip(&images) {
        let record = image.done();
        assert_eq!(record["key"], image.key());
        assert_eq!(
            record["thumbnails"]["width"],
            100 + u32::from(number),
            "{record:#}"
        );
        assert!(record["analysis"]["labels"].is_array(), "{record:#}");
        samples::assert_colour(
            image.key(),
            image.pixels(256).get_pixel(50, 45),
            colour(number),
        );
    }
    eventually("all of them in the list", || {
        let list = system.list("/images", 100);
        let complete = |summary: &Value| {
            summary["analysis"]["status"] == "done" && summary["thumbnails"]["status"] == "done"
        };
        let keys: Vec<&str> = list
            .iter()
            .filter(|summary| complete(summary))
            .filter_map(|s| s["key"].as_str())
            .collect();
        images
            .iter()
            .all(|image| keys.contains(&image.key()))
            .then_some(())
    });
}

/// Two hundred colours, any two of them at least 30 apart in one channel.
fn colour(number: u8) -> [u8; 3] {
    [number % 5 * 60, number / 5 % 5 * 60, number / 25 * 30]
}
