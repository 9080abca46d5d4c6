//! The images that show a label.

use serde_json::{Value, json};
use system_tests::{System, path, samples};

#[test]
fn the_index_agrees_with_every_label_of_a_record() {
    let system = System::shared();
    for name in ["astronaut.png", "coffee.png"] {
        let image = system.upload(name, samples::photo(name));
        let record = image.done();
        let labels = record["analysis"]["labels"].as_array().unwrap();
        assert!(!labels.is_empty());
        for label in labels {
            let rows = system.list(
                &format!("/labels/{}", path(label["name"].as_str().unwrap())),
                100,
            );
            let row: Vec<&Value> = rows
                .iter()
                .filter(|row| row["key"] == image.key())
                .collect();
            assert_eq!(
                row,
                [&json!({"key": image.key(), "confidence": label["confidence"]})],
                "{label}"
            );
        }
        let confidences: Vec<f64> = labels
            .iter()
            .map(|label| label["confidence"].as_f64().unwrap())
            .collect();
        assert!(
            confidences.is_sorted_by(|before, after| before >= after),
            "{confidences:?}"
        );
        assert!(
            confidences
                .iter()
                .all(|confidence| (55.0..=100.0).contains(confidence)),
            "{confidences:?}"
        );
        assert!(labels.len() <= 20);
    }
}

#[test]
fn the_most_confident_come_first_on_every_page() {
    let system = System::shared();
    let folder = system.folder();
    let photo = image::load_from_memory(&samples::photo("coffee.png")).unwrap();
    // Closer and closer crops of the same cup are recognised with different confidences.
    let crops = (0..5u32)
        .map(|step| photo.crop_imm(30 * step, 20 * step, 600 - 60 * step, 400 - 40 * step));
    let images: Vec<_> = crops
        .enumerate()
        .map(|(number, crop)| {
            folder.upload(
                &format!("{number}.png"),
                samples::encoded(&crop, image::ImageFormat::Png),
            )
        })
        .collect();
    let common = images
        .iter()
        .map(system_tests::UploadedImage::labels)
        .reduce(|common, labels| {
            common
                .into_iter()
                .filter(|label| labels.contains(label))
                .collect()
        });
    let common = common.unwrap();
    let label = common.first().expect("a common label");
    let list = format!("/labels/{}", path(label));
    let whole = system.get(format!("{list}?limit=100")).expect(200).json();
    assert_eq!(whole["label"], label.as_str());

    let ours = |rows: Vec<Value>| -> Vec<Value> {
        let mine = |row: &Value| images.iter().any(|image| row["key"] == image.key());
        rows.into_iter().filter(mine).collect()
    };
    let expected = ours(system.list(&list, 100));
    assert_eq!(expected.len(), images.len());
    for limit in [1, 2, 3] {
        let rows = system.list(&list, limit);
        let confidences: Vec<f64> = rows
            .iter()
            .map(|row| row["confidence"].as_f64().unwrap())
            .collect();
        assert!(
            confidences.is_sorted_by(|before, after| before >= after),
            "{confidences:?}"
        );
        assert_eq!(ours(rows), expected, "in pages of {limit}");
    }
}

#[test]
fn any_label_without_images_is_an_empty_list() {
    let system = System::shared();
    let long = "x".repeat(1200);
    for name in [
        "Nothing Has This",
        "person",
        "Person ",
        "a/b",
        "a+b",
        "100%",
        "it's",
        "\"quoted\"",
        "\\",
        "\\\"}, \"x\": {",
        "${x}",
        "$input.body",
        "#set($a=1)",
        "#if(true)x#end",
        "tab\tnewline\nnul-like\u{1}",
        "\u{2028}",
        "日本 🦀",
        "?next=x&limit=y#z",
        "..",
        long.as_str(),
    ] {
        let encoded = path(name).replace('/', "%2F").replace('.', "%2E");
        let response = system.get(format!("/labels/{encoded}")).expect(200).json();
        assert_eq!(response, json!({"label": name, "images": [], "next": null}));
    }
}

#[test]
fn a_label_longer_than_any_is_an_empty_list_too() {
    let system = System::shared();
    let lengths = [2047, 2048, 2049, 4000];
    for length in lengths.into_iter().filter(|_| system.takes_long_paths()) {
        let name = "x".repeat(length);
        let response = system.get(format!("/labels/{name}")).expect(200).json();
        assert_eq!(response, json!({"label": name, "images": [], "next": null}));
    }
}

#[test]
fn a_label_that_is_not_utf8_gets_valid_json() {
    let system = System::shared();
    for name in ["%ff", "%C3", "%ED%A0%80", "%zz", "100%"] {
        let response = system.get(format!("/labels/{name}"));
        if response.status == 200 {
            assert_eq!(response.json()["images"], json!([]), "{name}");
        } else {
            response.refused(400);
        }
    }
}
