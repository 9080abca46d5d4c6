//! Results of paths in documents.

use super::JsonPath;
use crate::error::Meter;
use crate::value::Heap;

/// The value that the path finds in the JSON, as JSON; "nothing" if it finds none.
fn read(path: &str, json: &str) -> String {
    let (mut heap, mut meter) = (Heap::default(), Meter::new());
    let root = heap.read_json(json).expect("the test's JSON");
    let path = JsonPath::parse(path).expect("the test's path");
    match path
        .read(&root, &mut heap, &mut meter)
        .expect("within bounds")
    {
        Some(value) => heap.to_json(&value, &mut meter).expect("within bounds"),
        None => "nothing".to_owned(),
    }
}

/// The store of books of Jayway's README, shortened.
const STORE: &str = r#"{"store": {
    "book": [
        {"category": "reference", "author": "Nigel Rees", "price": 8.95},
        {"category": "fiction", "author": "Evelyn Waugh", "price": 12.99},
        {"category": "fiction", "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99},
        {"category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99}
    ],
    "bicycle": {"color": "red", "price": 19.95}},
    "expensive": 10}"#;

#[test]
fn the_paths_of_jayways_readme_find_what_it_says() {
    for (path, found) in [
        (
            "$.store.book[*].author",
            r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#,
        ),
        (
            "$..author",
            r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#,
        ),
        ("$.store..price", "[8.95,12.99,8.99,22.99,19.95]"),
        ("$..book[2].author", r#"["Herman Melville"]"#),
        ("$..book[-2].author", r#"["Herman Melville"]"#),
        ("$..book[0,1].price", "[8.95,12.99]"),
        ("$..book[:2].price", "[8.95,12.99]"),
        ("$..book[1:2].price", "[12.99]"),
        ("$..book[-2:].price", "[8.99,22.99]"),
        ("$..book[2:].price", "[8.99,22.99]"),
        ("$..book[?(@.isbn)].price", "[8.99,22.99]"),
        ("$.store.book[?(@.price < 10)].price", "[8.95,8.99]"),
        ("$..book[?(@.price <= $['expensive'])].price", "[8.95,8.99]"),
        ("$..book.length()", "[4]"),
        ("$.store.book.length()", "4"),
    ] {
        assert_eq!(read(path, STORE), found, "{path}");
    }
}

#[test]
fn properties_indexes_and_what_is_missing() {
    let json = r#"{"a": {"b c": [1, {"d": null}, "x"]}, "e.f": true, "'": 5}"#;
    for (path, found) in [
        ("$", r#"{"a":{"b c":[1,{"d":null},"x"]},"e.f":true,"'":5}"#),
        ("$['a']['b c'][0]", "1"),
        ("a['b c'][-1]", "\"x\""),
        ("$.a['b c'][1].d", "null"),
        ("$.a['b c'][1].e", "nothing"),
        ("$.a['b c'][9]", "nothing"),
        ("$.a['b c'].d", "nothing"),
        ("$[\"e.f\"]", "true"),
        ("$['\\'']", "5"),
        (
            "$['a', 'e.f']",
            r#"{"a":{"b c":[1,{"d":null},"x"]},"e.f":true}"#,
        ),
        ("$.a.*", r#"[[1,{"d":null},"x"]]"#),
        ("$.missing.*", "[]"),
        ("$..d", "[null]"),
        ("$.a.keys()", r#"["b c"]"#),
    ] {
        assert_eq!(read(path, json), found, "{path}");
    }
}

#[test]
fn filters_compare_like_with_like() {
    let json = r#"[{"n": 1, "s": "a"}, {"n": "1", "s": "b", "t": true}, {"n": null, "s": "a b"}, {"s": "it's"}]"#;
    for (path, found) in [
        ("$[?(@.n == 1)].s", r#"["a"]"#),
        ("$[?(@.n == '1')].s", r#"["b"]"#),
        ("$[?(@.n == null)].s", r#"["a b"]"#),
        ("$[?(@.n != 1)].s", r#"["b","a b","it's"]"#),
        ("$[?(!@.n)].s", r#"["it's"]"#),
        ("$[?(@.t == true || @['s'] == 'a')].s", r#"["a","b"]"#),
        ("$[?(@.s >= 'a' && (@.s < 'b'))].s", r#"["a","a b"]"#),
        (r"$[?(@.s == 'it\'s')].s", r#"["it's"]"#),
        ("$[?(@.n)].length()", "[2,3,2]"),
    ] {
        assert_eq!(read(path, json), found, "{path}");
    }
}

#[test]
fn an_invalid_path_is_an_error() {
    for path in [
        "$.",
        "$[",
        "$['a'",
        "$[a]",
        "$.a b c[?",
        "$[?(@.a =~ /x/)]",
        "$[?(@.a == )]",
        "$.sum()",
        "$..",
        "$x",
    ] {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
}
