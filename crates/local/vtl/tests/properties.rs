//! For all templates and all data: nothing panics, limits hold, and escaped text is valid JSON.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vtl::{Input, MAX_ITERATIONS, MAX_TEXT_BYTES, RenderError, Template};

/// Pieces of Velocity in random order.
fn nonsense() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "$",
            "#",
            "!",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "..",
            ".",
            ",",
            ":",
            "'",
            "\"",
            "\\",
            " ",
            "\n",
            "=",
            "+",
            "-",
            "%",
            "/",
            "==",
            "&&",
            "#set(",
            "#if(",
            "#elseif(",
            "#else",
            "#end",
            "#foreach($x in ",
            "#define($d)",
            "#macro(m $a)",
            "#stop",
            "#break",
            "##",
            "#*",
            "*#",
            "#[[",
            "]]#",
            "$x",
            "${x",
            "$!{x}",
            "$input",
            ".path('$",
            ".json(\"$",
            ".params(",
            ".body",
            "$util",
            ".parseJson(",
            ".escapeJavaScript(",
            ".urlDecode(",
            "$context",
            ".responseOverride.status",
            "$foreach.index",
            "true",
            "null",
            "not ",
            " in ",
            "1",
            "-1",
            "0",
            "1e9",
            "2.5",
            "99999999999999999999",
            "[1..99999]",
            ".size()",
            ".add(",
            ".put('k', ",
            ".replaceAll('",
            ".split(",
            ".substring(",
            "[*]",
            "[?(@.a)]",
            "é",
            "😀",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Hostile text, and unusual file names.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "'",
            "\"",
            "\\",
            "\\'",
            "\\\"",
            "\\\\'",
            "/",
            "${}",
            "$util",
            "$!{x}",
            "#set($a = 1)",
            "#if(true)",
            "#end",
            "##",
            "#[[",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "\u{80}",
            "\u{2028}",
            "\n",
            "\r\n",
            "\t",
            "\u{8}",
            "\u{c}",
            "😀",
            "é",
            "\u{FEFF}",
            "\\u0041",
            "</script>",
            "%00",
            "{\"a\":1}",
            ",",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn input(text: &str) -> Input {
    let mut input = Input {
        body: json!({"a": [{"S": text}], "k": text}).to_string(),
        ..Input::default()
    };
    input.path.insert("key".to_owned(), text.to_owned());
    input
}

fn render(template: &str, input: &Input) -> Result<String, RenderError> {
    Template::parse(template)
        .expect("a template of the tests")
        .render(input)
        .map(|rendered| rendered.text)
}

/// How a mapping template has to write a string into JSON: `\'` is not JSON.
const ESCAPED: &str = r#"{"v": "$util.escapeJavaScript($text).replaceAll("\\'", "'")"}"#;

fn is_escaped(text: &str) {
    for source in [
        "$input.params('key')",
        "$input.path('$.k')",
        "$input.path(\"$.a[0].S\")",
    ] {
        let json =
            render(&format!("#set($text = {source}){ESCAPED}"), &input(text)).expect("renders");
        let value: Value = serde_json::from_str(&json).expect("valid JSON");
        assert_eq!(value, json!({"v": text}), "{json}");
    }
}

#[test]
fn a_thousand_bytes_of_anything_stay_one_json_string() {
    for piece in ["'", "\"", "\\", "\\'", "😀", "\u{1}", "$a", "#end"] {
        is_escaped(&piece.repeat(1_000 / piece.len()));
    }
}

#[test]
fn limits_are_kept() {
    let loops =
        "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])#end#end#end";
    assert!(matches!(
        render(loops, &Input::default()),
        Err(RenderError::TooMuchWork)
    ));

    let range = "#set($r = [1..999999999999])";
    assert!(matches!(
        render(range, &Input::default()),
        Err(RenderError::TooMuchWork)
    ));

    let doubling = "#set($s = 'x')#foreach($i in [1..60])#set($s = \"$s$s\")#end$s";
    assert!(matches!(
        render(doubling, &Input::default()),
        Err(RenderError::TooLong)
    ));

    let shared = "#set($l = [1])#foreach($i in [1..50])#set($l = [$l, $l])#end$l";
    assert!(matches!(
        render(shared, &Input::default()),
        Err(RenderError::TooMuchWork | RenderError::TooLong)
    ));

    let circular = "#set($l = [1])#set($x = $l.add($l))$l";
    assert!(matches!(
        render(circular, &Input::default()),
        Err(RenderError::TooDeep)
    ));

    let deep = "#set($l = [])#foreach($i in [1..1000])#foreach($j in [1..100])#set($l = [$l])#end#end#if($l == $l.get(0))#end";
    assert!(matches!(
        render(deep, &Input::default()),
        Err(RenderError::TooDeep)
    ));

    let scanned = "#set($m = $input.path('$'))#set($m.self = $m)$input.path('$..a')";
    assert!(matches!(
        render(scanned, &input("x")),
        Err(RenderError::TooDeep)
    ));

    let iterations = render(
        "#foreach($i in [1..5000])#set($n = $i)#end$n",
        &Input::default(),
    )
    .expect("renders");
    assert_eq!(iterations, MAX_ITERATIONS.to_string());
}

#[test]
fn the_deepest_nesting_fits_the_stack_of_a_thread() {
    let nested = |open: &str, close: &str, times: usize| {
        format!("{}{}", open.repeat(times), close.repeat(times))
    };
    let ifs = nested("#if(true)", "#end", 60);
    let parens = format!("#set($x = {}1{})$x", "(".repeat(60), ")".repeat(60));
    let lists = format!("#set($x = {}{})$x", "[".repeat(60), "]".repeat(60));
    let chain = format!("#set($x = 1{})$x", "+1".repeat(60));
    let defines = format!("#define($d){ifs}$d#end$d");
    // 2 MiB is Rust's default stack of a thread; the frames of the dev profile are the largest.
    let worker = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            for template in [ifs, parens, lists, chain, defines] {
                let rendered = render(&template, &Input::default());
                assert!(rendered.is_ok(), "{template}: {rendered:?}");
            }
            for (open, close) in [
                ("#if(true)", "#end"),
                ("#set($x = (", "))"),
                ("$x[", "]"),
                ("$x.a(", ")"),
                ("#set($x=!", ")"),
                ("#macro(a)", "#end"),
            ] {
                let deep = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
                assert!(Template::parse(&deep).is_err());
            }
        });
    worker.expect("a thread").join().expect("no overflow");
}

/// A recorded template with a piece replaced by nonsense.
fn maimed() -> impl Strategy<Value = String> {
    let cases: Value =
        serde_json::from_str(include_str!("recorded_cases.json")).expect("the recorded cases");
    let templates: Vec<String> = cases
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|case| case["template"].as_str())
        .map(str::to_owned)
        .collect();
    (
        select(templates),
        any::<prop::sample::Index>(),
        0..12_usize,
        nonsense(),
    )
        .prop_map(|(template, at, length, nonsense)| {
            let characters: Vec<char> = template.chars().collect();
            let at = at.index(characters.len() + 1);
            let after = characters.len().min(at + length);
            let piece: String = nonsense.chars().take(length).collect();
            format!(
                "{}{piece}{}",
                String::from_iter(&characters[..at]),
                String::from_iter(&characters[after..])
            )
        })
}

proptest! {
    #[test]
    fn damaged_templates_neither_panic_nor_exceed_their_limits(template in maimed(), body in hostile()) {
        if let Ok(template) = Template::parse(&template)
            && let Ok(rendered) = template.render(&input(&body))
        {
            prop_assert!(rendered.text.len() <= MAX_TEXT_BYTES);
        }
    }

    #[test]
    fn random_text_neither_panics_nor_exceeds_its_limits(template in nonsense(), body in hostile()) {
        if let Ok(template) = Template::parse(&template)
            && let Ok(rendered) = template.render(&Input { body, ..Input::default() })
        {
            prop_assert!(rendered.text.len() <= MAX_TEXT_BYTES);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_with_its_place(template in any::<String>()) {
        if let Err(error) = Template::parse(&template) {
            prop_assert!((1..=template.matches('\n').count() + 1).contains(&error.line));
            prop_assert!(error.column <= template.chars().count() + 1);
            prop_assert!(!error.problem.is_empty());
        }
    }

    #[test]
    fn text_without_velocity_is_left_alone(text in "[^$#\\\\]*") {
        prop_assert_eq!(render(&text, &Input::default()).expect("renders"), text);
    }

    #[test]
    fn hostile_text_stays_one_json_string(text in hostile()) {
        is_escaped(&text);
    }

    #[test]
    fn json_round_trips(text in hostile()) {
        let input = input(&text);
        let json: Value = serde_json::from_str(&render("$input.json('$')", &input).expect("renders")).expect("JSON");
        prop_assert_eq!(&json, &serde_json::from_str::<Value>(&input.body).expect("JSON"));
        let list: Value = serde_json::from_str(&render("$input.path('$.a')", &input).expect("renders")).expect("JSON");
        prop_assert_eq!(&list, &json["a"]);
    }

    #[test]
    fn encodings_are_undone_by_their_opposites(text in hostile()) {
        for template in [
            "$util.urlDecode($util.urlEncode($input.params('key')))",
            "$util.base64Decode($util.base64Encode($input.params('key')))",
            "$util.parseJson($input.json('$.k'))",
        ] {
            prop_assert_eq!(&render(template, &input(&text)).expect("renders"), &text);
        }
    }

    #[test]
    fn paths_neither_panic_nor_loop(path in "[$@.\\[\\]()*?'\"a-c0-9:,=<>!&| -]{0,24}", json in "[\\[\\]{}\":,a-c0-9]{0,16}") {
        let mut input = Input { body: json, ..Input::default() };
        input.path.insert("path".to_owned(), path);
        let _ = render("$input.path($input.params('path'))", &input);
    }
}
