//! Any key of 1 to 1,000 bytes of UTF-8 passes through every part of the system unchanged.

use std::collections::HashMap;

use serde_json::{Value, json};
use system_tests::{Method, System, eventually, path, samples};

/// Each breaks a naive implementation of an encoding, a template, a path or a query.
const NAMES: &[&str] = &[
    "photo.jpg",
    "a b c.jpg",
    "å/ö 100%.png",
    "日本/写真.webp",
    "🦀.jpg",
    "👩‍👩‍👧‍👦/e\u{301}.jpg",
    "it's \"quoted\".jpg",
    "q",
    "q/b",
    "q/b/c",
    "back\\slash\\n.jpg",
    "${x}$y$!{z}.jpg",
    "#set($a=1)#end ## #* *#.jpg",
    "$util.escapeJavaScript('x').jpg",
    "why?#and&what=this;that,those.jpg",
    "%41%2F%25.jpg",
    "%2B",
    "..hidden",
    ".../...",
    "a..b/.c./..d",
    "two//slashes.jpg",
    "<b>&amp;</b>.jpg",
    "tab\tand\nnewline\r\u{1}\u{1f}\u{7f}.jpg",
    "\u{2028}\u{200b}\u{feff}\u{fffd}\u{ffff}.jpg",
    "{\"json\": [1, null]}",
    "images/thumbnails/256",
    " leading and trailing ",
    "~!@^*()_-|:`[]",
];

#[test]
fn every_key_survives_the_round_trip() {
    let system = System::shared();
    let folder = system.folder();
    let longest = "k".repeat(1000 - folder.key("").len());
    let wide = format!("{}é", "k".repeat(998 - folder.key("").len()));
    let names = NAMES.iter().copied().chain([longest.as_str(), &wide]);
    let photo = samples::coffee();
    let images: Vec<_> = names
        .map(|name| folder.upload(name, photo.clone()))
        .collect();
    assert_eq!(images.last().map(|image| image.key().len()), Some(1000));

    for image in &images {
        let record = image.done();
        let key = image.key();
        assert_eq!(record["key"], key);
        for item in record["thumbnails"]["items"].as_array().unwrap() {
            let href = item["href"].as_str().unwrap();
            // Encoding the slashes keeps an empty segment.
            let address = if key.contains("//") {
                path(key).replace('/', "%2F")
            } else {
                path(key)
            };
            assert_eq!(href, format!("thumbnails/{}/{address}", item["size"]));
            assert_eq!(
                system.get(format!("/{href}")).expect(200).body.len(),
                item["bytes"],
                "{key}"
            );
        }
        assert!(
            image.original().expect(200).body == photo,
            "the original of {key}"
        );
        for label in image.labels() {
            let rows = system.list(&format!("/labels/{}", path(&label)), 100);
            assert!(
                rows.iter().any(|row| row["key"] == key),
                "{key} is not under {label}"
            );
        }
    }
    eventually("the list of all", || {
        let listed = by_key(system.list("/images", 100));
        let all = images.iter().all(|image| {
            listed
                .get(image.key())
                .is_some_and(|summary| summary["thumbnails"]["status"] == "done")
        });
        all.then_some(())
    });
    for image in &images {
        let _ = image.delete().expect(204);
    }
    for image in &images {
        image.vanishes();
    }
}

fn by_key(list: Vec<Value>) -> HashMap<String, Value> {
    list.into_iter()
        .map(|summary| (summary["key"].as_str().expect("a key").to_owned(), summary))
        .collect()
}

#[test]
fn deleting_a_key_leaves_those_below_and_above_it() {
    let system = System::shared();
    let folder = system.folder();
    let [above, it, below] =
        ["q", "q/b", "q/b/c"].map(|name| folder.upload(name, samples::coffee()));
    for image in [&above, &it, &below] {
        let _ = image.done();
    }
    let _ = it.delete().expect(204);
    it.vanishes();
    for image in [&above, &below] {
        let _ = image.record().expect(200);
        let _ = image.original().expect(200);
        let _ = image.thumbnail(256).expect(200);
    }
}

#[test]
fn an_encoded_slash_is_a_slash_and_an_encoded_letter_a_letter() {
    let system = System::shared();
    let folder = system.folder();
    let image = folder.upload("a b/c d.jpg", samples::coffee());
    let _ = image.done();
    let key = image.key();
    for spelling in [path(key).replace('/', "%2F"), path(key).replace('a', "%61")] {
        assert_eq!(
            system.get(format!("/images/{spelling}")).expect(200).json()["key"],
            key,
            "{spelling}"
        );
        for route in ["thumbnails/256", "originals"] {
            let _ = system.get(format!("/{route}/{spelling}")).expect(200);
        }
        let again = system
            .put(format!("/images/{spelling}"), samples::coffee())
            .expect(201);
        assert_eq!(again.json(), json!({"key": key}), "{spelling}");
    }
}

/// S3 reads a `+` in a path as a space, and API Gateway may decode `%2B` before it passes it on. A key with `+` is
/// refused, or kept, and never becomes another one.
#[test]
fn a_plus_is_refused_or_kept() {
    let system = System::shared();
    for name in ["a%2Bb.jpg", "a+b.jpg", "%2B", "+"] {
        let folder = system.folder();
        let space = folder.upload("a b.jpg", samples::coffee());
        let record_of_space = space.done();
        let spelling = format!("{}{name}", path(&folder.key("")));
        let key = folder.key(&name.replace("%2B", "+"));
        let other = "not an image";
        let put = system.put(format!("/images/{spelling}"), other);
        if put.status == 201 {
            assert_eq!(put.json(), json!({"key": key}), "{name}");
            let record = eventually("the record of a key with a plus", || {
                let record = system.get(format!("/images/{}", path(&key)));
                (record.status == 200).then(|| record.json())
            });
            assert_eq!(record["key"], key, "{name}");
            let original = system.get(format!("/originals/{}", path(&key)));
            assert_eq!(original.expect(200).body, other, "{name}");
        } else {
            let message = put.refused(400);
            assert!(message.contains('+'), "{name}: {message}");
        }
        // The key with a space was neither written nor read.
        assert_eq!(space.done(), record_of_space, "{name}");
        assert_eq!(
            space.original().expect(200).body,
            samples::coffee(),
            "{name}"
        );
        for route in ["images", "originals", "thumbnails/256"] {
            let read = system.get(format!("/{route}/{spelling}"));
            assert!(
                matches!(read.status, 200 | 400 | 404),
                "{route} {name}: {read:?}"
            );
            if read.status == 200 && route == "images" {
                assert_eq!(read.json()["key"], key);
            }
            if read.status == 200 && route == "originals" {
                assert_eq!(read.body, other);
            }
        }
    }
}

#[test]
fn a_key_of_more_than_1000_bytes_is_kept_as_long_as_s3_takes_it() {
    let system = System::shared();
    let folder = system.folder();
    for length in [1001, 1024, 1025, 1200] {
        for filler in ["k", "é"] {
            let mut key = folder.key("");
            key.push_str(&filler.repeat((length - key.len()) / filler.len()));
            key.push_str(&"k".repeat(length - key.len()));
            let decoded = key.clone();
            let key = path(&key);
            if filler == "é" && !system.takes_long_paths() {
                continue;
            }
            let put = system.put(format!("/images/{key}"), samples::coffee());
            let original = format!("/originals/{key}");
            if length > 1024 {
                let message = put.refused(400);
                assert!(message.contains("1,000 bytes"), "{message}");
                system.get(original).refused(404);
                system.get(format!("/images/{key}")).refused(404);
                system.delete(format!("/images/{key}")).refused(400);
            } else {
                assert_eq!(put.expect(201).json(), json!({ "key": decoded }));
                assert_eq!(system.get(original).expect(200).body, samples::coffee());
                let _ = system.delete(format!("/images/{key}")).expect(204);
            }
            // With the size before it the thumbnail's key exceeds the maximum length.
            system.get(format!("/thumbnails/256/{key}")).refused(404);
        }
    }
}

#[test]
fn what_is_not_percent_encoded_utf8_is_refused() {
    let system = System::shared();
    let folder = system.folder().key("");
    for bad in [
        "100%.jpg",
        "%zz.jpg",
        "a%4",
        "%ff.jpg",
        "%C3.jpg",
        "%ED%A0%80.jpg",
        "%C0%AF.jpg",
        "%F4%90%80%80",
    ] {
        let key = format!("{folder}{bad}");
        system
            .put(format!("/images/{key}"), samples::coffee())
            .refused(400);
        system.delete(format!("/images/{key}")).refused(400);
        for route in ["images", "thumbnails/256", "originals"] {
            for method in [Method::GET, Method::HEAD] {
                if route == "images" && method == Method::HEAD {
                    continue;
                }
                let request = system.request(method.clone(), format!("/{route}/{key}"));
                let response = request.send();
                assert!(
                    matches!(response.status, 400 | 404),
                    "{} for {method} /{route}/{bad}",
                    response.status
                );
            }
        }
    }
}
