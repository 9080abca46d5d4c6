//! Lists and their pages.

use std::collections::HashMap;

use serde_json::json;
use system_tests::{System, UploadedImage, eventually, path, samples};

const LISTS: [&str; 2] = ["/images", "/labels/Person"];

#[test]
fn a_limit_is_a_whole_number_from_1_to_100() {
    let system = System::shared();
    for list in LISTS {
        for limit in ["1", "9", "10", "99", "100"] {
            let _ = system.get(format!("{list}?limit={limit}")).expect(200);
        }
        for limit in [
            "0",
            "101",
            "1000",
            "-1",
            "+1",
            "1.5",
            "1e1",
            "01",
            "abc",
            "1a",
            "%20",
            "1%20",
            "%D9%A1",
            "null",
            "1,2",
            "%22",
            "%22%7D",
            "$x",
            "%23end",
            "1%0A",
            "99999999999999999999",
        ] {
            let message = system.get(format!("{list}?limit={limit}")).refused(400);
            assert!(message.contains("limit"), "{limit}: {message}");
        }
    }
}

#[test]
fn a_next_that_this_api_could_not_have_written_is_refused() {
    let system = System::shared();
    let long = format!("i2.1795352400000.{}", "x".repeat(1025));
    let long_rank = format!("l1.098.7100~23{}", "x".repeat(1025));
    for token in [
        "x",
        "i1.x",
        "i2",
        "i2.",
        "i2.x",
        "i2.1795352400000",
        "i2.1795352400000.",
        "i2.179535240000.x",
        "I2.1795352400000.x",
        "i2.1795352400000.~",
        "i2.1795352400000.~2",
        "i2.1795352400000.~zz",
        "i2.1795352400000.~2f",
        "i2.1795352400000.~ff",
        "i2.1795352400000.~C3",
        "i2.1795352400000.~41",
        "i2.1795352400000.a+b",
        "i2.1795352400000.%22",
        "i2.1795352400000.a%2Fb",
        "i2.1795352400000.a*b",
        "i2.1795352400000.%C3%A5",
        "i2.1795352400000.$x",
        "%22",
        "null",
        "i2.1795352400000.x%0A",
        "l1.x",
        "l1.",
        "l1.98.7100~23x",
        "l1.098.7100",
        "l1.098.7100~23",
        "l1.098.7100#x",
        "l1.298.7100~23x",
        &long,
        &long_rank,
    ] {
        for list in LISTS {
            let message = system.get(format!("{list}?next={token}")).refused(400);
            assert!(message.contains("next"), "{token}: {message}");
        }
    }
}

#[test]
fn a_well_formed_next_only_chooses_where_a_page_starts() {
    let system = System::shared();
    let _ = system
        .get("/images?next=i2.1795352400000.there-is-no-such-key")
        .expect(200);
    let page = system
        .get("/labels/Nothing-Has-This?next=l1.098.7100~23there-is-no-such-key")
        .expect(200)
        .json();
    assert_eq!(page["label"], "Nothing-Has-This");
    assert_eq!(page["images"], json!([]));
    system.get("/images?next=l1.098.7100~23x").refused(400);
    system
        .get("/labels/Person?next=i2.1795352400000.x")
        .refused(400);
}

#[test]
fn pages_give_each_image_once() {
    let system = System::shared();
    let folder = system.folder();
    let names = [
        "a",
        "a b",
        "å/ö 100%",
        "日本",
        "🦀",
        "it's \"it\"",
        "~tilde~41",
        "star*",
        "back\\slash",
    ];
    let images = names.map(|name| folder.upload(name, samples::coffee()));
    for image in &images {
        let _ = image.done();
    }
    for limit in [2, 7] {
        let mut seen: HashMap<String, u32> = HashMap::new();
        for summary in system.list("/images", limit) {
            *seen
                .entry(summary["key"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        for image in &images {
            assert_eq!(
                seen.get(image.key()),
                Some(&1),
                "{} in pages of {limit}",
                image.key()
            );
        }
    }
}

#[test]
fn the_list_has_the_record_in_short() {
    let system = System::shared();
    let image = system.upload("coffee.jpg", samples::coffee());
    let mut short = image.done();
    for label in short["analysis"]["labels"].as_array_mut().unwrap() {
        *label = json!({"name": label["name"], "confidence": label["confidence"]});
    }
    // An index is eventually consistent.
    eventually("the summary", || {
        let list = system.list("/images", 100);
        let summary = list
            .into_iter()
            .find(|summary| summary["key"] == image.key())?;
        (summary == short).then_some(())
    });
}

#[test]
fn a_deleted_image_is_in_no_list() {
    let system = System::shared();
    let image = system.upload("coffee.jpg", samples::coffee());
    let labels = image.labels();
    assert!(!labels.is_empty());
    let _ = image.delete().expect(204);
    assert_unlisted(&system, &image, &labels);
}

fn assert_unlisted(system: &System, image: &UploadedImage<'_>, labels: &[String]) {
    let lists = labels
        .iter()
        .map(|label| format!("/labels/{}", path(label)));
    for list in lists.chain(["/images".to_owned()]) {
        eventually(&format!("the end of {} in {list}", image.key()), || {
            let found = system
                .list(&list, 100)
                .iter()
                .any(|entry| entry["key"] == image.key());
            (!found).then_some(())
        });
    }
}

#[test]
fn images_are_listed_newest_first_and_deleted_ones_take_no_page() {
    let system = System::shared();
    let folder = system.folder();
    let first = folder.upload("kept before", samples::coffee());
    let _ = first.done();
    // Too small to be analyzed, so that 120 of them are done quickly.
    let tiny = samples::encoded(
        &samples::plain(9, 9, [200, 40, 40]),
        image::ImageFormat::Png,
    );
    let deleted: Vec<_> = (0..120)
        .map(|n| folder.upload(&format!("{n}"), tiny.clone()))
        .collect();
    for image in &deleted {
        let _ = image.settled();
    }
    let last = folder.upload("kept after", samples::coffee());
    let _ = last.done();
    for image in &deleted {
        let _ = image.delete().expect(204);
    }
    for image in &deleted {
        image.vanishes();
    }
    // Other tests upload and delete at the same time, so pages differ between reads; but a deleted image leaves no gap
    // in a page, and this folder's images are in order.
    let keys: Vec<String> = system
        .list("/images", 100)
        .iter()
        .map(|summary| summary["key"].as_str().unwrap().to_owned())
        .collect();
    let place = |key: &str| keys.iter().position(|other| other == key);
    let (newer, older) = (place(last.key()), place(first.key()));
    assert!(newer.is_some() && newer < older, "{newer:?} {older:?}");
    assert!(deleted.iter().all(|image| place(image.key()).is_none()));
    let mut next = String::new();
    loop {
        let page = system
            .get(format!("/images?limit=10{next}"))
            .expect(200)
            .json();
        if page["next"].is_null() {
            break;
        }
        assert_eq!(page["images"].as_array().unwrap().len(), 10);
        next = format!("&next={}", page["next"].as_str().unwrap());
    }
}
