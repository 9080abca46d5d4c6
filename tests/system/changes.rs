//! When an image is replaced, everything finally belongs to the last upload.

use image::ImageFormat;
use serde_json::Value;
use system_tests::{System, eventually, path, samples};

#[test]
fn both_parts_always_belong_to_one_upload_and_finally_to_the_newer() {
    let system = System::shared();
    let (older, newer) = (samples::photo("astronaut.png"), samples::photo("china.jpg"));
    let mut image = system.upload("changing", older.clone());
    // The older image may be in progress or done when it is replaced.
    for wait in [false, true] {
        if wait {
            image.replace(older.clone());
            let _ = image.done();
        }
        image.replace(newer.clone());
        eventually("the newer record", || {
            let record = image.record();
            if record.status == 404 {
                return None;
            }
            let record = record.expect(200).json();
            let is_newer = record["bytes"] == newer.len();
            assert!(is_newer || record["bytes"] == older.len(), "{record:#}");
            let [thumbnails, analysis] = ["thumbnails", "analysis"].map(|part| {
                let done = record[part]["status"] == "done";
                assert!(done || record[part]["status"] == "pending", "{record:#}");
                done
            });
            if thumbnails {
                let width = if is_newer { 640 } else { 512 };
                assert_eq!(record["thumbnails"]["width"], width, "{record:#}");
            }
            if analysis {
                let mut labels = labels(&record).map(|label| &label["name"]);
                assert_ne!(labels.any(|name| name == "Person"), is_newer, "{record:#}");
            }
            (is_newer && thumbnails && analysis).then_some(())
        });
        let index = system.list("/labels/Person", 100);
        let listed = index.iter().any(|row| row["key"] == image.key());
        assert!(!listed, "the older image's label is in the index");
        // A late invocation may briefly put back a thumbnail of the older image.
        eventually("the newer thumbnails", || {
            (image.pixels(256).dimensions() == (256, 171)).then_some(())
        });
        assert!(image.original().expect(200).body == newer);
    }
}

#[test]
fn a_later_upload_is_later() {
    let system = System::shared();
    let mut image = system.upload("time.jpg", samples::coffee());
    let first = image.done()["uploadedAt"].to_string();
    image.replace(samples::photo("coffee.png"));
    let second = image.done()["uploadedAt"].to_string();
    assert!(first < second, "{second} is not after {first}");
}

#[test]
fn a_corrupt_image_removes_the_thumbnails_and_labels_of_the_one_before() {
    let system = System::shared();
    let mut image = system.upload("breaking.jpg", samples::coffee());
    let labels = image.labels();
    assert!(!labels.is_empty());
    image.replace("no image at all");
    let record = image.settled();
    assert_eq!(record["thumbnails"]["reason"]["code"], "UnsupportedFormat");
    for size in [256, 1024] {
        eventually("the end of the old thumbnail", || {
            (image.thumbnail(size).status == 404).then_some(())
        });
    }
    for label in labels {
        let index = system.list(&format!("/labels/{}", path(&label)), 100);
        assert!(
            !index.iter().any(|row| row["key"] == image.key()),
            "{label} is still in the index"
        );
    }
}

#[test]
fn a_deleted_image_may_come_back() {
    let system = System::shared();
    let mut image = system.upload("back.jpg", samples::coffee());
    let _ = image.done();
    let _ = image.delete().expect(204);
    image.replace(samples::photo("flower.jpg"));
    assert_eq!(image.done()["thumbnails"]["width"], 640);
    eventually("its thumbnail", || {
        let response = image.thumbnail(1024);
        (response.status == 200 && image::load_from_memory(&response.body).unwrap().width() == 640)
            .then_some(())
    });
}

#[test]
fn the_last_of_many_quick_changes_wins() {
    let system = System::shared();
    let images = samples::COLOURS
        .iter()
        .cycle()
        .take(12)
        .enumerate()
        .map(|(number, colour)| {
            let width = 100 + u32::try_from(number).unwrap();
            samples::encoded(&samples::plain(width, 100, *colour), ImageFormat::Png)
        });
    let images: Vec<Vec<u8>> = images.collect();
    let mut image = system.upload("restless.png", images[0].clone());
    for bytes in &images[1..] {
        image.replace(bytes.clone());
    }
    eventually("the last one's record", || {
        (image.done()["thumbnails"]["width"] == 111).then_some(())
    });
    eventually("the last one's thumbnail", || {
        (image.pixels(256).width() == 111).then_some(())
    });
    samples::assert_colour(
        "the thumbnail",
        image.pixels(256).get_pixel(50, 50),
        samples::COLOURS[3],
    );
}

fn labels(record: &Value) -> impl Iterator<Item = &Value> {
    record["analysis"]["labels"]
        .as_array()
        .expect("labels")
        .iter()
}
