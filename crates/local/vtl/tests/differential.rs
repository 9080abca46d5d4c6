//! Random templates, rendered here and by Apache Velocity 1.7, must give the same text.
//!
//! Runs where Java (with its compiler) and Debian's `velocity` are installed; `VELOCITY_CLASSPATH` names the jars if they
//! are elsewhere. The templates avoid what API Gateway does differently: undefined references are only printed quietly,
//! `#macro` and `null` do not occur.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use vtl::{Input, Template};

const DEBIAN: &str = "/usr/share/java/velocity.jar:/usr/share/java/commons-collections3.jar:/usr/share/java/commons-lang.jar";
/// The number of templates, unless `VELOCITY_TEMPLATES` gives it; they are always the same.
const TEMPLATES: usize = 500;

const PREAMBLE: &str = r#"#set($i = 3)#set($n = -2)#set($d = 2.5)#set($t = "abcab")#set($u = "Zoë's 😀/\")#set($e = "")
#set($yes = true)#set($no = false)#set($l = [1, "two", 3.5, true])#set($m = {"a": 1, "b": "x", "l": [1, 2], "k": 0, "z": 0})#set($v = 0)#set($block = 0)
"#;

/// Text, some of which looks like Velocity.
fn schmoo() -> impl Strategy<Value = String> {
    select(vec![
        "(a",
        " ",
        "  ",
        "\n",
        " \n\t",
        "\r\n",
        "; x. y",
        "(",
        ")",
        "}",
        "{ x",
        "\\",
        "\\\\",
        "\\\\\\",
        "$ x",
        "# x",
        "$5",
        "#5x",
        "!",
        "..",
        "é😀",
        "$,x",
        "${",
        "#foo",
        "#foo(1, 'x')\n",
        "#foo ($i, $yes) \n",
        " ## c\n",
        " ##\n",
        "#* c *#",
        "#** d *#",
        "#[[ $t #if ]]#",
        "\\#if",
        "\\#foo",
        "\\\\#foo ",
        "\\#end ",
        "\"",
        "'",
        "#{foo}",
        "$(",
        "&&",
        "#endx",
        "{\"k\": ",
        "$\\!i",
        "\\\\$!i",
        "##",
        "#**#",
        "$#if($yes)y#end ",
        "$!#if($no)y#{else}z#end ",
        "$$#set($v = 1)",
        "$  #set($v = 1)",
        "#  #set($v = 1)",
        "$#* c *#",
        "$#**#",
        "\\$#set($v = 1)",
        "${#set($v = 1)",
        "#* # * #end *#",
        "#[[]]#",
        "#[[ ]] #]]#",
        "#[",
        "#(",
        "#!",
        "${i}i",
        "$i$t",
        "$i\\$t",
        "$t.",
        "$t..x",
        "$t .x",
        "$m.a.",
        "${t}.length()",
        "$i.5",
        "#end2",
        "#elsex",
        "#iffy",
        "#setx",
        "\u{a0}#set($v = 1)\u{a0}",
        "\u{b}",
    ])
    .prop_map(str::to_owned)
}

/// A defined reference, with or without quiet notation, formal notation and escapes.
fn printed(reference: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (
        select(vec!["", "", "", "", "\\", "\\\\", "\\\\\\"]),
        any::<bool>(),
        any::<bool>(),
        reference,
    )
        .prop_map(|(escape, quiet, formal, reference)| {
            let quiet = if quiet { "!" } else { "" };
            if formal {
                format!("{escape}${quiet}{{{reference}}}")
            } else {
                format!("{escape}${quiet}{reference}")
            }
        })
}

/// References that are also defined in Velocity.
const REFERENCES: &[&str] = &[
    "i",
    "n",
    "d",
    "t",
    "u",
    "e",
    "yes",
    "no",
    "l",
    "m",
    "l[0]",
    "l[1]",
    "l[-1]",
    "l.get(2)",
    "l.size()",
    "l.isEmpty()",
    "l.empty",
    "m.a",
    "m.b",
    "m.l",
    "m.l[1]",
    "m[\"a\"]",
    "m['b']",
    "m.get('a')",
    "m.size()",
    "m.keySet()",
    "m.values()",
    "m.entrySet()",
    "m.isEmpty()",
    "m.containsKey('a')",
    "m.containsKey('q')",
    "m.containsValue('x')",
    "t.length()",
    "u.length()",
    "t.toUpperCase()",
    "u.toLowerCase()",
    "u.trim()",
    "e.isEmpty()",
    "e.length()",
    "i.toString()",
    "d.intValue()",
    "i.compareTo(3)",
    "u.hashCode()",
    "t.hashCode()",
    "l.contains('two')",
    "l.contains(1)",
    "l.indexOf(true)",
    "l.subList(1, 3)",
    "t.equals('abcab')",
    "i.equals(3)",
    "t.compareTo('abd')",
    "i.parseInt('42')",
    "t.toString().length()",
    "l.get( 1 )",
    "l.size( )",
    "m.get( \"b\" )",
    "l[ 1 ]",
    "l[$i.compareTo(3)]",
    "l.lastIndexOf(1)",
    "l.containsAll([1])",
    "l.toString()",
    "l.equals([1])",
    "l.equals($l)",
    "m.keySet().size()",
    "m.keySet().contains('a')",
    "m.values().size()",
    "m.equals($m)",
    "m.getOrDefault('q', 'd')",
    "t.codePointAt(1)",
    "t.contentEquals('abcab')",
    "t.empty",
    "u.charAt(0)",
    "u.compareToIgnoreCase('zoë')",
    "t.regionMatches(0, 'ab', 0, 2)",
    "t.lastIndexOf('b', 3)",
    "t.indexOf(98)",
    "t.indexOf('a', -1)",
    "t.indexOf('a', 99)",
    "t.replace('a', '')",
    "t.split('').size()",
    "t.split('b', 2).get(1)",
    "t.split('b', -1).size()",
    "t.split('a', 0)[1]",
    "t.subSequence(1, 2)",
    "t.concat($u)",
    "d.toString()",
    "d.doubleValue()",
    "d.longValue()",
    "d.compareTo(2.5)",
    "d.isNaN()",
    "i.hashCode()",
    "i.doubleValue()",
    "i.equals(3.0)",
    "i.equals('3')",
    "yes.toString()",
    "yes.booleanValue()",
    "yes.equals(true)",
    "yes.hashCode()",
    "yes.compareTo(false)",
    "i.valueOf('7')",
    "i.toString(7)",
    "i.toHexString(255)",
    "i.max(1, 2)",
    "t.valueOf(5)",
    "t.join('-', ['a', 'b'])",
];

fn reference() -> impl Strategy<Value = String> {
    let part = || select(vec!["'a'", "'b'", "'ab'", "''", "'z'", "\"c\""]);
    prop_oneof![
        select(REFERENCES).prop_map(str::to_owned),
        (
            select(vec!["t", "u", "e"]),
            select(vec![
                "contains",
                "startsWith",
                "endsWith",
                "indexOf",
                "lastIndexOf",
                "concat",
                "equals",
                "compareTo",
                "equalsIgnoreCase",
                "matches"
            ]),
            part()
        )
            .prop_map(|(text, method, part)| format!("{text}.{method}({part})")),
        // Java also finds the empty string within a surrogate pair, so "u" is left out.
        (select(vec!["t", "e"]), part())
            .prop_map(|(text, part)| format!("{text}.split({part}).size()")),
        (
            select(vec!["t", "e"]),
            select(vec!["replace", "replaceAll", "replaceFirst"]),
            part(),
            part()
        )
            .prop_map(|(text, method, from, to)| format!("{text}.{method}({from}, {to})")),
        (select(vec!["t", "u", "e"]), 0..7, 0..7)
            .prop_map(|(text, from, to)| format!("{text}.substring({from}, {to})")),
        (select(vec!["t", "u"]), -1..8).prop_map(|(text, at)| format!("{text}.substring({at})")),
        (-6..6).prop_map(|at| format!("l[{at}]")),
        (
            select(vec![
                "[a-c]+", "a|b", ".", "\\w", "(a)(b)?", "^a", "b$", "[^a]", "\\\\", "'"
            ]),
            select(vec!["x", "[$1]", "\\\\$", "", "$0$0"])
        )
            .prop_map(|(pattern, replacement)| {
                let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
                format!("u.replaceAll({}, {})", quoted(pattern), quoted(replacement))
            }),
    ]
}

fn number() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "1",
        "0",
        "7",
        "-3",
        "2147483647",
        "-2147483648",
        "2.5",
        "$d",
        "0.1",
        "1e2",
        "$i",
        "$n",
        "$l.size()",
        "$t.length()",
        "${i}",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                select(vec![" + ", " - ", " * ", "*", "+ "]),
                inner.clone()
            )
                .prop_map(|(left, sign, right)| format!("{left}{sign}{right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            (inner, select(vec![" / 2", " % 4", "/3"]))
                .prop_map(|(left, right)| format!("{left}{right}")),
        ]
    })
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "true",
            "false",
            "$yes",
            "$no",
            "$t",
            "!$yes",
            "not $no",
            "$e",
            "$l.isEmpty()",
            "$m.containsKey('a')",
            "$t == 'abcab'",
            "\"$i\" == 3",
            "$t != $u",
            "$m.a == 1",
            "$d == 2.5",
            "$l == $m.l",
            "'1' == 1",
            "\"\" == $e",
            "$t.matches('[abc]*')",
            "$i",
            "$l",
            "$e == ''",
            "$yes == true",
            "$yes == 'true'",
            "$l == $l",
            "$l == '[1, two, 3.5, true]'",
            "[1, 2] == [1, 2]",
            "{} == {}",
            "'a' != 'b'",
            "3 == 3.0",
            "'a' lt 'b'",
            "$t > 1",
            "$d >= 2",
            "! $yes",
            "!!$yes",
            "not not $yes",
            "$yes == !$no",
            "true == true",
            "(true)",
            "( $yes )",
            "$yes&&$no",
            "$yes||$no",
            "$i==3",
            "$i!=3",
            "$i<4",
            "\"$yes\" == \"true\"",
            "$t.length() > 3 && $l.size() < 9",
        ])
        .prop_map(str::to_owned),
        (
            number(),
            select(vec![
                " < ", " > ", " <= ", " >= ", " == ", " != ", " lt ", " gt ", " le ", " ge ",
                " eq ", " ne "
            ]),
            number()
        )
            .prop_map(|(left, sign, right)| format!("{left}{sign}{right}")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                select(vec![" && ", " || ", " and ", " or "]),
                inner.clone()
            )
                .prop_map(|(left, sign, right)| format!("{left}{sign}{right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.prop_map(|inner| format!("!({inner})")),
        ]
    })
}

fn value() -> impl Strategy<Value = String> {
    let string = |inner: &str| format!("\"{inner}\"");
    prop_oneof![
        number(),
        condition(),
        select(vec![
            "'it''s $i'",
            "\"a\"\"b\"",
            "\"a\\n\"",
            "\"[$i]${t}$!e\"",
            "\"#if($yes)y#end\"",
            "\"$i\n\"",
            "\"x#\"",
            "\"$\"",
            "\"a $ b\"",
            "[]",
            "{}",
            "[1..4]",
            "[$i..$n]",
            "['a', [1, 2.0], {'k': 'v'}]",
            "{'k': {'l': $t}, 'z': 1.5}",
            "1.5e3",
            ".25",
            "\"$l[1] $m.b $m['a']\"",
            "\"$i ## c\"",
            "\"a #* c *# $i\"",
            "1 + 'a'",
            "'a' + 1 + 2",
            "'a' + $d",
            "9223372036854775807 + 1",
            "-9223372036854775807 * 3",
            "$d + 'a'",
            "$t + $t",
            "$l + 'a'",
            "'a' + $m.a",
            "- 3",
            "$i -1",
            "7 / -2",
            "-7 / 2",
            "-7 % 3",
            "7 % -3",
            "1.0",
            "1.50",
            "100000000.0",
            "0.00001",
            "1E3",
            "1.5e-7",
            "[ ]",
            "{ }",
            "[1,2 , 3]",
            "[[1..2], [3]]",
            "[1..1]",
            "[ 1 .. 2 ]",
            "[-1..1]",
            "{'a': 1, 'a': 2}",
            "{\"k\": [1], 'j': {}}",
            "{'a':1}",
            "[$i, $t, \"$i\", '$i', true, 1.0]",
            "[$l[0], $m.b]",
            "\"\"",
            "''",
            "\"'\"",
            "'\"'",
            "\"\"\"\"",
            "''''",
            "\"a\tb\"",
            "\"\\\\\"",
            "\"\\$i\"",
            "\"${i}x\"",
            "\"$l.size()\"",
            "\"#set($q = 1)$q\"",
            "\"#foreach($x in [1..3])$x#end\"",
            "\"#* c *#\"",
            "\"##\"",
            "\"#[[ $i ]]#\"",
            "true",
            "!$yes",
            "$i > 2",
            "($i + 1) * 2",
            "2 * ($i + 1)",
            "$i + 1 == 4",
            "$l.size() + 1",
            "$t.substring(1) + 'x'",
        ])
        .prop_map(str::to_owned),
        // A map that contains itself is an error here.
        printed(reference()).prop_filter("a value", |text| !text.starts_with('\\')
            && !matches!(
                text.trim_matches(['$', '!', '{', '}']),
                "m" | "m.values()" | "m.entrySet()"
            )),
        printed(reference()).prop_map(move |inner| string(&inner.replace('"', "\"\""))),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let blank = || select(vec!["", "", " ", "  ", "\n", " \n", "\t\n  ", "\r\n"]);
    let leaf = prop_oneof![
        3 => schmoo(),
        3 => printed(reference()),
        2 => (blank(), select(vec!["#set", "#{set}", "#set "]), blank(), value(), blank(), blank())
            .prop_map(|(before, set, gap, value, end, after)| format!("{before}{set}({gap}$v ={gap}{value}{end}){after}$!v")),
        1 => (value(), value()).prop_map(|(key, value)| format!("#set($m[\"k\"] = {key})#set($m.z = {value})${{m.k}} ${{m}}")),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let body = || prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| parts.concat());
        let end = || (select(vec!["#end", "#{end}", "#end", "#end "]), blank()).prop_map(|(end, after)| format!("{end}{after}"));
        prop_oneof![
            4 => body(),
            2 => (blank(), condition(), blank(), body(), end()).prop_map(|(gap, test, after, body, end)| format!("#if{gap}({test}){after}{body}{end}")),
            1 => (condition(), body(), select(vec!["#else", "#{else}", "#else "]), blank(), body(), end())
                .prop_map(|(test, yes, other, after, no, end)| format!("#if($yes && {test}){yes}{other}{after}{no}{end}")),
            1 => (condition(), body(), condition(), blank(), body(), body(), end())
                .prop_map(|(first, one, second, after, two, three, end)| format!("#if({first}){one}#elseif({second}){after}{two}#{{else}}{three}{end}")),
            2 => (select(vec!["[1..3]", "$l", "$m", "['p', 'q']", "$m.keySet()", "[]", "$t.split('b')", "[$n..1]"]), blank(), body(), end())
                .prop_map(|(over, after, body, end)| format!("#foreach($x in {over}){after}$x$foreach.index$foreach.count$velocityCount#if($foreach.hasNext),#end$foreach.first$foreach.last {body}{end}")),
            1 => body().prop_map(|body| format!("#foreach($x in [1..3])#if($x == 2)#break#end${{x}}{body}#end")),
            1 => body().prop_map(|body| format!("#define($block){body}#end[$!block]")),
            1 => body().prop_map(|body| format!("#if($no)#stop#end{body}")),
        ]
    })
}

fn templates() -> Vec<String> {
    let strategy = prop::collection::vec(statement(), 1..6)
        .prop_map(|parts| format!("{PREAMBLE}{}", parts.concat()));
    let mut runner = TestRunner::deterministic();
    let wanted = std::env::var("VELOCITY_TEMPLATES").ok();
    let wanted = wanted.and_then(|wanted| wanted.parse().ok());
    (0..wanted.unwrap_or(TEMPLATES))
        .map(|_| {
            strategy
                .new_tree(&mut runner)
                .expect("a template")
                .current()
        })
        .collect()
}

/// The jars, if they and Java's compiler are installed.
fn classpath() -> Option<String> {
    let classpath = std::env::var("VELOCITY_CLASSPATH").unwrap_or_else(|_| DEBIAN.to_owned());
    let jar = classpath.split(':').next().unwrap_or_default();
    let is_here = std::path::Path::new(jar).exists()
        && Command::new("javac").arg("-version").output().is_ok();
    is_here.then_some(classpath)
}

/// Velocity's results, in order: a text, or an error.
fn velocity(classpath: &str, templates: &[String]) -> Vec<Result<String, String>> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/Velocity.java");
    let mut java = Command::new("java")
        .args(["-cp", classpath, program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java runs");
    let mut input = java.stdin.take().expect("a pipe");
    let lines: String = templates
        .iter()
        .map(|template| STANDARD.encode(template) + "\n")
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = java.wait_with_output().expect("java ends");
    writer.join().expect("the writer ends").expect("java reads");
    let lines = String::from_utf8(output.stdout).expect("base64");
    let results = lines.lines().map(|line| {
        let (kind, text) = line.split_at(1);
        let text = String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8");
        if kind == "+" { Ok(text) } else { Err(text) }
    });
    results.collect()
}

/// An error of Velocity's parser, rather than a method that threw.
fn is_refused_by_its_parser(error: &str) -> bool {
    [
        "Encountered",
        "Lexical error",
        "Failed to parse String literal",
    ]
    .iter()
    .any(|beginning| error.starts_with(beginning))
}

#[test]
fn random_templates_render_as_in_velocity() {
    let Some(classpath) = classpath() else {
        println!("not run: Java or Velocity is not installed");
        return;
    };
    let templates = templates();
    let results = velocity(&classpath, &templates);
    assert_eq!(results.len(), templates.len());
    let (mut rendered, mut differing) = (0, Vec::new());
    for (template, result) in templates.iter().zip(&results) {
        let ours = Template::parse(template)
            .map_err(|error| error.to_string())
            .and_then(|template| {
                template
                    .render(&Input::default())
                    .map_err(|error| error.to_string())
            });
        match (&ours, result) {
            (Ok(ours), Ok(theirs)) if ours.text == *theirs => rendered += 1,
            (Err(_), Err(_)) => {}
            // This crate reads more than Velocity, see its documentation.
            (Ok(_), Err(theirs)) if is_refused_by_its_parser(theirs) => {}
            _ => {
                let ours = ours.map(|ours| ours.text);
                let body = template.strip_prefix(PREAMBLE).unwrap_or_default();
                differing.push((
                    body.len(),
                    format!("{body:?}\n  here: {ours:?}\n  Velocity: {result:?}"),
                ));
            }
        }
    }
    differing.sort();
    let worst: Vec<&str> = differing
        .iter()
        .map(|(_, text)| text.as_str())
        .take(20)
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} differ, the shortest:\n{}",
        differing.len(),
        templates.len(),
        worst.join("\n")
    );
    assert!(
        rendered > templates.len() / 2,
        "only {rendered} of {} templates rendered",
        templates.len()
    );
}
