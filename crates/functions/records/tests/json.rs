//! The parts, letter for letter as the API returns them.

use proptest::prelude::*;
use records::{
    Analysis, BoundingBox, Decimal, Instance, Label, Part, Thumbnail, Thumbnails, href, rank,
};

fn text<T: serde::Serialize>(part: &Part<T>) -> String {
    serde_json::to_string(part).expect("JSON")
}

#[test]
fn an_analysis() {
    let part = Part::Done(Analysis {
        labels: vec![Label {
            name: "Cat".into(),
            confidence: Decimal::percentage(f64::from(98.71_f32)),
            parents: vec!["Mammal".into(), "Animal".into()],
            instances: vec![Instance {
                confidence: Decimal::percentage(f64::from(97.2_f32)),
                bounds: BoundingBox {
                    left: Decimal::new(f64::from(0.1_f32)),
                    top: Decimal::new(f64::from(-0.000_1_f32)),
                    width: Decimal::new(1.0),
                    height: Decimal::new(f64::from(0.6_f32)),
                },
            }],
        }],
    });
    assert_eq!(
        text(&part),
        concat!(
            r#"{"status":"done","labels":[{"name":"Cat","confidence":98.71,"parents":["Mammal","Animal"],"#,
            r#""instances":[{"confidence":97.2,"box":{"left":0.1,"top":-0.0001,"width":1,"height":0.6}}]}]}"#
        )
    );
    assert_eq!(
        serde_json::from_str::<Part<Analysis>>(&text(&part)).unwrap(),
        part
    );
}

#[test]
fn thumbnails() {
    let key = "pets/cat.jpg";
    let item = Thumbnail {
        size: 256,
        width: 256,
        height: 192,
        bytes: 9876,
        content_type: "image/jpeg".into(),
        href: href(256, key),
    };
    let part = Part::Done(Thumbnails {
        width: 4000,
        height: 3000,
        format: "jpeg".into(),
        placeholder: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
        items: vec![item],
    });
    assert_eq!(
        text(&part),
        concat!(
            r#"{"status":"done","width":4000,"height":3000,"format":"jpeg","placeholder":"1QcSHQRnh493V4dIh4eXh1h4kJUI","items":[{"size":256,"width":256,"#,
            r#""height":192,"bytes":9876,"contentType":"image/jpeg","href":"thumbnails/256/pets/cat.jpg"}]}"#
        )
    );
    assert_eq!(
        serde_json::from_str::<Part<Thumbnails>>(&text(&part)).unwrap(),
        part
    );
}

#[test]
fn pending_and_failed() {
    assert_eq!(text(&Part::<Analysis>::Pending), r#"{"status":"pending"}"#);
    let failed = Part::<Thumbnails>::failed("UnsupportedFormat", "not an \"image\"");
    assert_eq!(
        text(&failed),
        r#"{"status":"failed","reason":{"code":"UnsupportedFormat","message":"not an \"image\""}}"#
    );
    assert_eq!(
        serde_json::from_str::<Part<Thumbnails>>(&text(&failed)).unwrap(),
        failed
    );
}

#[test]
fn addresses_are_percent_encoded_once() {
    for (key, expected) in [
        ("a b+c.jpg", "thumbnails/256/a%20b%2Bc.jpg"),
        ("å/ö 100%.png", "thumbnails/256/%C3%A5/%C3%B6%20100%25.png"),
        ("🦀'\"#?&", "thumbnails/256/%F0%9F%A6%80%27%22%23%3F%26"),
        ("-._~", "thumbnails/256/-._~"),
        ("pets/../cat.jpg", "thumbnails/256/pets%2F..%2Fcat.jpg"),
        ("./cat.jpg", "thumbnails/256/.%2Fcat.jpg"),
        ("pets//cat.jpg", "thumbnails/256/pets%2F%2Fcat.jpg"),
        ("pets/", "thumbnails/256/pets%2F"),
        ("pets/..cat/...", "thumbnails/256/pets/..cat/..."),
    ] {
        assert_eq!(href(256, key), expected);
    }
}

/// Browsers resolve addresses by WHATWG's URL standard, which the crate `url` implements. No address of the keys `.` and
/// `..` survives that; it must at least not become that of another image.
#[test]
fn addresses_lead_a_browser_to_the_key() {
    let base = url::Url::parse("https://api.example.com/v1/").unwrap();
    let asked = |key: &str| {
        let url = base.join(&href(256, key)).unwrap();
        assert_eq!((url.query(), url.fragment()), (None, None), "{key:?}");
        url.path().to_owned()
    };
    for key in [".", ".."] {
        assert!(
            !asked(key)
                .trim_end_matches('/')
                .starts_with("/v1/thumbnails/256/"),
            "{key}"
        );
    }
    let mut keys = vec![String::new()];
    for _ in 0..6 {
        let longer = keys.iter().flat_map(|key| {
            [".", "..", "/", "a", "%2E", "\\", "?#\n"].map(|part| format!("{key}{part}"))
        });
        keys = longer.collect();
        for key in keys
            .iter()
            .filter(|key| !matches!(key.as_str(), "." | ".."))
        {
            let path = asked(key);
            let sent = path.strip_prefix("/v1/thumbnails/256/");
            let sent = sent.unwrap_or_else(|| panic!("{key:?} leads to {path}"));
            assert!(!sent.ends_with('/'), "{key:?}");
            let decoded = percent_encoding::percent_decode_str(sent).decode_utf8();
            assert_eq!(decoded.unwrap(), *key);
        }
    }
}

proptest! {
    #[test]
    fn decimals_are_the_same_from_json_and_from_text(value in -1000.0..1000.0_f64) {
        let decimal = Decimal::new(value);
        let json = serde_json::to_string(&decimal).unwrap();
        prop_assert_eq!(&json, &decimal.to_string());
        prop_assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap(), decimal);
        prop_assert!(json.split_once('.').is_none_or(|(_, digits)| digits.len() <= 4 && !digits.ends_with('0')));
        prop_assert!((json.parse::<f64>().unwrap() - value).abs() <= 0.000_051);
    }

    #[test]
    fn ranks_sort_by_confidence_first(a in 0.0..=100.0_f64, b in 0.0..=100.0_f64, x in "[a-z]{1,3}", y in "[a-z]{1,3}") {
        let (a, b) = (Decimal::percentage(a), Decimal::percentage(b));
        prop_assert_eq!(rank(a, &x).cmp(&rank(b, &y)), (a, x).cmp(&(b, y)));
    }
}

#[test]
fn a_rank_fits_a_sort_key() {
    assert_eq!(
        rank(Decimal::new(98.71), "pets/cat.jpg"),
        "098.7100#pets/cat.jpg"
    );
    let longest = rank(
        Decimal::percentage(f64::INFINITY),
        &"å".repeat(records::MAX_KEY_BYTES / 2),
    );
    assert_eq!(longest.len(), 1009);
    assert!(longest.starts_with("100.0000#"));
    assert_eq!(Decimal::percentage(f64::NAN), Decimal::default());
}
