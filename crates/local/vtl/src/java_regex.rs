//! `java.util.regex`, as far as mapping templates use it, implemented with the `regex` crate.
//!
//! The two agree on most of their syntax. Differences are translated (ASCII `\d`, `\w`, `\s`, a dot that
//! stops at every line terminator, `\Q…\E`, `\<`), and what the crate does not support (look-around, back-references,
//! possessive quantifiers) is an error, never a different match.

use regex::{Regex, RegexBuilder};

const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z0-9_";
const SPACE: &str = " \\t\\n\\x0B\\f\\r";
/// Java's dot matches all but line terminators.
const NO_LINE_TERMINATOR: &str = "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]";
/// The limit on the compiled size of a pattern in bytes.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Compiles a Java pattern; `whole` makes it match whole strings only, as `String.matches` does.
pub(crate) fn compile(pattern: &str, whole: bool) -> Result<Regex, String> {
    let translated = Translator {
        rest: pattern.chars().peekable(),
        out: String::new(),
    }
    .translate(pattern)?;
    let translated = if whole {
        format!("\\A(?:{translated})\\z")
    } else {
        translated
    };
    RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED_BYTES)
        .nest_limit(50)
        .build()
        .map_err(|error| format!("the pattern {pattern:?} is not supported: {error}"))
}

struct Translator<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
    out: String,
}

impl Translator<'_> {
    fn translate(mut self, pattern: &str) -> Result<String, String> {
        // With (?s) the dot means any character in both.
        let dot_is_all =
            pattern.contains("(?s") || pattern.contains("(?is") || pattern.contains("(?ms");
        let mut classes = 0_usize;
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape(classes > 0)?,
                '[' => {
                    classes += 1;
                    self.out.push(c);
                }
                ']' if classes > 0 => {
                    classes -= 1;
                    self.out.push(c);
                }
                // `--` and `~~` are operators in the crate's classes, not in Java's.
                '-' | '~' if classes > 0 && self.rest.peek() == Some(&c) => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '.' if classes == 0 && !dot_is_all => self.out.push_str(NO_LINE_TERMINATOR),
                '*' | '+' | '?' | '}' if classes == 0 => {
                    self.out.push(c);
                    if self.rest.peek() == Some(&'+') {
                        return Err("possessive quantifiers are not supported".to_owned());
                    }
                }
                _ => self.out.push(c),
            }
        }
        Ok(self.out)
    }

    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let Some(c) = self.rest.next() else {
            return Err("the pattern ends in a backslash".to_owned());
        };
        match c {
            'd' => self.class(DIGIT, false, in_class),
            'D' => self.class(DIGIT, true, in_class),
            'w' => self.class(WORD, false, in_class),
            'W' => self.class(WORD, true, in_class),
            's' => self.class(SPACE, false, in_class),
            'S' => self.class(SPACE, true, in_class),
            'h' => self.class(" \\t\\xA0", false, in_class),
            'R' if !in_class => self
                .out
                .push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\x{85}\\x{2028}\\x{2029}])"),
            'e' => self.out.push_str("\\x1B"),
            'Q' => self.quotation(),
            '1'..='9' => return Err("back-references are not supported".to_owned()),
            'A' | 'b' | 'B' | 'z' | 'n' | 'r' | 't' | 'f' | 'a' | 'x' | 'u' | 'p' | 'P' => {
                self.out.push('\\');
                self.out.push(c);
            }
            c if c.is_alphanumeric() => return Err(format!("the escape \\{c} is not supported")),
            // In Java a backslash before a character that is not a letter makes it literal.
            c => self
                .out
                .push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
        Ok(())
    }

    fn class(&mut self, members: &str, negated: bool, in_class: bool) {
        if in_class && !negated {
            self.out.push_str(members);
        } else {
            self.out.push_str(if negated { "[^" } else { "[" });
            self.out.push_str(members);
            self.out.push(']');
        }
    }

    fn quotation(&mut self) {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                break;
            }
            text.push(c);
        }
        self.out.push_str(&regex::escape(&text));
    }
}

/// `String.replaceAll` and `replaceFirst`: `$1` and `${name}` are groups, a backslash makes the next character literal. At
/// most `limit` replacements, 0 for all.
pub(crate) fn replace(
    text: &str,
    regex: &Regex,
    replacement: &str,
    limit: usize,
    most: usize,
) -> Result<String, String> {
    // Java only reads the replacement if there is something to replace.
    let mut parts = None;
    let mut out = String::new();
    let mut from = 0;
    for (n, captures) in regex.captures_iter(text).enumerate() {
        if limit > 0 && n >= limit {
            break;
        }
        let Some(all) = captures.get(0) else { break };
        out.push_str(&text[from..all.start()]);
        let parts = match &mut parts {
            Some(parts) => parts,
            none => none.insert(replacement_parts(replacement, regex)?),
        };
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => out.push_str(captures.get(*group).map_or("", |m| m.as_str())),
            }
        }
        from = all.end();
        if out.len() > most {
            return Err("the text grows too long".to_owned());
        }
    }
    out.push_str(&text[from..]);
    Ok(out)
}

enum Part {
    Text(String),
    Group(usize),
}

fn replacement_parts(replacement: &str, regex: &Regex) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = replacement.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.push(rest.next().ok_or("character to be escaped is missing")?),
            '$' => {
                let group = match rest.next() {
                    Some('{') => {
                        let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
                        let known = regex.capture_names().position(|other| other == Some(&name));
                        known.ok_or_else(|| format!("no group with name {{{name}}}"))?
                    }
                    Some(digit @ '0'..='9') => {
                        let mut group = digit as usize - '0' as usize;
                        if group >= regex.captures_len() {
                            return Err(format!("no group {group}"));
                        }
                        // As many digits as possible that still name a group.
                        while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                            let longer = group * 10 + digit as usize;
                            if longer >= regex.captures_len() {
                                break;
                            }
                            group = longer;
                            rest.next();
                        }
                        group
                    }
                    _ => return Err("illegal group reference".to_owned()),
                };
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(group));
            }
            c => text.push(c),
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

/// `String.split`: a positive `limit` bounds the pieces, 0 drops empty ones at the end, a negative keeps them.
pub(crate) fn split<'t>(text: &'t str, regex: &Regex, limit: i128) -> Vec<&'t str> {
    let most = usize::try_from(limit).unwrap_or(0);
    let mut pieces = Vec::new();
    let mut from = 0;
    for found in regex.find_iter(text) {
        if most > 0 && pieces.len() + 1 == most {
            break;
        }
        // An empty match at the beginning makes no empty piece.
        if found.end() == 0 {
            continue;
        }
        pieces.push(&text[from..found.start()]);
        from = found.end();
    }
    pieces.push(&text[from..]);
    if limit == 0 && pieces.len() > 1 {
        while pieces.len() > 1 && pieces.last().is_some_and(|piece| piece.is_empty()) {
            pieces.pop();
        }
        if pieces == [""] {
            pieces.clear();
        }
    }
    pieces
}
