//! Minifies a script: removes white space and comments, and gives variables short names.
//!
//! A name is renamed everywhere, whatever its scope, so that scopes need not be analyzed. That is safe for every declared
//! name that no other code uses for something undeclared: a property, which is never renamed, or a name of the browser
//! (`GLOBALS`).

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::{Kind, Token, tokens};

/// Names of the browser that the page uses. A module that declares one would have it renamed everywhere.
const GLOBALS: [&str; 8] = [
    "crypto",
    "document",
    "fetch",
    "history",
    "indexedDB",
    "location",
    "navigator",
    "window",
];

/// What a brace encloses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brace {
    Block,
    Class,
    /// An object literal or a pattern.
    Object,
    /// Parentheses and square brackets.
    Other,
}

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A property, a method, or no name at all.
    Fixed,
    /// A variable.
    Variable,
    /// `{ name }`: a property and the variable of the same name.
    Shorthand,
}

/// The minified script; `None` if it is not supported.
pub(crate) fn minify(script: &str) -> Option<String> {
    let tokens = tokens(script)?;
    let uses = uses(&tokens)?;
    let names = short_names(&tokens, &uses, &declared(&tokens, &uses)?);
    let mut output = String::with_capacity(script.len());
    let mut previous: Option<Token<'_>> = None;
    for (token, used) in tokens.iter().zip(&uses) {
        if previous.is_some_and(|previous| needs_line_end(&previous, token)) {
            output.push('\n');
        } else if previous.is_some_and(|previous| needs_space(&previous, token)) {
            output.push(' ');
        }
        match (names.get(token.text), used) {
            (Some(name), Use::Variable) => output.push_str(name),
            (Some(name), Use::Shorthand) => {
                output.push_str(token.text);
                output.push(':');
                output.push_str(name);
            }
            _ => {
                // A semicolon before a closing brace is redundant.
                if token.is("}") && output.ends_with(';') {
                    output.pop();
                }
                output.push_str(token.text);
            }
        }
        previous = Some(*token);
    }
    output.push('\n');
    Some(output)
}

fn needs_space(previous: &Token<'_>, token: &Token<'_>) -> bool {
    let is_word = |token: &Token<'_>| matches!(token.kind, Kind::Name | Kind::Number);
    let doubles = |sign: &str| previous.text.ends_with(sign) && token.text.starts_with(sign);
    (is_word(previous) && is_word(token))
        || (previous.kind == Kind::Sign
            && token.kind == Kind::Sign
            && (doubles("+") || doubles("-")))
        || (previous.is("/") && token.text.starts_with('/'))
}

/// Whether the end of a line may end a statement. Statements end in semicolons or blocks, so that few are kept.
fn needs_line_end(previous: &Token<'_>, token: &Token<'_>) -> bool {
    token.after_line_end
        && matches!(token.kind, Kind::Name | Kind::Number)
        && (matches!(previous.kind, Kind::Name | Kind::Number | Kind::Literal)
            || previous.is(")")
            || previous.is("]"))
}

fn uses(tokens: &[Token<'_>]) -> Option<Vec<Use>> {
    let mut braces = vec![Brace::Block];
    let mut class = false;
    let mut uses = Vec::with_capacity(tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &tokens[before]);
        let after = tokens.get(index + 1);
        let inside = *braces.last()?;
        if token.kind == Kind::Literal {
            if token.text.starts_with('}') {
                braces.pop();
            }
            if token.text.ends_with("${") {
                braces.push(Brace::Other);
            }
        } else if token.kind == Kind::Sign {
            match token.text {
                "{" if std::mem::take(&mut class) => braces.push(Brace::Class),
                "{" if starts_block(before, inside) => braces.push(Brace::Block),
                "{" => braces.push(Brace::Object),
                "(" | "[" => braces.push(Brace::Other),
                "}" | ")" | "]" => drop(braces.pop()),
                _ => {}
            }
        } else if token.is("class") && after.is_some_and(|after| after.kind == Kind::Name) {
            class = true;
        }
        uses.push(if token.kind == Kind::Name {
            name_use(before, after, inside)
        } else {
            Use::Fixed
        });
    }
    (braces == [Brace::Block]).then_some(uses)
}

fn starts_block(before: Option<&Token<'_>>, inside: Brace) -> bool {
    let Some(before) = before else { return true };
    let words = ["else", "do", "try", "finally", "catch"];
    words.iter().any(|word| before.is(word))
        || [")", "=>", ";", "}"].iter().any(|sign| before.is(sign))
        || (before.is("{") && inside != Brace::Object)
}

fn name_use(before: Option<&Token<'_>>, after: Option<&Token<'_>>, inside: Brace) -> Use {
    let before_is = |sign: &str| before.is_some_and(|before| before.is(sign));
    let after_is = |sign: &str| after.is_some_and(|after| after.is(sign));
    if before_is(".") || before_is("?.") || inside == Brace::Class {
        return Use::Fixed;
    }
    if inside == Brace::Object && (before_is("{") || before_is(",")) {
        if after_is(":") || after_is("(") {
            return Use::Fixed;
        }
        if after_is(",") || after_is("}") || after_is("=") {
            return Use::Shorthand;
        }
    }
    Use::Variable
}

/// Every name that is declared: by const, let, function or class, or as a parameter.
fn declared<'a>(tokens: &[Token<'a>], uses: &[Use]) -> Option<BTreeSet<&'a str>> {
    let mut names = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = |ahead: usize| tokens.get(index + ahead);
        let mut add = |token: &Token<'a>| names.insert(token.text);
        if token.is("const") || token.is("let") {
            for name in declarators(tokens, uses, index + 1) {
                add(name);
            }
        } else if token.is("class") || token.is("function") {
            add(next(1)?);
        } else if token.is("=>") && index > 0 && tokens[index - 1].kind == Kind::Name {
            add(&tokens[index - 1]);
        } else if token.is("(") {
            let end = closing(tokens, index)?;
            let is_catch = index > 0 && tokens[index - 1].is("catch");
            let is_function = index > 1 && tokens[index - 2].is("function");
            let is_arrow = tokens.get(end + 1).is_some_and(|after| after.is("=>"));
            // `name(…) {` where there can't be a call is a method.
            let is_method = index > 0
                && uses[index - 1] == Use::Fixed
                && tokens[index - 1].kind == Kind::Name
                && !(index > 1 && (tokens[index - 2].is(".") || tokens[index - 2].is("?.")))
                && tokens.get(end + 1).is_some_and(|after| after.is("{"));
            if is_catch || is_function || is_arrow || is_method {
                for name in bindings(tokens, uses, index, end) {
                    add(name);
                }
            }
        }
    }
    names.retain(|name| !GLOBALS.contains(name));
    Some(names)
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ if token.kind == Kind::Literal && token.text.ends_with("${") => depth += 1,
            _ => {}
        }
        if token.kind == Kind::Literal && token.text.starts_with('}') {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// The names in a list of parameters or a pattern between two brackets.
fn bindings<'t, 'a>(
    tokens: &'t [Token<'a>],
    uses: &'t [Use],
    open: usize,
    end: usize,
) -> impl Iterator<Item = &'t Token<'a>> {
    (open + 1..end)
        .filter(|&index| {
            let before = &tokens[index - 1];
            uses[index] != Use::Fixed
                && ["(", ",", "{", "[", ":", "..."]
                    .iter()
                    .any(|sign| before.is(sign))
        })
        .map(|index| &tokens[index])
}

/// The names that a declaration declares whose first one is at `first`.
fn declarators<'t, 'a>(
    tokens: &'t [Token<'a>],
    uses: &'t [Use],
    first: usize,
) -> Vec<&'t Token<'a>> {
    let mut names = Vec::new();
    let mut index = first;
    let mut expects_name = true;
    while let Some(token) = tokens.get(index) {
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            let Some(end) = closing(tokens, index) else {
                break;
            };
            if expects_name {
                names.extend(bindings(tokens, uses, index, end));
            }
            expects_name = false;
            index = end;
        } else if expects_name {
            names.push(token);
            expects_name = false;
        } else if token.is(",") {
            expects_name = true;
        } else if [";", ")", "}", "of", "in"]
            .iter()
            .any(|sign| token.is(sign))
        {
            break;
        }
        index += 1;
    }
    names
}

/// Short names, the shortest for the most frequent.
fn short_names<'a>(
    tokens: &[Token<'a>],
    uses: &[Use],
    declared: &BTreeSet<&'a str>,
) -> BTreeMap<&'a str, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for (token, used) in tokens.iter().zip(uses) {
        if token.kind != Kind::Name {
            continue;
        }
        if *used != Use::Fixed && declared.contains(token.text) {
            *counts.entry(token.text).or_default() += 1;
        } else {
            kept.insert(token.text);
        }
    }
    let mut ordered: Vec<(&str, usize)> = counts.into_iter().collect();
    ordered.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    let mut number = 0;
    let mut fresh = || {
        loop {
            let name = letters(number);
            number += 1;
            if !kept.contains(name.as_str())
                && !["as", "do", "if", "in", "of"].contains(&name.as_str())
            {
                return name;
            }
        }
    };
    ordered
        .into_iter()
        .map(|(name, _)| (name, fresh()))
        .collect()
}

/// a to Z, then aa, ba, …
fn letters(mut number: usize) -> String {
    const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = String::new();
    loop {
        name.push(char::from(LETTERS[number % 52]));
        number /= 52;
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]
mod tests {
    use super::*;

    #[test]
    fn variables_get_short_names_and_properties_keep_theirs() {
        for (script, short) in [
            (
                "const total = { total: 1, other: 2 };\nalert(total.total);",
                "const a={total:1,other:2};alert(a.total);\n",
            ),
            (
                "function sum({ first, second: [two] = [] }, ...more) {\n  return { first, two, more };\n}",
                "function d({first:a,second:[c]=[]},...b){return{first:a,two:c,more:b}}\n",
            ),
            (
                "class Box {\n  constructor(side) {\n    this.side = side;\n  }\n\n  get area() {\n    return this.side ** 2;\n  }\n}\nnew Box(1);",
                "class a{constructor(b){this.side=b}get area(){return this.side**2}}new a(1);\n",
            ),
            (
                "const node = make({ class: \"a\" });\nif (node) { node.class = node; }",
                "const a=make({class:\"a\"});if(a){a.class=a}\n",
            ),
            (
                "const kind = a();\nconst b = c ? { kind, d: 1 } : { kind, e: 2 };",
                "const b=a();const f=c?{kind:b,d:1}:{kind:b,e:2};\n",
            ),
            (
                "let open = false, count = 1;\nopen ? count : -1;\nif (open) { count++; }",
                "let b=false,a=1;b?a:-1;if(b){a++}\n",
            ),
            (
                "for (const [key, value] of list) try { use(`${key}: ${value}`); } catch (error) { log(error); }",
                "for(const[b,c]of list)try{use(`${b}: ${c}`)}catch(a){log(a)}\n",
            ),
            (
                "const f = async (item) => ({ item, b: item + +1 });\nf(document.title)",
                "const c=async(a)=>({item:a,b:a+ +1});c(document.title)\n",
            ),
        ] {
            assert_eq!(minify(script).unwrap(), short);
        }
    }

    #[test]
    fn a_line_end_that_ends_a_statement_stays() {
        assert_eq!(
            minify("let a = b\nlet c = d()\nc\n").unwrap(),
            "let c=b\nlet a=d()\na\n"
        );
    }
}
