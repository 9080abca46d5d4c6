//! The environment.

use std::collections::HashMap;

use analyze_image::Config;

fn environment() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("RAW_BUCKET", "raw"),
        ("IMAGE_TABLE", "images"),
        ("LABEL_TABLE", "labels"),
        ("CONTENT_TABLE", "contents"),
        ("MAX_LABELS", "20"),
        ("MIN_CONFIDENCE", "55"),
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
        image_table: "images".into(),
        label_table: "labels".into(),
        content_table: "contents".into(),
        max_labels: 20,
        min_confidence: 55.0,
    };
    assert_eq!(config(&environment()), Ok(expected));
}

#[test]
fn what_is_missing_is_named() {
    test_world::what_is_missing_is_named(&environment(), config);
}

#[test]
fn numbers_are_in_their_ranges() {
    for (name, values, range) in [
        ("MAX_LABELS", ["0", "50", "-1", "2.5", "many"], "1 to 49"),
        (
            "MIN_CONFIDENCE",
            ["-1", "100.1", "NaN", "inf", "sure"],
            "0 to 100",
        ),
    ] {
        for value in values {
            let mut environment = environment();
            environment.insert(name, value);
            let expected =
                format!("environment variable {name} is {value:?}, not a number from {range}");
            assert_eq!(config(&environment), Err(expected));
        }
    }
    let mut edges = environment();
    edges.insert("MAX_LABELS", "49");
    edges.insert("MIN_CONFIDENCE", "0");
    assert!(config(&edges).is_ok());
}
