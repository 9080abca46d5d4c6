//! The tokens of a module.

/// The kinds of tokens that the build distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a keyword.
    Name,
    /// A number.
    Number,
    /// A string, a regular expression, or a stretch of a template literal between its expressions.
    Literal,
    /// One operator or bracket.
    Sign,
}

/// A token and whether a line ended before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) after_line_end: bool,
}

impl Token<'_> {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != Kind::Literal
    }
}

/// Operators of more than one character, the longest first.
const OPERATORS: [&str; 31] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "<<",
    ">>",
];

/// Keywords after which an expression starts.
const BEFORE_EXPRESSION: [&str; 8] = [
    "return", "typeof", "case", "in", "of", "await", "throw", "else",
];

/// Splits JavaScript into tokens, without comments; `None` if a literal has no end.
pub(crate) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        after_line_end: false,
        tokens: Vec::new(),
        braces: Vec::new(),
    };
    while lexer.skip_space()? {
        lexer.next()?;
    }
    Some(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    after_line_end: bool,
    tokens: Vec<Token<'a>>,
    /// Open braces: true are those of a template's expressions.
    braces: Vec<bool>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token {
            kind,
            text: &self.text[self.at..self.at + length],
            after_line_end: std::mem::take(&mut self.after_line_end),
        });
        self.at += length;
    }

    /// Whether there is another token.
    fn skip_space(&mut self) -> Option<bool> {
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else {
                return Some(false);
            };
            if first.is_whitespace() {
                self.after_line_end |= first == '\n';
                self.at += first.len_utf8();
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/")? + 2;
            } else {
                return Some(true);
            }
        }
    }

    fn next(&mut self) -> Option<()> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        if is_name(first) {
            let end = rest.find(|next| !is_name(next)).unwrap_or(rest.len());
            let kind = if first.is_ascii_digit() {
                Kind::Number
            } else {
                Kind::Name
            };
            // A number's fraction. A method is never called on a number.
            let fraction = if kind == Kind::Number && rest[end..].starts_with('.') {
                let digits = &rest[end + 1..];
                1 + digits.find(|next| !is_name(next)).unwrap_or(digits.len())
            } else {
                0
            };
            self.push(kind, end + fraction);
        } else if first == '"' || first == '\'' {
            let length = end_of(rest, 1, &[first])?;
            self.push(Kind::Literal, length);
        } else if first == '`' || (first == '}' && self.braces.last() == Some(&true)) {
            if first == '}' {
                self.braces.pop();
            }
            self.template(rest)?;
        } else if first == '/' && self.expects_expression() {
            let length = end_of_regex(rest)?;
            self.push(Kind::Literal, length);
        } else if first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
            let end = rest[1..].find(|next| !is_name(next));
            self.push(Kind::Number, end.map_or(rest.len(), |end| end + 1));
        } else {
            match first {
                '{' => self.braces.push(false),
                '}' => drop(self.braces.pop()?),
                _ => {}
            }
            let operator = OPERATORS.iter().find(|known| rest.starts_with(*known));
            // `a?.5:b` is a conditional expression.
            self.push(
                Kind::Sign,
                operator.map_or(first.len_utf8(), |known| known.len()),
            );
        }
        Some(())
    }

    /// A stretch of a template literal, up to its end or its next expression.
    fn template(&mut self, rest: &'a str) -> Option<()> {
        let mut end = 1;
        loop {
            end += rest[end..].find(['`', '\\', '$'])?;
            if rest[end..].starts_with('`') {
                self.push(Kind::Literal, end + 1);
                return Some(());
            }
            if rest[end..].starts_with("${") {
                self.braces.push(true);
                self.push(Kind::Literal, end + 2);
                return Some(());
            }
            end += if rest[end..].starts_with('\\') { 2 } else { 1 };
        }
    }

    /// Whether a slash here starts a regular expression.
    fn expects_expression(&self) -> bool {
        self.tokens.last().is_none_or(|last| match last.kind {
            Kind::Sign => ![")", "]", "}"].contains(&last.text),
            Kind::Name => BEFORE_EXPRESSION.contains(&last.text),
            Kind::Literal => last.text.ends_with("${"),
            Kind::Number => false,
        })
    }
}

/// The end of a literal that one of `ends` closes.
fn end_of(rest: &str, mut at: usize, ends: &[char]) -> Option<usize> {
    loop {
        let next = rest[at..].chars().next()?;
        at += next.len_utf8();
        match next {
            '\\' => at += rest[at..].chars().next()?.len_utf8(),
            '\n' => return None,
            next if ends.contains(&next) => return Some(at),
            _ => {}
        }
    }
}

fn end_of_regex(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at = end_of(rest, at, &['/', '['])?;
        if rest[..at].ends_with('/') {
            let flags = &rest[at..];
            return Some(at + flags.find(|next| !is_name(next)).unwrap_or(flags.len()));
        }
        at = end_of(rest, at, &[']'])?;
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text)
            .unwrap()
            .iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn literals_are_one_token() {
        assert_eq!(
            texts(r#"a = /[/"]\/x/g.test("\"//") / 2.5 // c"#),
            [
                "a",
                "=",
                r#"/[/"]\/x/g"#,
                ".",
                "test",
                "(",
                r#""\"//""#,
                ")",
                "/",
                "2.5"
            ]
        );
        assert_eq!(
            texts("`a${ {b: `${c}`}.b }\\`$d` ?? /* e */ .5"),
            [
                "`a${", "{", "b", ":", "`${", "c", "}`", "}", ".", "b", "}\\`$d`", "??", ".5"
            ]
        );
    }

    #[test]
    fn a_literal_without_end_is_none() {
        for text in ["\"a\nb\"", "`a${b}", "x = /a", "}"] {
            assert!(tokens(text).is_none(), "{text}");
        }
    }
}
