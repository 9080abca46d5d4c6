//! The environment.

use std::collections::{BTreeSet, HashMap};

use create_thumbnail::Config;

fn environment() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("RAW_BUCKET", "raw"),
        ("THUMBNAIL_BUCKET", "thumbnails"),
        ("THUMBNAIL_SIZES", "256, 1024"),
        ("IMAGE_TABLE", "images"),
    ])
}

fn config(environment: &HashMap<&str, &str>) -> Result<Config, String> {
    let get = |name: &str| environment.get(name).map(ToString::to_string);
    Config::from_env(get).map_err(|error| error.to_string())
}

#[test]
fn everything_is_read() {
    let expected = Config {
        raw_bucket: "raw".into(),
        thumbnail_bucket: "thumbnails".into(),
        sizes: BTreeSet::from([256, 1024]),
        image_table: "images".into(),
    };
    assert_eq!(config(&environment()), Ok(expected));
}

#[test]
fn what_is_missing_is_named() {
    test_world::what_is_missing_is_named(&environment(), config);
}

#[test]
fn sizes_are_different_whole_numbers() {
    for value in [
        "0",
        "256,",
        ",",
        "256,256",
        "-1",
        "2.5",
        "256;1024",
        "10001",
        "99999999999",
        "big",
    ] {
        let mut environment = environment();
        environment.insert("THUMBNAIL_SIZES", value);
        let message = config(&environment).unwrap_err();
        let named = format!(
            "environment variable THUMBNAIL_SIZES is {value:?}, not a comma-separated list"
        );
        assert!(message.starts_with(&named), "{message}");
    }
}
