//! The output of each construct, and the source of the expectation.

use serde_json::json;
use vtl::{Input, Rendered, Template};

/// Where an expectation comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// <https://velocity.apache.org/engine/1.7/user-guide.html>
    Manual,
    /// Rendered by Apache Velocity 1.7.
    Velocity,
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>
    Aws,
    /// Follows from a recording, see `recorded_cases.json`.
    Recorded,
    /// The documentation of the Java method that the template calls.
    Java,
    /// No source: the interpretation that hides no mistakes was chosen.
    Chosen,
}
use Source::{Aws, Chosen, Java, Manual, Recorded, Velocity};

fn input() -> Input {
    let mut input = Input {
        body: r#"{"Items": [{"Id": {"S": "a/b"}, "N": 1.50}, {"Id": {"S": "c'd"}}], "Count": 2, "none": null}"#.to_owned(),
        context: json!({"requestId": "r-1", "identity": {"sourceIp": "127.0.0.1"}}),
        ..Input::default()
    };
    input.path.insert("key".to_owned(), "from path".to_owned());
    for name in ["key", "q"] {
        input
            .querystring
            .insert(name.to_owned(), format!("{name} from query"));
    }
    for name in ["key", "q", "H-1"] {
        input
            .header
            .insert(name.to_owned(), format!("{name} from header"));
    }
    input
        .stage_variables
        .insert("bucket".to_owned(), "raw".to_owned());
    input
}

fn render(template: &str) -> Result<Rendered, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template.render(&input()).map_err(|error| error.to_string())
}

fn check(cases: &[(Source, &str, &str)]) {
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(source, template, expected)| {
            let text = render(template).map(|rendered| rendered.text);
            (text.as_deref() != Ok(*expected)).then(|| {
                format!("{template:?} ({source:?})\n  expected {expected:?}\n  rendered {text:?}")
            })
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The template is refused when it is parsed or rendered; API Gateway responds with 500.
fn check_errors(cases: &[(Source, &str, &str)]) {
    for (source, template, problem) in cases {
        let error = render(template).expect_err(template);
        assert!(
            error.starts_with(problem),
            "{template:?} ({source:?}): {error}"
        );
    }
}

#[test]
fn references() {
    check(&[
        (
            Manual,
            "#set($a = 'x')$a $!a ${a} $!{a} ${a}rest",
            "x x x x xrest",
        ),
        (Manual, "#set($a = 'x')\\$a \\\\$a \\\\\\$a", "$a \\x \\$a"),
        (
            Recorded,
            "[$undefined][$!undefined][${undefined.a.b()}]",
            "[][][]",
        ),
        (Manual, "$2.50 costs $ 5", "$2.50 costs $ 5"),
        (Velocity, "${5} ${ $[ $( $,", "${5} ${ $[ $( $,"),
        (Velocity, "#set($a = 'x')$a. $a.", "x. x."),
        (Velocity, "#set($a-b = 'x')$a-b", "x"),
        (
            Velocity,
            "#set($l = [1, 2])$l[0] $l[-1] ${l}[0]",
            "1 2 [1, 2][0]",
        ),
        (
            Manual,
            "#set($m = {'a': {'b': 1}})$m.a.b $m['a'].b $m.get('a').get('b')",
            "1 1 1",
        ),
    ]);
}

#[test]
fn signs_that_begin_nothing() {
    check(&[
        // "Advanced: escaping and !" of the user guide; the next case was rendered by Velocity.
        (
            Manual,
            "#set($foo = 'bar')$\\!foo $\\\\!foo $\\\\\\!foo",
            "$!foo $\\!foo $\\\\!foo",
        ),
        (Velocity, "$\\!nope \\$\\!nope", "$!nope \\$!nope"),
        (Chosen, "#set($foo = 'bar')$\\!{foo}", "$!{foo}"),
        (
            Velocity,
            "#set($foo = 'bar')$$foo $!$foo #$foo",
            "$bar $!bar #bar",
        ),
        (Velocity, "a$#if(true)x#end b", "ax b"),
        (Velocity, "#if(true)a$#end b#if(true)a$!#else b#end", "a ba"),
        (
            Velocity,
            "a$$#set($v = 1)b a$  #set($v = 1)b a#  #set($v = 1)b",
            "ab ab ab",
        ),
        (Velocity, "a$#* c *#b a$#**#b a$ #* c *#b", "ab a$b a$ b"),
        (Velocity, "a${#set($v = 1)b", "a${b"),
    ]);
    check_errors(&[(
        Velocity,
        "$#foreach($x in [1])#end",
        "line 1, column 2: #foreach directly after \"$\" is text",
    )]);
}

#[test]
fn breaks_and_stops() {
    check(&[
        (
            Manual,
            "#foreach($x in [1..3])#if($x == 2)#break($foreach)#end$x#end after",
            "1 after",
        ),
        (
            Velocity,
            "#foreach($x in [1, 2])#foreach($y in [1, 2])$y#break($foreach.parent)#end x#end after",
            "1 after",
        ),
        (
            Velocity,
            "#foreach($x in [1, 2])#foreach($y in [1, 2])$y#break ()#end x#end",
            "1 x1 x",
        ),
        (Velocity, "a#stop('why')b", "a"),
        (Velocity, "#define($d)a#stop b#end$d c", "a"),
        (Velocity, "#define($d)a#break b#end$d c", "a c"),
        (Velocity, "a#set($x = 'b#stop c')$x d", "ab#stop c d"),
        (Velocity, "a#set($x = \"b#stop c\")$x d", "a"),
        (
            Velocity,
            "#foreach($x in [1, 2])$x#set($y = \"#break\")$y c#end d",
            "1 d",
        ),
    ]);
    check_errors(&[
        (
            Velocity,
            "#foreach($x in [1])#break($x)#end",
            "#break: its argument is not a scope",
        ),
        (Velocity, "#stop(1, 2)", "line 1, column 8: expected \")\""),
    ]);
}

#[test]
fn foreach_knows_where_it_is() {
    check(&[
        (
            Manual,
            "#foreach($x in ['a', 'b'])$foreach.index$foreach.count$foreach.first$foreach.last$foreach.hasNext #end",
            "01truefalsetrue 12falsetruefalse ",
        ),
        (
            Velocity,
            "#foreach($x in [1, 2])#foreach($y in [1..2])$foreach.parent.index$foreach.topmost.count #end#end",
            "01 01 12 12 ",
        ),
        (
            Velocity,
            "#foreach($x in [1, 2])$velocityCount$velocityHasNext #end",
            "1true 2false ",
        ),
        (
            Velocity,
            "#foreach($x in 'abc')$x#end#foreach($x in 5)$x#end",
            "",
        ),
        (
            Recorded,
            "#foreach($x in [1, 2])#foreach($x in [3])$x#end$x #end[$x]",
            "31 32 []",
        ),
    ]);
}

#[test]
fn directives_that_api_gateway_does_not_have_are_text() {
    check(&[
        (
            Recorded,
            "#evaluate('x')#return(1)",
            "#evaluate('x')#return(1)",
        ),
        (Recorded, "#macro(m $a)x#end#m(1)", "#m(1)"),
        // Not recorded; AWS has no files to include, and does not document them.
        (
            Chosen,
            "#include('x')#parse(\"y\")",
            "#include('x')#parse(\"y\")",
        ),
        (Chosen, "#@m(1)", "#@m(1)"),
    ]);
}

#[test]
fn directives_and_the_whitespace_they_swallow() {
    check(&[
        (
            Velocity,
            "a\n        #set($b = 3)\n    $b",
            "a\n            3",
        ),
        (
            Velocity,
            "#set($a = 1) #set($b = 2)\n   #set($c = 3)\n  x #set($d = 4) y",
            "  x  y",
        ),
        (Velocity, "#if(true)\n  a\n#end  \n  b", "  a\n  b"),
        (Velocity, "#if(false)a#else \n b#end\nc", " bc"),
        (Velocity, "#if(false)a#elseif(true) b#{else} c#end", " b"),
        (Velocity, "#if\n(true)x#end", "x"),
        (
            Velocity,
            "#foreach($x in [1..3])#if($x == 2)#break#end$x#end after",
            "1 after",
        ),
        (Velocity, "a#break b", "a"),
        (Velocity, "#foreach($x in {'a': 1, 'b': 2})$x,#end", "1,2,"),
        (
            Velocity,
            "#foreach($x in [1, 2])#foreach($y in [1..2])$foreach.parent.count$foreach.count #end#end",
            "11 12 21 22 ",
        ),
        (
            Manual,
            "#define($block)Hello $who#end#set($who = 'World!')$block",
            "Hello World!",
        ),
        (Velocity, "#define($d)[$!d]#end$d", "[[]]"),
        (Manual, "a#stop b", "a"),
        (
            Manual,
            "#[[ #foreach($x in $y) ]]# b",
            " #foreach($x in $y)  b",
        ),
        (Manual, "a ## b\nc #* d\ne *# f", "a c  f"),
        (Velocity, "#* never closed", ""),
        (
            Velocity,
            "#5 #a #foo( 1, 'x' )\ny",
            "#5 #a #foo( 1, 'x' )\ny",
        ),
        (
            Velocity,
            "\\#if \\\\#if(true)x#end \\#foo \\\\#foo",
            "#if \\x \\#foo \\\\#foo",
        ),
    ]);
}

#[test]
fn expressions() {
    check(&[
        (
            Manual,
            "#set($x = 5 / 2)$x,#set($x = -5 % 3)$x,#set($x = 1 + 2 * 3)$x",
            "2,-2,7",
        ),
        (
            Velocity,
            "#set($x = 5.0 / 2)$x,#set($x = 2147483647 + 1)$x,#set($x = 1e3)$x",
            "2.5,2147483648,1000.0",
        ),
        (
            Velocity,
            "#set($x = 1 + 'a')$x,#set($x = 'a' + 1 + 2)$x",
            "1a,a12",
        ),
        (
            Velocity,
            "#if('1' == 1)y#end#if(1 == 1.0)y#end#if('a' < 'b')n#end",
            "yy",
        ),
        (Velocity, "#set($x = true and not false || 1 > 2)$x", "true"),
        (
            Recorded,
            "#if($undefined == $null && $undefined == '' && !('' == 'x'))y#end",
            "y",
        ),
        (
            Recorded,
            "#if('')y#end#if(0)y#end#if([])y#end#if($null)y#end",
            "yyyy",
        ),
        (
            Velocity,
            "#set($x = [3..1])$x,#set($x = [])$x,#set($x = {})$x",
            "[3, 2, 1],[],{}",
        ),
        (
            Velocity,
            "#set($x = \"a\"\"b\")$x#set($x = 'it''s')$x",
            "a\"bit's",
        ),
        (Velocity, "#set($x = \"#if(true)y#end $ #\")$x", "y $ #"),
        (Manual, "#set($x = 'a $b')$x", "a $b"),
        (Velocity, "#set($x = 'a\\n\\')$x", "a\\n\\"),
    ]);
}

#[test]
fn string_methods() {
    check(&[
        (
            Java,
            "#set($s = 'abcab')$s.indexOf('b') $s.indexOf('b', 2) $s.lastIndexOf('ab') $s.indexOf('z')",
            "1 4 3 -1",
        ),
        (
            Java,
            "#set($s = 'abcab')$s.substring(1) $s.substring(1, 3) $s.charAt(2) $s.length()",
            "bcab bc c 5",
        ),
        (
            Java,
            "#set($s = 'a,b,,')$s.split(',').size() $s.split(',', -1).size() $s.split(',')[1]",
            "2 4 b",
        ),
        (
            Java,
            "#set($s = ' Ab ')[$s.trim()] $s.toUpperCase() $s.toLowerCase() $s.isEmpty()",
            "[Ab]  AB   ab  false",
        ),
        (
            Java,
            "#set($s = 'a.b')$s.replace('.', '-') $s.replaceAll('.', '-') $s.replaceAll('(.)\\.', '$1$1')",
            "a-b --- aab",
        ),
        (
            Java,
            "#set($s = 'ab')$s.concat('c') $s.equals('ab') $s.equalsIgnoreCase('AB') $s.startsWith('b', 1)",
            "abc true true true",
        ),
        (
            Java,
            "#set($s = 'ab1')$s.matches('[a-z]+') $s.matches('\\w+') $s.contains('b1') $s.endsWith('1')",
            "false true true true",
        ),
        (
            Java,
            "#set($s = 'a😀é')$s.length() $s.indexOf('é') $s.substring(3)",
            "4 3 é",
        ),
        (
            Java,
            "#set($s = \"it\\'s\")$s.replaceAll(\"\\\\'\", \"'\")",
            "it's",
        ),
        (
            Java,
            "#set($s = 'abcab')$s.regionMatches(3, 'xab', 1, 2) $s.regionMatches(true, 0, 'AB', 0, 2) $s.regionMatches(4, 'b', 0, 2)",
            "true true false",
        ),
        (
            Java,
            "#set($s = 'ab')$s.contentEquals('ab') $s.valueOf(5) $s.join('-', ['a', 1, 'b'])",
            "true 5 a-1-b",
        ),
        (
            Java,
            "#set($I = 0)$I.toHexString(255) $I.toBinaryString(5) $I.toHexString(-1) $I.max(2, 3) $I.hashCode()",
            "ff 101 ffffffff 3 0",
        ),
        (
            Java,
            "#set($d = 2.5)$d.hashCode() $d.isNaN() #set($b = true)$b.hashCode() $b.compareTo(false)",
            "1074003968 false1231 1",
        ),
        (Java, "#set($I = 0)#set($n = $I.parseInt('41') + 1)$n", "42"),
        (Velocity, "#set($s = 'x')[$!s.noSuchMethod()]", "[]"),
    ]);
}

#[test]
fn list_and_map_methods() {
    check(&[
        (
            Java,
            "#set($l = [1, 2])$l.add(3) $l.size() $l.contains(2) $l.indexOf(3) $l.remove(0) $l",
            "true 3 true 2 1 [2, 3]",
        ),
        (
            Java,
            "#set($l = [1, 2])#set($l[0] = 'x')$l $l.isEmpty() $l.get(1) $l.subList(0, 1)",
            "[x, 2] false 2 [x]",
        ),
        (
            Java,
            "#set($m = {'a': 1})[$!m.put('b', 2)] $m.put('b', 3) $m $m.containsKey('a') $m.remove('a') $m.size()",
            "[] 2 {a=1, b=3} true 1 1",
        ),
        (
            Java,
            "#set($l = [1, 2, 3])$l.removeAll([2, 4]) $l $l.retainAll([3]) $l $l.retainAll([3])",
            "true [1, 3] true [3] false",
        ),
        (
            Java,
            "#set($m = {'a': 1})$m.replace('a', 2) [$!m.replace('b', 3)] $m",
            "1 [] {a=2}",
        ),
        (
            Java,
            "#set($m = {'a': 1})$m.keySet() $m.values() $m.entrySet() $m.getOrDefault('z', 9)",
            "[a] [1] [a=1] 9",
        ),
        (
            Java,
            "#set($m = {'a': 1})#foreach($e in $m.entrySet())$e.key=$e.value $e.getKey()#end",
            "a=1 a",
        ),
        (
            Recorded,
            "#set($l = $input.path('$.Items'))#set($ignored = $l.add({'k': [1]}))$l[2] $l[0].N",
            "{k=[1]} 1.5",
        ),
    ]);
}

#[test]
fn input_and_context() {
    check(&[
        (
            Aws,
            "$input.params('key'), $input.params('q'), $input.params('H-1')",
            "from path, q from query, H-1 from header",
        ),
        (
            Aws,
            "$input.params().querystring.get('key') $input.params().header['H-1'] $input.params('header')",
            "key from query H-1 from header ",
        ),
        (
            Aws,
            "$input.json('$.Count') $input.json('$.Items[0].Id')",
            "2 {\"S\":\"a/b\"}",
        ),
        (
            Recorded,
            "$input.json('$.absent') [$input.path('$.absent')]",
            "\"\" []",
        ),
        (
            Aws,
            "#foreach($i in $input.path('$.Items'))$input.path(\"$.Items[$foreach.index].Id.S\") #end",
            "a/b c'd ",
        ),
        (
            Aws,
            "#foreach($i in $input.path('$.Items'))$input.json(\"$.Items[$foreach.index].Id.S\")#end",
            "\"a/b\"\"c'd\"",
        ),
        (
            Aws,
            "$context.requestId $context.identity.sourceIp $stageVariables.bucket $stageVariables['bucket']",
            "r-1 127.0.0.1 raw raw",
        ),
        (
            Aws,
            "#set($context.responseOverride.status = 404)$context.responseOverride.status",
            "404",
        ),
        (
            Aws,
            "$util.urlEncode('a b+c*-._~/é') $util.urlDecode('a+b%2Bc%C3%A9')",
            "a+b%2Bc*-._%7E%2F%C3%A9 a b+cé",
        ),
        (
            Aws,
            "$util.base64Encode('é😀') $util.base64Decode('w6nwn5iA')",
            "w6nwn5iA é😀",
        ),
        (
            Aws,
            "$util.parseJson('{\"a\": [1, {\"b\": \"x\"}]}').a[1].b",
            "x",
        ),
        (Aws, "$util.escapeJavaScript(\"it's\")", "it\\'s"),
        (
            Chosen,
            "$input.json('$.none') [$input.path('$.none')]",
            "null []",
        ),
        (
            Chosen,
            "[$util.parseJson('')][$util.base64Encode($undefined)]",
            "[][]",
        ),
    ]);
}

#[test]
fn templates_that_can_t_be_read_say_where() {
    check_errors(&[
        (
            Recorded,
            "a $",
            "line 1, column 3: the template ends in \"$\"",
        ),
        (
            Velocity,
            "a\n#",
            "line 2, column 1: the template ends in \"#\"",
        ),
        (
            Velocity,
            "a\n#if(true)b",
            "line 2, column 1: #if without #end",
        ),
        (
            Velocity,
            "x#else",
            "line 1, column 2: #else without a directive that it belongs to",
        ),
        (
            Velocity,
            "${foo",
            "line 1, column 6: expected \"}\" at the end of ${foo, but the template ends",
        ),
        (
            Velocity,
            "$foo[abc]",
            "line 1, column 6: expected a value, found 'a'",
        ),
        (
            Velocity,
            "#set($a 1)",
            "line 1, column 9: expected \"=\" in #set, found '1'",
        ),
        (
            Velocity,
            "#[[ a",
            "line 1, column 1: \"#[[\" without \"]]#\"",
        ),
        (
            Velocity,
            "#foreach($x)",
            "line 1, column 12: expected \"in\" in #foreach, found ')'",
        ),
        (
            Velocity,
            "#set($a = 'b)",
            "line 1, column 11: this string is never closed",
        ),
        (
            Velocity,
            "#set($a = \"x #if\")",
            "line 1, column 11: in this string, at its line 1, column 6: expected \"(\" after #if, but the template ends",
        ),
    ]);
}

#[test]
fn what_throws_in_java_is_an_error() {
    check_errors(&[
        (
            Velocity,
            "#set($l = [1])$l[1]",
            "index 1 out of bounds for length 1",
        ),
        (
            Velocity,
            "#set($l = [1])$l.get(1)",
            "index 1 out of bounds for length 1",
        ),
        (
            Velocity,
            "#set($s = 'a')$s.substring(2)",
            "substring: begin 2, end 1, length 1",
        ),
        (
            Velocity,
            "#set($l = [1, 2])#foreach($x in $l)$l.add($x)#end",
            "a list or map changes its length during a #foreach over it",
        ),
        (
            Java,
            "#set($s = 'a')$s.matches('(')",
            "matches: the pattern",
        ),
        (
            Java,
            "$util.urlDecode('%zz')",
            "$util.urlDecode: a percent sign without two hexadecimal digits",
        ),
        (Java, "$util.base64Decode('*')", "$util.base64Decode: "),
        (
            Chosen,
            "$util.parseJson('{')",
            "$util.parseJson: the text is not JSON",
        ),
        (
            Chosen,
            "$input.path('$[')",
            "JSONPath \"$[\": it ends too early",
        ),
    ]);
}

#[test]
fn a_method_that_java_has_and_this_engine_has_not_is_an_error() {
    check_errors(&[
        (
            Chosen,
            "#set($s = 'a')$s.format('%s', 1)",
            "java.lang.String.format is not supported",
        ),
        (
            Chosen,
            "#set($l = [1])$l.iterator()",
            "java.util.List.iterator is not supported",
        ),
        (
            Chosen,
            "#set($m = {})$m.merge('a', 1)",
            "java.util.Map.merge is not supported",
        ),
        (
            Chosen,
            "#set($n = 1)$n.signum(1)",
            "java.lang.Number.signum is not supported",
        ),
    ]);
}

#[test]
fn overrides_leave_the_template() {
    let rendered = render(
        "#set($context.requestOverride.header.Accept = 'text/plain')\
         #set($context.requestOverride.path['key'] = $input.params('key'))\
         $context.requestOverride.querystring.put('n', 5)\
         #set($context.responseOverride.header['X-A'] = [1, 2])\
         #set($context.responseOverride.header.absent = $undefined)\
         #set($context.responseOverride.status = '503')\
         #set($context.note = {'seen': true})",
    )
    .expect("renders");
    assert_eq!(rendered.request_override.header["Accept"], "text/plain");
    assert_eq!(rendered.request_override.path["key"], "from path");
    assert_eq!(rendered.request_override.querystring["n"], "5");
    assert_eq!(rendered.response_override.header.len(), 1);
    assert_eq!(rendered.response_override.header["X-A"], "[1, 2]");
    assert_eq!(rendered.response_override.status, Some(503));
    assert_eq!(rendered.context["note"], json!({"seen": true}));
    assert_eq!(rendered.context["requestId"], "r-1");
}

#[test]
fn a_status_that_is_none_overrides_nothing() {
    // Recorded: values outside 100 to 599 are ignored.
    for status in ["99", "600", "-1", "'abc'", "404.0", "$undefined"] {
        let rendered = render(&format!(
            "#set($context.responseOverride.status = {status})"
        ))
        .expect("renders");
        assert_eq!(rendered.response_override.status, None, "{status}");
    }
}
